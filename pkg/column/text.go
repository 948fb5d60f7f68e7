package column

import "slices"

// Text is a vector of byte strings, end to end in one slice of at most 4 GiB.
type Text struct {
	Data []byte
	Ends []uint32 // Ends[i] is where value i ends in Data
}

// Len is the number of values.
func (t *Text) Len() int { return len(t.Ends) }

// At gives value i; it aliases the vector.
func (t *Text) At(i int) []byte {
	var start uint32
	if i > 0 {
		start = t.Ends[i-1]
	}
	return t.Data[start:t.Ends[i]]
}

// Append adds a copy of v.
func (t *Text) Append(v []byte) {
	t.Data = append(t.Data, v...)
	t.Ends = append(t.Ends, uint32(len(t.Data)))
}

// AppendAll adds copies of many values at once: data holds them end to end, and
// offsets, from the start of the first to the end of the last, say where each
// begins, counted from any base.
func (t *Text) AppendAll(data []byte, offsets []uint32) {
	base := uint32(len(t.Data)) - offsets[0]
	t.Data = append(t.Data, data...)
	t.Ends = slices.Grow(t.Ends, len(offsets)-1)
	for _, end := range offsets[1:] {
		t.Ends = append(t.Ends, base+end)
	}
}

// appendRows adds the values of src that rows names.
func (t *Text) appendRows(src *Text, rows []int32) {
	size := 0
	for _, r := range rows {
		size += len(src.At(int(r)))
	}
	t.Data, t.Ends = slices.Grow(t.Data, size), slices.Grow(t.Ends, len(rows))
	for _, r := range rows {
		t.Data = append(t.Data, src.At(int(r))...)
		t.Ends = append(t.Ends, uint32(len(t.Data)))
	}
}

func (t *Text) truncate(n int) {
	t.Ends = t.Ends[:n]
	end := uint32(0)
	if n > 0 {
		end = t.Ends[n-1]
	}
	t.Data = t.Data[:end]
}
