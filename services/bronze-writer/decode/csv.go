package decode

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-faster/jx"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/sales"
)

// ErrUnusable marks an input of which no row could be read: it is refused as a
// whole, and nothing is written.
var ErrUnusable = errors.New("unusable input")

// Derived is what rows of a file get for the fields that they need not have.
type Derived struct {
	Hash      string // hex, of the file's content, the first part of an event_id
	Effective int64  // event_ts of rows without one, µs UTC; 0: the time of Dataset.Placed
}

// CSV decodes the records of one file. It is for one goroutine.
type CSV struct {
	Row
	opt     Options
	derived Derived
	columns []header
	aligned bool   // the last record has the fields of the header
	id      []byte // "hash-" and the number of the last row, in 12 digits
	last    int64  // that number
	text    []byte // of quoted fields with doubled quotes, of this record
	values  [][]byte
}

// header is a column of the file: a field of the dataset or an unknown one.
type header struct {
	field   int
	literal []byte // the name as the key of a JSON object
}

// NewCSV gives a decoder of files with the given header record, which is without
// byte order mark. Errors wrap ErrUnusable and name the columns.
func NewCSV(d *Dataset, head []byte, o Options, derived Derived) (*CSV, error) {
	if !utf8.Valid(head) {
		return nil, fmt.Errorf("%w: the header is not UTF-8: save the file as UTF-8", ErrUnusable)
	}
	d = d.whole()
	c := &CSV{Row: newRow(d), opt: o, derived: derived, id: []byte(derived.Hash + "-000000000000")}
	c.time, c.fromCSV = sales.ParseCSVTimestamp, true
	names, ok := c.split(head)
	if !ok {
		return nil, fmt.Errorf("%w: the header has broken quotes: end each quote in the first line", ErrUnusable)
	}
	var twice []string
	seen := map[string]bool{}
	for _, name := range names {
		name = bytes.TrimSpace(name)
		if seen[string(name)] {
			twice = append(twice, string(name))
		}
		seen[string(name)] = true
		at := d.field(name)
		c.columns = append(c.columns, header{at, newMember(at, name).literal})
	}
	if len(twice) > 0 {
		return nil, fmt.Errorf("%w: columns twice in the header: %s: rename or remove one of each", ErrUnusable, strings.Join(twice, ", "))
	}
	return c, c.checkColumns(seen)
}

func (c *CSV) checkColumns(seen map[string]bool) error {
	lacking := c.set.lacking(seen)
	if len(lacking) == 0 {
		return nil
	}
	for _, other := range datasets {
		if len(other.lacking(seen)) == 0 {
			return c.set.mistaken(other)
		}
	}
	return fmt.Errorf("%w: the header lacks the columns %s: the first line must name them, separated by commas, in any order",
		ErrUnusable, strings.Join(lacking, ", "))
}

// lacking gives the columns that a CSV file must have and that are not seen.
func (d *Dataset) lacking(seen map[string]bool) (names []string) {
	for i, f := range d.Fields {
		if f.Required && f.InFile == AsSent && !seen[d.Name(i)] {
			names = append(names, d.Name(i))
		}
	}
	return names
}

// Decode reads one record, given without its line break. When it gives nil, the
// Row is good to append. row counts from 1.
func (c *CSV) Decode(record []byte, row int64) *sales.Reject {
	c.clear()
	c.aligned = false
	if r := guard(record, c.opt.MaxBytes); r != nil {
		return r
	}
	if !utf8.Valid(record) {
		return notUTF8()
	}
	values, ok := c.split(record)
	if !ok {
		return &sales.Reject{Code: sales.MalformedRow, Message: "broken quotes: a field with quotes in it is quoted, and they are doubled"}
	}
	if len(values) != len(c.columns) {
		return &sales.Reject{Code: sales.MalformedRow,
			Message: fmt.Sprintf("%d fields, the header has %d", len(values), len(c.columns))}
	}
	c.aligned = true
	for i, v := range values {
		if at := c.columns[i].field; at >= 0 {
			c.slots[at] = slot{v, text}
			continue
		}
		c.rescue()
		c.rescued = appendText(append(c.rescued, c.columns[i].literal...), v)
	}
	c.close()
	if r := c.judge(); r != nil {
		return r
	}
	c.derive(row)
	return nil
}

// Event gives the last record as a JSON event of the contract, so that one that was
// rejected can be corrected and sent, and is then judged as the row was: fields in
// the order of the header, unknown ones as text. It has the identity of the row
// and the effective time where the row has none, but no copy of the time of
// Dataset.Placed, which may be what is to be corrected. nil means that it is not
// known which fields the record has.
func (c *CSV) Event(row int64) []byte {
	if !c.aligned {
		return nil
	}
	event := []byte{'{'}
	for i, v := range c.values {
		at := c.columns[i].field
		if at >= 0 && c.slots[at].kind <= null && c.set.Fields[at].InFile != AsSent {
			continue
		}
		event = c.appendValue(append(event, c.columns[i].literal...), at, v)
		event = append(event, ',')
	}
	for at := range c.set.Fields {
		if c.slots[at].kind > null {
			continue
		}
		literal := newMember(at, []byte(c.set.Name(at))).literal
		switch in := c.set.Fields[at].InFile; {
		case in == FromRow:
			event = append(appendText(append(event, literal...), c.number(row)), ',')
		case in == FromPlaced && c.derived.Effective != 0:
			event = append(appendText(append(event, literal...), sales.AppendTimestamp(nil, c.derived.Effective)), ',')
		}
	}
	event[len(event)-1] = '}' // in the place of the last comma
	return event
}

// appendValue appends a value of field at, -1 for an unknown one, as JSON has it;
// one that is not of the field's type stays the text that it is.
func (c *CSV) appendValue(event []byte, at int, v []byte) []byte {
	if at < 0 {
		return appendText(event, v)
	}
	switch c.set.Schema.Fields[at].Type {
	case column.Int32:
		if c.set.Fields[at].Flag {
			if bytes.Equal(v, yes) || bytes.Equal(v, no) {
				return append(event, v...)
			}
		} else if n, ok := parseInt32(v); ok {
			return strconv.AppendInt(event, n, 10)
		}
	case column.Timestamp:
		if t, err := c.time(v); err == nil {
			v = sales.AppendTimestamp(nil, t)
		}
	}
	return appendText(event, v)
}

func appendText(event, v []byte) []byte {
	w := jx.Writer{Buf: event}
	w.ByteStr(v)
	return w.Buf
}

// derive fills the fields that a file need not have.
func (c *CSV) derive(row int64) {
	for i := range c.set.Fields {
		if c.slots[i].kind > null {
			continue
		}
		switch c.set.Fields[i].InFile {
		case FromRow:
			c.slots[i].bytes = c.number(row)
		case FromPlaced:
			c.ints[i] = c.derived.Effective
			if c.derived.Effective == 0 {
				c.ints[i] = c.ints[c.set.Placed]
			}
		}
	}
}

// number gives the identity of a row. Mostly it is the one after the last, so
// counting up is cheaper than formatting.
func (c *CSV) number(row int64) []byte {
	at := len(c.id) - 1
	if row != c.last+1 {
		for n := row; at > len(c.derived.Hash); at-- {
			c.id[at] = byte('0' + n%10)
			n /= 10
		}
		c.last = row
		return c.id
	}
	for c.last = row; c.id[at] == '9'; at-- {
		c.id[at] = '0'
	}
	c.id[at]++
	return c.id
}

// split gives the fields of a record, and whether its quotes are sound.
func (c *CSV) split(record []byte) ([][]byte, bool) {
	c.values = c.values[:0]
	if bytes.IndexByte(record, '"') >= 0 {
		return c.splitQuoted(record)
	}
	for {
		comma := bytes.IndexByte(record, ',')
		if comma < 0 {
			c.values = append(c.values, record)
			return c.values, true
		}
		c.values = append(c.values, record[:comma])
		record = record[comma+1:]
	}
}

func (c *CSV) splitQuoted(record []byte) ([][]byte, bool) {
	c.text = c.text[:0]
	for {
		var value []byte
		n := bytes.IndexByte(record, ',')
		if len(record) > 0 && record[0] == '"' {
			end := closing(record)
			if end < 0 {
				return nil, false
			}
			value, n = c.undouble(record[1:end]), end+1
			if n < len(record) && record[n] != ',' {
				return nil, false
			}
		} else {
			if n < 0 {
				n = len(record)
			}
			if value = record[:n]; bytes.IndexByte(value, '"') >= 0 {
				return nil, false
			}
		}
		c.values = append(c.values, value)
		if n >= len(record) {
			return c.values, true
		}
		record = record[n+1:]
	}
}

func (c *CSV) undouble(value []byte) []byte {
	if bytes.IndexByte(value, '"') < 0 {
		return value
	}
	start := len(c.text)
	for {
		n := bytes.IndexByte(value, '"')
		if n < 0 {
			c.text = append(c.text, value...)
			return c.text[start:]
		}
		c.text = append(c.text, value[:n+1]...)
		value = value[n+2:]
	}
}
