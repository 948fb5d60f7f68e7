package fold

import (
	"math/bits"

	"github.com/zeebo/xxh3"
)

const (
	firstSlots = 64
	spread     = 0x9E3779B97F4A7C15 // 2^64 by the golden ratio
)

// slotOf gives the place of a hash among n slots. Greater hashes have places
// further on, so a table grows in one pass over its slots in their order.
func slotOf(hash uint64, n int) int {
	at, _ := bits.Mul64(hash, uint64(n))
	return int(at)
}

// codes gives equal hashes equal codes, counted from 0 in the order of first
// sight: open addressing with linear probing, at most four fifths full.
type codes struct {
	slots  []uint32 // code+1, 0 is free
	hashes []xxh3.Uint128
}

// reserve makes room for n more hashes.
func (c *codes) reserve(n int) {
	n += len(c.hashes)
	if 5*n < 4*len(c.slots) {
		return
	}
	c.slots = make([]uint32, larger(n))
	for code, h := range c.hashes {
		at := slotOf(h.Hi, len(c.slots))
		for c.slots[at] != 0 {
			at = next(at, len(c.slots))
		}
		c.slots[at] = uint32(code) + 1
	}
}

// code must not see more new hashes than there is room reserved for.
func (c *codes) code(h xxh3.Uint128) uint32 {
	at := slotOf(h.Hi, len(c.slots))
	for c.slots[at] != 0 {
		if code := c.slots[at] - 1; c.hashes[code] == h {
			return code
		}
		at = next(at, len(c.slots))
	}
	c.hashes = append(c.hashes, h)
	c.slots[at] = uint32(len(c.hashes))
	return uint32(len(c.hashes) - 1)
}

func (c *codes) bytes() int { return 4*cap(c.slots) + 16*cap(c.hashes) }

// refs counts, for pairs of a group and a member, the rows that have both. A pair
// without rows keeps its slot until the table grows.
type refs struct {
	slots []ref
	used  int
}

type ref struct {
	group  uint32 // its number + 1, 0 is free
	member uint32
	rows   uint32
}

// add puts a row on a pair (sign 1) or takes one off (-1), and gives by how much
// the group's number of distinct members changes; false when there is no row to
// take off. It must not see more new pairs than there is room reserved for.
func (r *refs) add(group, member uint32, sign int64) (distinct int64, ok bool) {
	slot := r.find(group+1, member)
	if sign < 0 {
		if slot.rows == 0 {
			return 0, false
		}
		slot.rows--
		if slot.rows == 0 {
			return -1, true
		}
		return 0, true
	}
	if slot.group == 0 {
		slot.group, slot.member = group+1, member
		r.used++
	}
	slot.rows++
	if slot.rows == 1 {
		return 1, true
	}
	return 0, true
}

// find gives the pair's slot, or the free one where it belongs.
func (r *refs) find(group, member uint32) *ref {
	pair := (uint64(group)<<32 | uint64(member)) * spread
	at := slotOf((pair^pair>>32)*spread, len(r.slots))
	for {
		slot := &r.slots[at]
		if slot.group == 0 || slot.group == group && slot.member == member {
			return slot
		}
		at = next(at, len(r.slots))
	}
}

// reserve makes room for n more pairs.
func (r *refs) reserve(n int) {
	if 5*(r.used+n) < 4*len(r.slots) {
		return
	}
	old := r.slots
	r.used = 0
	for i := range old {
		r.used += int(min(1, old[i].rows))
	}
	r.slots = make([]ref, larger(r.used+n))
	for i := range old {
		if old[i].rows > 0 {
			*r.find(old[i].group, old[i].member) = old[i]
		}
	}
}

func (r *refs) bytes() int { return 12 * cap(r.slots) }

// larger gives the slots for n entries, so that three fifths more fit.
func larger(n int) int { return max(firstSlots, 2*n) }

func next(at, slots int) int {
	if at++; at == slots {
		return 0
	}
	return at
}
