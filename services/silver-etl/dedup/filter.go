package dedup

import "math/bits"

// Filter remembers on which day the row of each of many orders is, in about 10
// bytes an order where the [Index] takes 65. Of the order it keeps 48 bits of
// the key: it may name days of an order that it does not hold, once in 1e7
// questions among 1e7 orders, but never forgets one that it does.
//
// It is open addressing with linear probing over slots of 8 bytes: the bits of
// the key, of which the upper ones choose the first slot, and 16 bits of the
// day, which is over 0 (valid times are from 2000 on) and under 2^16 until 2149.
type Filter struct {
	slots []uint64 // 0 = empty
	len   int
}

// FilterBytes is the memory that an order takes in a Filter, at most.
const FilterBytes = 12

const (
	dayBits    = 16
	minFilter  = 64
	filterLoad = 85 // of 100 slots, full; then it grows by a quarter
)

// NewFilter gives an empty filter with room for orders orders.
func NewFilter(orders int) *Filter {
	return &Filter{slots: make([]uint64, max(minFilter, orders*100/filterLoad+1))}
}

// Len is the number of orders.
func (f *Filter) Len() int { return f.len }

// Bytes is the memory of the filter.
func (f *Filter) Bytes() int { return 8 * len(f.slots) }

func slotOf(k Key, day int32) uint64 { return k.Hi<<dayBits | uint64(uint16(day)) }

// home is the first slot to look at, by the key's bits.
func (f *Filter) home(slot uint64) int {
	hi, _ := bits.Mul64(slot>>dayBits<<dayBits, uint64(len(f.slots)))
	return int(hi)
}

func (f *Filter) next(i int) int {
	if i++; i < len(f.slots) {
		return i
	}
	return 0
}

// Add puts an order in that is not in it.
func (f *Filter) Add(k Key, day int32) {
	if 100*(f.len+1) > filterLoad*len(f.slots) {
		f.grow()
	}
	f.place(slotOf(k, day))
	f.len++
}

func (f *Filter) place(slot uint64) {
	i := f.home(slot)
	for f.slots[i] != 0 {
		i = f.next(i)
	}
	f.slots[i] = slot
}

func (f *Filter) grow() {
	old := f.slots
	f.slots = make([]uint64, len(old)+len(old)/4+1)
	for _, slot := range old {
		if slot != 0 {
			f.place(slot)
		}
	}
}

// Days appends the days on which the order's row may be.
func (f *Filter) Days(dst []int32, k Key) []int32 {
	wanted := slotOf(k, 0)
	for i := f.home(wanted); f.slots[i] != 0; i = f.next(i) {
		if (f.slots[i]^wanted)>>dayBits == 0 {
			dst = append(dst, int32(uint16(f.slots[i])))
		}
	}
	return dst
}

// Remove takes an order out that is in it.
func (f *Filter) Remove(k Key, day int32) {
	slot := slotOf(k, day)
	hole := f.home(slot)
	for f.slots[hole] != slot {
		if f.slots[hole] == 0 {
			return
		}
		hole = f.next(hole)
	}
	f.len--
	// What probing passed the hole to reach must be found without it.
	for i := f.next(hole); f.slots[i] != 0; i = f.next(i) {
		if f.distance(f.home(f.slots[i]), i) < f.distance(hole, i) {
			continue
		}
		f.slots[hole] = f.slots[i]
		hole = i
	}
	f.slots[hole] = 0
}

// distance is the number of steps from one slot to another.
func (f *Filter) distance(from, to int) int {
	if to < from {
		to += len(f.slots)
	}
	return to - from
}
