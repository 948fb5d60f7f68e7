package fold

// maxDense is how many pairs get a place of their own, 4 bytes each. Beyond it,
// which takes thousands of spellings of two columns in one file, a map serves.
const maxDense = 1 << 20

// pairIndex numbers the pairs of two dictionary codes from 0, in the order of
// first sight.
type pairIndex struct {
	width int      // number of codes of the second kind
	dense []int32  // id+1 by first*width+second, 0 is unseen
	seen  []uint64 // pairs as first*width+second, by id
	far   map[uint64]int32
}

// reset empties it for codes below first and below second.
func (x *pairIndex) reset(first, second int) {
	x.width, x.seen, x.far = second, x.seen[:0], nil
	if first*second > maxDense {
		x.dense, x.far = x.dense[:0], make(map[uint64]int32)
		return
	}
	x.dense = append(x.dense[:0], make([]int32, first*second)...)
}

func (x *pairIndex) id(first, second int32) int32 {
	pair := uint64(first)*uint64(x.width) + uint64(second)
	if x.far != nil {
		id, known := x.far[pair]
		if !known {
			id = x.next(pair)
			x.far[pair] = id
		}
		return id
	}
	if x.dense[pair] == 0 {
		x.dense[pair] = x.next(pair) + 1
	}
	return x.dense[pair] - 1
}

func (x *pairIndex) next(pair uint64) int32 {
	x.seen = append(x.seen, pair)
	return int32(len(x.seen) - 1)
}

// each gives all pairs in the order of their ids.
func (x *pairIndex) each(f func(first, second, id int32)) {
	for id, pair := range x.seen {
		f(int32(pair/uint64(x.width)), int32(pair%uint64(x.width)), int32(id))
	}
}
