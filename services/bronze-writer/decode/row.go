package decode

import (
	"bytes"
	"math"
	"unicode/utf8"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/sales"
)

// Origin is where a record came from.
type Origin struct {
	Source    string // topic, or file: and a content hash
	Partition int32
	Offset    int64  // or row number from 1
	Time      int64  // µs UTC: of the broker, or of a file's first ingest
	ReplayOf  string // the reject that it is a replay of, as lake.ReplayOf gives it; "" for most
}

// kind is what a field was sent as.
type kind uint8

const (
	absent kind = iota
	null
	text
	number
	boolean
	other // array, object
)

var yes, no = []byte("true"), []byte("false")

type slot struct {
	bytes []byte // text without quotes and escapes, or a number or boolean as it stands
	kind  kind
}

// Row is one decoded event: its fields as sent, and typed once judged. Its
// bytes are those of the decoded value or of the decoder: valid until the next.
type Row struct {
	set     *Dataset
	slots   []slot
	ints    []int64                     // typed value of fields that are not text
	texts   [][]byte                    // Field.Text of each field
	rescued []byte                      // unknown fields as a JSON object, open until close
	time    func([]byte) (int64, error) // reads a timestamp
	fromCSV bool                        // all values are text
	deleted bool                        // the event says so of its subject
}

func newRow(d *Dataset) Row {
	n := len(d.Fields)
	r := Row{set: d, slots: make([]slot, n), ints: make([]int64, n), texts: make([][]byte, n), time: sales.ParseTimestamp}
	for i := range d.Fields {
		r.texts[i] = []byte(d.Fields[i].Text)
	}
	return r
}

// Key gives the value that the topic is keyed by; nil when it was not sent or
// is blank.
func (r *Row) Key() []byte {
	s := &r.slots[r.set.Key]
	if s.kind != text {
		return nil
	}
	return bytes.TrimSpace(s.bytes)
}

// Int gives the typed value of field i, which is not text: cents, µs UTC or a
// plain number.
func (r *Row) Int(i int) int64 { return r.ints[i] }

// AppendTo adds the row to a batch of the dataset's schema.
func (r *Row) AppendTo(b *column.Batch, o Origin) {
	n := len(r.slots)
	for i := range r.slots {
		c := &b.Columns[i]
		switch c.Type {
		case column.String:
			c.Text.Append(r.slots[i].bytes)
		case column.Symbol:
			c.I32 = append(c.I32, c.Dict.Code(r.slots[i].bytes))
		case column.Int32:
			c.I32 = append(c.I32, int32(r.ints[i]))
		default:
			c.I64 = append(c.I64, r.ints[i])
		}
	}
	b.Columns[n].Text.Append(r.rescued)
	appendConstant(&b.Columns[n+1], o.Source)
	b.Columns[n+2].I32 = append(b.Columns[n+2].I32, o.Partition)
	b.Columns[n+3].I64 = append(b.Columns[n+3].I64, o.Offset)
	b.Columns[n+4].I64 = append(b.Columns[n+4].I64, o.Time)
	b.Columns[n+5].AppendString(o.ReplayOf)
}

// appendConstant adds a value that is mostly the one before it.
func appendConstant(c *column.Column, v string) {
	if n := len(c.I32); n > 0 && c.Dict.Value(c.I32[n-1]) == v {
		c.I32 = append(c.I32, c.I32[n-1])
		return
	}
	c.AppendString(v)
}

func (r *Row) clear() {
	for i := range r.slots {
		r.slots[i] = slot{}
	}
	r.rescued = r.rescued[:0]
}

// rescue opens the next member of the unknown fields.
func (r *Row) rescue() {
	if len(r.rescued) == 0 {
		r.rescued = append(r.rescued, '{')
		return
	}
	r.rescued = append(r.rescued, ',')
}

func (r *Row) close() {
	if len(r.rescued) > 0 {
		r.rescued = append(r.rescued, '}')
	}
}

// fault is a field's code; a lower one counts before a higher one.
type fault uint8

const (
	missing fault = iota
	wrongType
	badTimestamp
	badDecimal
	fine
)

// judge types every field and gives the first code that applies, nil when the
// row is good.
func (r *Row) judge() *sales.Reject {
	r.deleted = r.set.Deleted > 0 && r.says(r.set.Deleted, yes)
	worst, at := fine, 0
	for i := range r.slots {
		if f := r.settle(i); f < worst {
			worst, at = f, i
		}
	}
	if worst == fine {
		return nil
	}
	return r.set.reject(worst, at, r.fromCSV)
}

// settle types field i, or puts the default in its place.
func (r *Row) settle(i int) fault {
	f, s := &r.set.Fields[i], &r.slots[i]
	if s.kind == text && !tight(s.bytes) {
		trimmed := bytes.TrimSpace(s.bytes)
		if len(trimmed) == 0 {
			s.kind = null
		} else if f.Trim {
			s.bytes = trimmed
		}
	}
	if s.kind <= null {
		return r.settleMissing(i)
	}
	switch r.set.Schema.Fields[i].Type {
	case column.Int32:
		if f.Flag {
			return r.settleFlag(i)
		}
		if s.kind != number && !r.fromCSV {
			return wrongType
		}
		v, ok := parseInt32(s.bytes)
		if !ok {
			return wrongType
		}
		r.ints[i] = v
	case column.Decimal:
		if s.kind > number {
			return wrongType
		}
		v, err := sales.ParseCents(s.bytes)
		if err != nil {
			return badDecimal
		}
		r.ints[i] = v
	case column.Timestamp:
		if s.kind != text {
			return wrongType
		}
		v, err := r.time(s.bytes)
		if err != nil {
			return badTimestamp
		}
		r.ints[i] = v
	default:
		if s.kind != text {
			return wrongType
		}
	}
	return fine
}

func (r *Row) settleFlag(i int) fault {
	switch {
	case r.says(i, yes):
		r.ints[i] = 1
	case r.says(i, no):
		r.ints[i] = 0
	default:
		return wrongType
	}
	return fine
}

// says tells whether a flag was sent with this value.
func (r *Row) says(i int, value []byte) bool {
	s := &r.slots[i]
	return (s.kind == boolean || r.fromCSV) && bytes.Equal(s.bytes, value)
}

func (r *Row) settleMissing(i int) fault {
	f := &r.set.Fields[i]
	if f.Required && !(f.Living && r.deleted) && (!r.fromCSV || f.InFile == AsSent) {
		return missing
	}
	r.slots[i].bytes, r.ints[i] = r.texts[i], f.Number
	return fine
}

// tight tells, for text that surely has no white space around it, that there
// is nothing to trim.
func tight(b []byte) bool {
	n := len(b)
	return n > 0 && b[0] > ' ' && b[0] < utf8.RuneSelf && b[n-1] > ' ' && b[n-1] < utf8.RuneSelf
}

// parseInt32 reads -?digits.
func parseInt32(b []byte) (int64, bool) {
	negative := len(b) > 0 && b[0] == '-'
	if negative {
		b = b[1:]
	}
	var v int64
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		if v = v*10 + int64(c-'0'); v > math.MaxInt32+1 {
			return 0, false
		}
	}
	if negative {
		v = -v
	}
	return v, len(b) > 0 && v <= math.MaxInt32
}

// reject words the fault of field i.
func (d *Dataset) reject(f fault, i int, csv bool) *sales.Reject {
	j := &sales.Reject{Field: d.Name(i)}
	switch f {
	case missing:
		j.Code, j.Message = sales.MissingField, "required, and absent, null or blank"
	case badTimestamp:
		j.Code, j.Message = sales.BadTimestamp, sales.ErrTimestamp.Error()
	case badDecimal:
		j.Code, j.Message = sales.BadDecimal, sales.ErrDecimal.Error()
	default:
		j.Code, j.Message = sales.WrongType, d.wants(i, csv)
	}
	return j
}

func (d *Dataset) wants(i int, csv bool) string {
	switch {
	case d.Fields[i].Flag && csv:
		return "want true, false or nothing"
	case d.Fields[i].Flag:
		return "want true or false, without quotes"
	}
	switch d.Schema.Fields[i].Type {
	case column.Int32:
		if csv {
			return "want a whole number of at most 32 bits, such as 12"
		}
		return "want a JSON number, whole and of at most 32 bits, such as 12"
	case column.Decimal:
		return "want a JSON number or string, such as 12.50"
	default:
		return "want a JSON string"
	}
}
