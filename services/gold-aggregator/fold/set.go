package fold

import (
	"math/bits"

	"github.com/zeebo/xxh3"
)

// codes gives equal hashes equal codes, counted from 0 in the order of first
// sight: open addressing with linear probing, at most half full.
type codes struct {
	slots  []uint32 // code+1, 0 is free
	hashes []xxh3.Uint128
}

// reset empties it and makes room for n hashes.
func (c *codes) reset(n int) { c.slots, c.hashes = cleared(c.slots, n), c.hashes[:0] }

// code must not see more hashes than reset made room for.
func (c *codes) code(h xxh3.Uint128) uint32 {
	mask := uint64(len(c.slots) - 1)
	for i := h.Lo & mask; ; i = (i + 1) & mask {
		slot := c.slots[i]
		if slot == 0 {
			c.hashes = append(c.hashes, h)
			c.slots[i] = uint32(len(c.hashes))
			return uint32(len(c.hashes) - 1)
		}
		if c.hashes[slot-1] == h {
			return slot - 1
		}
	}
}

// pairs is a set of (group, member), exact, at most half full.
type pairs struct {
	slots []uint64 // the pair+1, 0 is free
}

func (p *pairs) reset(n int) { p.slots = cleared(p.slots, n) }

// add tells whether the pair is new. It must not see more pairs than reset made
// room for.
func (p *pairs) add(group, member uint32) bool {
	pair := (uint64(group)<<32 | uint64(member)) + 1
	mask := uint64(len(p.slots) - 1)
	for i := pair * 0x9E3779B97F4A7C15 >> 20 & mask; ; i = (i + 1) & mask {
		switch p.slots[i] {
		case 0:
			p.slots[i] = pair
			return true
		case pair:
			return false
		}
	}
}

// cleared gives a power of two of zero slots, at least twice n, in the memory
// of slots where that is enough.
func cleared[T uint32 | uint64](slots []T, n int) []T {
	size := 1 << bits.Len(uint(max(2*n, 64)-1))
	if cap(slots) < size {
		return make([]T, size)
	}
	slots = slots[:size]
	clear(slots)
	return slots
}
