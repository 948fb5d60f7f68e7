package column

import "hash/maphash"

// Dict interns the values of a Symbol column: equal values have equal codes,
// counted from 0 in the order of first sight.
//
// It is a table of codes with linear probing, at most half full: a look-up is
// on every decoder's path, and takes half the time of a map's.
type Dict struct {
	seed   maphash.Seed
	slots  []int32 // code + 1, 0 is free; the length is a power of two
	values []string
}

const firstSlots = 32

// NewDict gives an empty dictionary.
func NewDict() *Dict {
	return &Dict{seed: maphash.MakeSeed(), slots: make([]int32, firstSlots)}
}

// Len is the number of distinct values.
func (d *Dict) Len() int { return len(d.values) }

// Value gives the value of a code.
func (d *Dict) Value(code int32) string { return d.values[code] }

// Code gives the value's code, adding the value when it is new.
func (d *Dict) Code(v []byte) int32 {
	mask := uint64(len(d.slots) - 1)
	at := maphash.Bytes(d.seed, v) & mask
	for ; d.slots[at] != 0; at = (at + 1) & mask {
		if code := d.slots[at] - 1; d.values[code] == string(v) {
			return code
		}
	}
	return d.add(at, string(v))
}

// CodeString is Code for a string.
func (d *Dict) CodeString(v string) int32 {
	mask := uint64(len(d.slots) - 1)
	at := maphash.String(d.seed, v) & mask
	for ; d.slots[at] != 0; at = (at + 1) & mask {
		if code := d.slots[at] - 1; d.values[code] == v {
			return code
		}
	}
	return d.add(at, v)
}

// add takes the free slot at a position for a new value.
func (d *Dict) add(at uint64, v string) int32 {
	d.values = append(d.values, v)
	code := int32(len(d.values))
	d.slots[at] = code
	if 2*len(d.values) > len(d.slots) {
		d.grow()
	}
	return code - 1
}

func (d *Dict) grow() {
	d.slots = make([]int32, 2*len(d.slots))
	mask := uint64(len(d.slots) - 1)
	for i, v := range d.values {
		at := maphash.String(d.seed, v) & mask
		for d.slots[at] != 0 {
			at = (at + 1) & mask
		}
		d.slots[at] = int32(i + 1)
	}
}
