package column

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

// AppendRow adds a row, whose values are an int32, an int64 or a string for each column, as
// its type has it.
func (b *Batch) AppendRow(values ...any) {
	for i := range b.Columns {
		c := &b.Columns[i]
		switch v := values[i].(type) {
		case int64:
			c.I64 = append(c.I64, v)
		case int32:
			c.I32 = append(c.I32, v)
		case string:
			c.AppendString(v)
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
