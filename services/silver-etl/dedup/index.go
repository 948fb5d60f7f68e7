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

// Ref is an order's place in its index. It never changes.
type Ref uint32

const (
	chunkBits   = 14 // 16384 orders, 896 KiB: growing copies nothing and wastes little
	chunkOrders = 1 << chunkBits
	minSlotBits = 10
)

// Index finds orders by key. It only grows: an order that was once valid always
// has a current version.
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
	bits := minSlotBits
	for maxLoad(1<<bits) < orders {
		bits++
	}
	x.resize(1 << bits)
	return x
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

// Kept gives an index of the orders that have a file.
func (x *Index) Kept() *Index {
	kept := NewIndex(x.len)
	for r := range Ref(x.len) {
		if o := x.At(r); o.File != NoFile {
			kept.Insert(*o)
		}
	}
	return kept
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
