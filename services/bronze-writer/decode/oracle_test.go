package decode

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/sales"
)

// verdict is what a decoder made of an event: a code and field, or the values.
type verdict struct {
	Code   sales.Code
	Field  string
	Values map[string]any
}

// contract is a dataset as its document has it.
type contract struct {
	set      *Dataset
	fields   []column.Field
	key      string
	optional func(i int, known map[string]any, csv bool) bool
}

var contracts = map[string]contract{
	"sales_events": {SalesEvents, sales.Bronze.Fields[:15], "order_id",
		func(i int, _ map[string]any, csv bool) bool { return i > 11 || csv && i < 2 }},
	"customer_updates": {CustomerUpdates, sales.BronzeCustomers.Fields[:8], "customer_id",
		func(i int, known map[string]any, csv bool) bool {
			deletion := known["deleted"] == true || csv && known["deleted"] == "true"
			return i == 7 || i > 1 && deletion
		}},
}

func rejected(r *sales.Reject) verdict { return verdict{Code: r.Code, Field: r.Field} }

// values gives the last row of a batch by column name.
func values(b *column.Batch) map[string]any {
	out, i := map[string]any{}, b.Rows()-1
	for c := range b.Columns {
		col, name := &b.Columns[c], b.Schema.Fields[c].Name
		switch col.Type {
		case column.String, column.Symbol:
			out[name] = col.String(i)
		case column.Int32:
			out[name] = int64(col.I32[i])
		default:
			out[name] = col.I64[i]
		}
	}
	return out
}

// oracleJSON is the contract written down naively, with encoding/json.
func (c contract) oracleJSON(value []byte, limit int, owns func([]byte) bool) verdict {
	switch {
	case len(value) == 0:
		return verdict{Code: sales.Empty}
	case len(value) > limit:
		return verdict{Code: sales.TooLarge}
	case !utf8.Valid(value):
		return verdict{Code: sales.InvalidUTF8}
	case !json.Valid(value) || repeats(json.NewDecoder(bytes.NewReader(value))):
		return verdict{Code: sales.InvalidJSON}
	case bytes.TrimSpace(value)[0] != '{':
		return verdict{Code: sales.NotAnObject}
	}
	d := json.NewDecoder(bytes.NewReader(value))
	_, _ = d.Token()
	known, rescued := map[string]any{}, []string{}
	for d.More() {
		key, _ := d.Token()
		var raw json.RawMessage
		_ = d.Decode(&raw)
		name := key.(string)
		if slices.ContainsFunc(c.fields, func(f column.Field) bool { return f.Name == name }) {
			n := json.NewDecoder(bytes.NewReader(raw))
			n.UseNumber()
			var v any
			_ = n.Decode(&v)
			known[name] = v
			continue
		}
		rescued = append(rescued, name+"="+string(raw))
	}
	if id, ok := known[c.key].(string); ok && strings.TrimSpace(id) != "" && !owns([]byte(strings.TrimSpace(id))) {
		return verdict{Code: sales.WrongKey, Field: c.key}
	}
	return c.oracleFields(known, strings.Join(rescued, ";"), false)
}

// repeats tells whether any object of the next value has a key twice.
func repeats(d *json.Decoder) bool {
	t, err := d.Token()
	if err != nil {
		return true
	}
	twice, keys := false, map[string]bool{}
	for t == json.Delim('{') && d.More() {
		key, _ := d.Token()
		twice = twice || keys[key.(string)]
		keys[key.(string)] = true
		twice = repeats(d) || twice
	}
	for t == json.Delim('[') && d.More() {
		twice = repeats(d) || twice
	}
	if t == json.Delim('{') || t == json.Delim('[') {
		_, _ = d.Token()
	}
	return twice
}

var (
	decimalText = regexp.MustCompile(`^-?[0-9]+(\.[0-9]{1,2})?$`)
	wholeText   = regexp.MustCompile(`^-?[0-9]+$`)
	timeText    = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)$`)
	plainTime   = regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?$`)
)

// oracleFields judges values by code first and field second, in nested loops.
func (c contract) oracleFields(known map[string]any, rescued string, csv bool) verdict {
	for _, code := range []sales.Code{sales.MissingField, sales.WrongType, sales.BadTimestamp, sales.BadDecimal} {
		for i, f := range c.fields {
			if found := oracleField(f, known[f.Name], c.optional(i, known, csv), csv); found == code {
				return verdict{Code: code, Field: f.Name}
			}
		}
	}
	out := map[string]any{"_rescued": rescued}
	for _, f := range c.fields {
		out[f.Name] = oracleValue(f, known[f.Name])
	}
	return verdict{Values: out}
}

func blank(v any) bool {
	s, ok := v.(string)
	return v == nil || ok && strings.TrimSpace(s) == ""
}

func oracleField(f column.Field, v any, optional, csv bool) sales.Code {
	if blank(v) {
		if optional {
			return ""
		}
		return sales.MissingField
	}
	s, isText := v.(string)
	n, isNumber := v.(json.Number)
	if isNumber {
		s = string(n)
	}
	switch f.Type {
	case column.Int32:
		if f.Name == "deleted" {
			if _, isBool := v.(bool); isBool || csv && (s == "true" || s == "false") {
				return ""
			}
			return sales.WrongType
		}
		if _, err := strconv.ParseInt(s, 10, 32); err != nil || !(isNumber || csv) || !wholeText.MatchString(s) {
			return sales.WrongType
		}
	case column.Decimal:
		if !isText && !isNumber {
			return sales.WrongType
		}
		if oracleCents(s) == nil {
			return sales.BadDecimal
		}
	case column.Timestamp:
		if !isText {
			return sales.WrongType
		}
		if oracleTime(s, csv) == nil {
			return sales.BadTimestamp
		}
	default:
		if !isText {
			return sales.WrongType
		}
	}
	return ""
}

func oracleCents(s string) any {
	if !decimalText.MatchString(s) {
		return nil
	}
	whole, part, _ := strings.Cut(s, ".")
	digits := len(strings.TrimPrefix(whole, "-")) + len(part)
	v, err := strconv.ParseInt(whole+(part + "00")[:2], 10, 64)
	if err != nil || digits > 18 || v > 999999999999999999 || v < -999999999999999999 {
		return nil
	}
	return v
}

func oracleTime(s string, csv bool) any {
	if csv && plainTime.MatchString(s) {
		s = strings.Replace(s, " ", "T", 1) + "Z"
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || !timeText.MatchString(s) {
		return nil
	}
	return t.UnixMicro()
}

func oracleValue(f column.Field, v any) any {
	if blank(v) {
		switch f.Name {
		case "currency":
			return sales.DefaultCurrency
		case "schema_version":
			return int64(1)
		case "deleted":
			return int64(0)
		case "event_ts":
			return int64(0)
		default:
			return ""
		}
	}
	if f.Name == "deleted" {
		return map[any]int64{true: 1, "true": 1, false: 0, "false": 0}[v]
	}
	s, isText := v.(string)
	if !isText {
		s = string(v.(json.Number))
	}
	switch f.Type {
	case column.Int32:
		n, _ := strconv.ParseInt(s, 10, 32)
		return n
	case column.Decimal:
		return oracleCents(s)
	case column.Timestamp:
		return oracleTime(s, true)
	}
	if strings.HasSuffix(f.Name, "_id") || f.Name == "status" {
		return strings.TrimSpace(s)
	}
	return s
}
