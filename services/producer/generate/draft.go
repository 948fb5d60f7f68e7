package generate

import (
	"strconv"
	"strings"
)

// draft is an event field by field, so that a plant can change single fields or how they are written.
type draft struct {
	event   *Event
	format  Format
	fields  []field
	quote   bool   // CSV: quotes around all fields
	indent  string // JSON: put before each member
	rescued bool   // has an unknown field with a value
}

// field is one column or member.
type field struct {
	name   string
	text   string
	raw    bool // text is written as it is, without quotes or escapes
	absent bool // JSON: left out; CSV: blank
}

func (w *world) draft(e *Event, format Format) *draft {
	json := format != CSV
	return &draft{event: e, format: format, fields: []field{
		{name: "event_id", text: string(appendHex(nil, e.ID))},
		{name: "event_ts", text: string(appendTime(nil, e.EventTS))},
		{name: "order_id", text: e.OrderID()},
		{name: "order_ts", text: string(appendTime(nil, e.OrderTS))},
		{name: "customer_id", text: e.CustomerID()},
		{name: "product_id", text: w.products[e.Product].ID},
		{name: "category", text: e.Category},
		{name: "region", text: e.Region},
		{name: "quantity", text: strconv.Itoa(int(e.Quantity)), raw: json},
		{name: "unit_price", text: string(appendCents(nil, e.UnitPrice)), raw: json},
		{name: "revenue", text: string(appendCents(nil, e.Revenue)), raw: json},
		{name: "status", text: e.Status},
		{name: "payment_method", text: e.Payment},
		{name: "currency", text: e.Currency},
	}}
}

// at finds a field of the schema by name.
func (d *draft) at(name string) *field {
	for i := range d.fields {
		if d.fields[i].name == name {
			return &d.fields[i]
		}
	}
	panic("generate: no field " + name) // a mistake in a table of plants
}

func (d *draft) append(b []byte) []byte {
	if d.format == CSV {
		return d.appendCSV(b)
	}
	b = append(b, '{')
	first := true
	for _, f := range d.fields {
		if f.absent {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(append(b, d.indent...), '"')
		b = append(append(b, f.name...), `":`...)
		if f.raw {
			b = append(b, f.text...)
		} else {
			b = appendQuoted(b, f.text)
		}
	}
	return append(b, '}')
}

func (d *draft) appendCSV(b []byte) []byte {
	for i, f := range d.fields {
		if i > 0 {
			b = append(b, ',')
		}
		if !f.raw && (d.quote || strings.ContainsAny(f.text, "\",\r\n")) {
			b = append(append(append(b, '"'), strings.ReplaceAll(f.text, `"`, `""`)...), '"')
		} else {
			b = append(b, f.text...)
		}
	}
	return b
}

// appendQuoted writes a JSON string; bytes that are not UTF-8 stay as they are, because some are planted.
func appendQuoted(b []byte, text string) []byte {
	b = append(b, '"')
	for i := range len(text) {
		switch c := text[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < ' ':
			const digits = "0123456789abcdef"
			b = append(b, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}

// The edits that the tables of plants are made of.
type edit func(d *draft)

// text makes a field this text: a string in JSON.
func text(name, value string) edit {
	return func(d *draft) { *d.at(name) = field{name: name, text: value} }
}

// token makes a field these bytes, without quotes or escapes.
func token(name, value string) edit {
	return func(d *draft) { *d.at(name) = field{name: name, text: value, raw: true} }
}

// absent leaves a field out (JSON), or blank (CSV).
func absent(name string) edit {
	return func(d *draft) { *d.at(name) = field{name: name, absent: true, raw: true} }
}

// member adds a JSON member after the others, even one whose name is there already.
func member(name, value string) edit {
	return func(d *draft) { d.fields = append(d.fields, field{name: name, text: value, raw: true}) }
}

// unknown adds a JSON member that the schema does not know.
func unknown(name, value string) edit {
	return func(d *draft) {
		member(name, value)(d)
		d.rescued = true
	}
}

// rewrite changes a field's text.
func rewrite(name string, change func(string) string) edit {
	return func(d *draft) { f := d.at(name); f.text = change(f.text) }
}

// all makes several edits.
func all(edits ...edit) edit {
	return func(d *draft) {
		for _, e := range edits {
			e(d)
		}
	}
}
