package dedup

import "unsafe"

// Order is the index's entry for one order: its current version, in 56 bytes.
type Order struct {
	Key     Key
	EventTS int64  // microseconds UTC
	Event   uint64 // hash of event_id
	Cents   int64  // revenue
	Offset  int64  // in the source partition
	Content uint32 // hash of the business fields
	File    uint32 // the file with its row, or while it is being merged, inMerge and a place in Merge.rows
}

// Ref is an order's place in its index. It does not change but by Retain.
type Ref uint32

// IndexBytes is the memory that an order takes in an Index, at most, but for an
// unfilled chunk.
const IndexBytes = 67

const (
	chunkBits   = 14 // 16384 orders, 896 KiB: growing copies nothing and wastes little
	chunkOrders = 1 << chunkBits
	minSlotBits = 10
)

// Index finds orders by key.
//
// The orders lie densely in chunks, in the order of first sight. The hash table
// beside them is open addressing with linear probing over slots of 4 bytes:
// the low bits of a slot are Ref+1 (0 = empty), the bits above, of which a
// table of 2^n slots leaves 32-n, are bits of the key that spare most looks
// at orders that are not the one asked for.
type Index struct {
	slots  []uint32
	mask   uint32 // len(slots)-1, which is also the mask of a slot's Ref
	chunks []*[chunkOrders]Order
	len    int
}

// NewIndex gives an empty index with room for about orders orders.
func NewIndex(orders int) *Index {
	x := &Index{}
	x.resize(tableFor(orders))
	return x
}

// tableFor is the number of slots for so many orders.
func tableFor(orders int) int {
	slots := 1 << minSlotBits
	for maxLoad(slots) < orders {
		slots *= 2
	}
	return slots
}

// maxLoad is how many orders a table of so many slots holds before it grows.
func maxLoad(slots int) int { return slots / 4 * 3 }

// Len is the number of orders.
func (x *Index) Len() int { return x.len }

// Bytes is the memory of the index.
func (x *Index) Bytes() int {
	return 4*len(x.slots) + len(x.chunks)*int(unsafe.Sizeof([chunkOrders]Order{}))
}

// At gives an order; it may be changed in place, but for its Key.
func (x *Index) At(r Ref) *Order { return &x.chunks[r>>chunkBits][r&(chunkOrders-1)] }

// Find gives the order with the key, if there is one.
func (x *Index) Find(k Key) (Ref, bool) {
	tag := tagOf(k)
	for i := uint32(k.Lo) & x.mask; ; i = (i + 1) & x.mask {
		slot := x.slots[i]
		if slot == 0 {
			return 0, false
		}
		if (slot^tag)&^x.mask != 0 {
			continue
		}
		if r := Ref(slot&x.mask - 1); x.At(r).Key == k {
			return r, true
		}
	}
}

// Insert adds an order whose key is not in the index.
func (x *Index) Insert(o Order) Ref {
	if x.len >= maxLoad(len(x.slots)) {
		x.resize(2 * len(x.slots))
	}
	if x.len == len(x.chunks)*chunkOrders {
		x.chunks = append(x.chunks, new([chunkOrders]Order))
	}
	r := Ref(x.len)
	x.len++
	*x.At(r) = o
	x.place(o.Key, r)
	return r
}

// tagOf takes bits of the key that do not choose the slot.
func tagOf(k Key) uint32 { return uint32(k.Hi >> 32) }

func (x *Index) place(k Key, r Ref) {
	i := uint32(k.Lo) & x.mask
	for x.slots[i] != 0 {
		i = (i + 1) & x.mask
	}
	x.slots[i] = tagOf(k)&^x.mask | uint32(r+1)
}

func (x *Index) resize(slots int) {
	x.slots, x.mask = make([]uint32, slots), uint32(slots-1)
	for r := range Ref(x.len) {
		x.place(x.At(r).Key, r)
	}
}

// Retain keeps, among the orders from a ref on, those for which keep answers
// true; these get other refs.
func (x *Index) Retain(from Ref, keep func(*Order) bool) {
	if from > 0 {
		for r := from; int(r) < x.len; r++ {
			x.unplace(r)
		}
	}
	kept := from
	for r := from; int(r) < x.len; r++ {
		if o := x.At(r); keep(o) {
			*x.At(kept) = *o
			kept++
		}
	}
	x.len = int(kept)
	chunks := (x.len + chunkOrders - 1) / chunkOrders
	clear(x.chunks[chunks:])
	x.chunks = x.chunks[:chunks]
	if from == 0 {
		x.resize(tableFor(x.len))
		return
	}
	for r := from; r < kept; r++ {
		x.place(x.At(r).Key, r)
	}
}

// unplace takes an order's slot out of the table, and moves up those behind it
// that probing would not reach any more.
func (x *Index) unplace(r Ref) {
	hole := uint32(x.At(r).Key.Lo) & x.mask
	for x.slots[hole]&x.mask != uint32(r+1) {
		hole = (hole + 1) & x.mask
	}
	for i := (hole + 1) & x.mask; x.slots[i] != 0; i = (i + 1) & x.mask {
		home := uint32(x.At(Ref(x.slots[i]&x.mask-1)).Key.Lo) & x.mask
		if (i-home)&x.mask < (i-hole)&x.mask {
			continue
		}
		x.slots[hole] = x.slots[i]
		hole = i
	}
	x.slots[hole] = 0
}
