package column

import "slices"

// Column is one vector of a batch; its type says which of the slices is used.
type Column struct {
	Type Type
	I32  []int32
	I64  []int64
	Text Text
	Dict *Dict // Symbol only
}

// Len is the number of values.
func (c *Column) Len() int {
	switch c.Type {
	case Int64, Decimal, Timestamp:
		return len(c.I64)
	case String, Binary:
		return c.Text.Len()
	default:
		return len(c.I32)
	}
}

// Bytes gives value i of a String, Binary or Symbol column; nil and empty are null.
func (c *Column) Bytes(i int) []byte {
	if c.Type == Symbol {
		return []byte(c.Dict.values[c.I32[i]])
	}
	return c.Text.At(i)
}

// String gives value i of a String, Binary or Symbol column.
func (c *Column) String(i int) string {
	if c.Type == Symbol {
		return c.Dict.values[c.I32[i]]
	}
	return string(c.Text.At(i))
}

// AppendBytes adds a value to a String, Binary or Symbol column.
func (c *Column) AppendBytes(v []byte) {
	if c.Type == Symbol {
		c.I32 = append(c.I32, c.Dict.Code(v))
		return
	}
	c.Text.Append(v)
}

// AppendString is AppendBytes for a string.
func (c *Column) AppendString(v string) { c.AppendBytes([]byte(v)) }

func (c *Column) truncate(n int) {
	switch c.Type {
	case Int64, Decimal, Timestamp:
		c.I64 = c.I64[:n]
	case String, Binary:
		c.Text.truncate(n)
	default:
		c.I32 = c.I32[:n]
	}
}

// Grow makes room for n more values; for String and Binary the bytes left out.
func (c *Column) Grow(n int) {
	switch c.Type {
	case Int64, Decimal, Timestamp:
		c.I64 = slices.Grow(c.I64, n)
	case String, Binary:
		c.Text.Ends = slices.Grow(c.Text.Ends, n)
	default:
		c.I32 = slices.Grow(c.I32, n)
	}
}

// AppendNulls adds n nulls to a String, Binary or Symbol column.
func (c *Column) AppendNulls(n int) {
	c.Grow(n)
	for range n {
		c.AppendBytes(nil)
	}
}

// AppendDefaults adds a value n times to a column that is not text.
func (c *Column) AppendDefaults(v int64, n int) {
	switch c.Type {
	case Int64, Decimal, Timestamp:
		c.I64 = append(c.I64, slices.Repeat([]int64{v}, n)...)
	default:
		c.I32 = append(c.I32, slices.Repeat([]int32{int32(v)}, n)...)
	}
}

// appendRows adds the rows of src that rows names, in that order.
func (c *Column) appendRows(src *Column, rows []int32) {
	switch c.Type {
	case Int64, Decimal, Timestamp:
		c.I64 = gather(c.I64, src.I64, rows)
	case String, Binary:
		c.Text.appendRows(&src.Text, rows)
	case Symbol:
		c.appendSymbols(src, rows)
	default:
		c.I32 = gather(c.I32, src.I32, rows)
	}
}

// appendSymbols looks each value up once: only those that occur become part of
// c's dictionary, in the order of first sight.
func (c *Column) appendSymbols(src *Column, rows []int32) {
	codes := make([]int32, src.Dict.Len())
	for i := range codes {
		codes[i] = -1
	}
	c.I32 = slices.Grow(c.I32, len(rows))
	for _, r := range rows {
		from := src.I32[r]
		if codes[from] < 0 {
			codes[from] = c.Dict.CodeString(src.Dict.values[from])
		}
		c.I32 = append(c.I32, codes[from])
	}
}

// gather appends to dst the values of src at the positions that rows names.
func gather[T int32 | int64](dst, src []T, rows []int32) []T {
	n := len(dst)
	dst = slices.Grow(dst, len(rows))[:n+len(rows)]
	out := dst[n:]
	for i, r := range rows {
		out[i] = src[r]
	}
	return dst
}

// size is the vector's memory in bytes, dictionaries left out.
func (c *Column) size() int {
	return 4*cap(c.I32) + 8*cap(c.I64) + cap(c.Text.Data) + 4*cap(c.Text.Ends)
}
