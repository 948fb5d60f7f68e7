package column

// Text is a vector of byte strings, end to end in one slice.
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

func (t *Text) truncate(n int) {
	t.Ends = t.Ends[:n]
	end := uint32(0)
	if n > 0 {
		end = t.Ends[n-1]
	}
	t.Data = t.Data[:end]
}

// Dict interns the values of a Symbol column: equal values have equal codes,
// counted from 0 in the order of first sight.
type Dict struct {
	codes  map[string]int32
	values []string
}

// NewDict gives an empty dictionary.
func NewDict() *Dict { return &Dict{codes: make(map[string]int32)} }

// Len is the number of distinct values.
func (d *Dict) Len() int { return len(d.values) }

// Value gives the value of a code.
func (d *Dict) Value(code int32) string { return d.values[code] }

// Code gives the value's code, adding the value when it is new.
func (d *Dict) Code(v []byte) int32 {
	if c, ok := d.codes[string(v)]; ok {
		return c
	}
	s := string(v)
	c := int32(len(d.values))
	d.codes[s] = c
	d.values = append(d.values, s)
	return c
}

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

// appendRows adds the rows of src that rows names, in that order.
func (c *Column) appendRows(src *Column, rows []int32) {
	switch c.Type {
	case Int64, Decimal, Timestamp:
		for _, r := range rows {
			c.I64 = append(c.I64, src.I64[r])
		}
	case String, Binary:
		for _, r := range rows {
			c.Text.Append(src.Text.At(int(r)))
		}
	case Symbol:
		codes := make([]int32, src.Dict.Len())
		for i := range codes {
			codes[i] = -1
		}
		for _, r := range rows {
			from := src.I32[r]
			if codes[from] < 0 {
				codes[from] = c.Dict.Code([]byte(src.Dict.values[from]))
			}
			c.I32 = append(c.I32, codes[from])
		}
	default:
		for _, r := range rows {
			c.I32 = append(c.I32, src.I32[r])
		}
	}
}

// size is the vector's memory in bytes, dictionaries left out.
func (c *Column) size() int {
	return 4*cap(c.I32) + 8*cap(c.I64) + cap(c.Text.Data) + 4*cap(c.Text.Ends)
}

// Batch is a number of rows of one schema, stored by column.
//
// A row is added by appending one value to each column; until then the batch
// is uneven, and Truncate takes a half-added row back.
type Batch struct {
	Schema  *Schema
	Columns []Column
}

// NewBatch gives an empty batch with room for about rows rows.
func NewBatch(s *Schema, rows int) *Batch {
	b := &Batch{Schema: s, Columns: make([]Column, len(s.Fields))}
	for i := range b.Columns {
		c := &b.Columns[i]
		c.Type = s.Fields[i].Type
		switch c.Type {
		case Int64, Decimal, Timestamp:
			c.I64 = make([]int64, 0, rows)
		case String, Binary:
			c.Text.Ends = make([]uint32, 0, rows)
		case Symbol:
			c.I32, c.Dict = make([]int32, 0, rows), NewDict()
		default:
			c.I32 = make([]int32, 0, rows)
		}
	}
	return b
}

// Column gives the named column; it panics when the schema has none.
func (b *Batch) Column(name string) *Column { return &b.Columns[b.Schema.Must(name)] }

// Rows is the number of whole rows.
func (b *Batch) Rows() int {
	if len(b.Columns) == 0 {
		return 0
	}
	n := b.Columns[0].Len()
	for i := 1; i < len(b.Columns); i++ {
		n = min(n, b.Columns[i].Len())
	}
	return n
}

// Truncate keeps the first n rows.
func (b *Batch) Truncate(n int) {
	for i := range b.Columns {
		b.Columns[i].truncate(min(n, b.Columns[i].Len()))
	}
}

// Reset empties the batch and its dictionaries, keeping the vectors' memory.
func (b *Batch) Reset() {
	b.Truncate(0)
	for i := range b.Columns {
		if b.Columns[i].Type == Symbol {
			b.Columns[i].Dict = NewDict()
		}
	}
}

// AppendRows adds the rows of src that rows names, in that order. Both batches
// must have the same columns.
func (b *Batch) AppendRows(src *Batch, rows []int32) {
	for i := range b.Columns {
		b.Columns[i].appendRows(&src.Columns[i], rows)
	}
}

// Size is the memory that the vectors hold, in bytes.
func (b *Batch) Size() int {
	n := 0
	for i := range b.Columns {
		n += b.Columns[i].size()
	}
	return n
}
