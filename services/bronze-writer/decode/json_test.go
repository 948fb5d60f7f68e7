package decode

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/sales"
)

const good = `{"event_id":"e-1","event_ts":"2026-01-31T12:00:00.5Z","order_id":"O-1","order_ts":"2026-01-31T13:00:00+02:00",` +
	`"customer_id":"C-1","product_id":"P-1","category":"Books","region":"Europe","quantity":2,"unit_price":12.5,"revenue":"25.00","status":"completed"}`

// with gives the good event with one member set to a raw JSON value.
func with(name, raw string) string { return withIn(good, name, raw) }

func withIn(event, name, raw string) string {
	var m map[string]json.RawMessage
	if err := json.Unmarshal([]byte(event), &m); err != nil {
		panic(err)
	}
	m[name] = json.RawMessage(raw)
	if raw == "" {
		delete(m, name)
	}
	b, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// owns says yes to all keys but those that begin with X.
func owns(key []byte) bool { return !bytes.HasPrefix(key, []byte("X")) }

func decodeJSON(j *JSON, value string) verdict {
	b := column.NewBatch(j.set.Schema, 1)
	if r := j.Decode([]byte(value)); r != nil {
		return rejected(r)
	}
	j.AppendTo(b, Origin{Source: "sales_events", Partition: 3, Offset: 42, Time: 99})
	return verdict{Values: values(b)}
}

func TestJSONRejects(t *testing.T) {
	for _, c := range []struct {
		name, value string
		code        sales.Code
		field       string
	}{
		{"empty", "", sales.Empty, ""},
		{"too large", strings.Repeat(" ", 2000), sales.TooLarge, ""},
		{"too large comes before invalid UTF-8", strings.Repeat("\xff", 2000), sales.TooLarge, ""},
		{"invalid UTF-8", with("category", `"`+"\xff"+`"`), sales.InvalidUTF8, ""},
		{"invalid UTF-8 comes before invalid JSON", "{\xc3\x28", sales.InvalidUTF8, ""},
		{"blank", " \n", sales.InvalidJSON, ""},
		{"cut short", good[:50], sales.InvalidJSON, ""},
		{"trailing data", good + "x", sales.InvalidJSON, ""},
		{"two objects", good + good, sales.InvalidJSON, ""},
		{"trailing comma", good[:len(good)-1] + ",}", sales.InvalidJSON, ""},
		{"byte order mark", "\ufeff" + good, sales.InvalidJSON, ""},
		{"NaN", strings.Replace(good, "12.5", "NaN", 1), sales.InvalidJSON, ""},
		{"leading zero", strings.Replace(good, "12.5", "012.5", 1), sales.InvalidJSON, ""},
		{"control character in a string", strings.Replace(good, "Books", "Bo\x01oks", 1), sales.InvalidJSON, ""},
		{"key twice", strings.Replace(good, "{", `{"order_id":"O-1",`, 1), sales.InvalidJSON, ""},
		{"key twice, once escaped", strings.Replace(good, "{", `{"order\u005fid":"O-1",`, 1), sales.InvalidJSON, ""},
		{"unknown key twice", strings.Replace(good, "{", `{"a":1,"a":2,`, 1), sales.InvalidJSON, ""},
		{"key twice within", with("a", `[{"b":1,"b":1}]`), sales.InvalidJSON, ""},
		{"not closed", strings.Repeat("[", 1000), sales.InvalidJSON, ""},
		{"array", `[1,{"a":2}]`, sales.NotAnObject, ""},
		{"null", "null", sales.NotAnObject, ""},
		{"text", ` "x" `, sales.NotAnObject, ""},
		{"invalid array", `[1,]`, sales.InvalidJSON, ""},
		{"wrong key", with("order_id", `" X-1 "`), sales.WrongKey, "order_id"},
		{"wrong key comes before missing field", `{"order_id":"X-1"}`, sales.WrongKey, "order_id"},
		{"nothing", "{}", sales.MissingField, "event_id"},
		{"absent", with("region", ""), sales.MissingField, "region"},
		{"null field", with("quantity", "null"), sales.MissingField, "quantity"},
		{"empty text", with("status", `""`), sales.MissingField, "status"},
		{"blank text", with("revenue", `" \u00a0\t"`), sales.MissingField, "revenue"},
		{"missing comes before an earlier wrong type", `{"event_id":1}`, sales.MissingField, "event_ts"},
		{"number for text", with("order_id", "17"), sales.WrongType, "order_id"},
		{"number for time", with("event_ts", "1767225600"), sales.WrongType, "event_ts"},
		{"object for text", with("category", `{"a":1}`), sales.WrongType, "category"},
		{"boolean for money", with("revenue", "true"), sales.WrongType, "revenue"},
		{"text for quantity", with("quantity", `"2"`), sales.WrongType, "quantity"},
		{"fraction for quantity", with("quantity", "2.0"), sales.WrongType, "quantity"},
		{"exponent for quantity", with("quantity", "2e0"), sales.WrongType, "quantity"},
		{"quantity over INT32", with("quantity", "2147483648"), sales.WrongType, "quantity"},
		{"optional of wrong type", with("currency", "1"), sales.WrongType, "currency"},
		{"version of wrong type", with("schema_version", `"1"`), sales.WrongType, "schema_version"},
		{"wrong type comes before an earlier bad time", strings.Replace(with("event_ts", `"x"`), `"completed"`, "1", 1), sales.WrongType, "status"},
		{"no time", with("order_ts", `"yesterday"`), sales.BadTimestamp, "order_ts"},
		{"time of a file", with("order_ts", `"2026-01-31 12:00:00"`), sales.BadTimestamp, "order_ts"},
		{"time with blanks", with("order_ts", `" 2026-01-31T12:00:00Z"`), sales.BadTimestamp, "order_ts"},
		{"no such day", with("event_ts", `"2026-02-30T12:00:00Z"`), sales.BadTimestamp, "event_ts"},
		{"three decimals", with("unit_price", "1.234"), sales.BadDecimal, "unit_price"},
		{"exponent", with("revenue", "1e3"), sales.BadDecimal, "revenue"},
		{"NaN as text", with("revenue", `"NaN"`), sales.BadDecimal, "revenue"},
		{"19 digits", with("revenue", "12345678901234567.89"), sales.BadDecimal, "revenue"},
		{"bad time comes before bad money", strings.Replace(with("unit_price", `"x"`), "2026-01-31T12", "2026-01-31X12", 1), sales.BadTimestamp, "event_ts"},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := NewJSON(SalesEvents, Options{MaxBytes: 1500, Owns: owns})
			require.Equal(t, verdict{Code: c.code, Field: c.field}, decodeJSON(j, c.value))
			require.Nil(t, j.Decode([]byte(good)))
			require.Equal(t, verdict{Code: c.code, Field: c.field}, decodeJSON(j, c.value), "after a good event")
		})
	}
}

func TestJSONRow(t *testing.T) {
	j := NewJSON(SalesEvents, Options{MaxBytes: 1 << 20})
	want := map[string]any{
		"event_id": "e-1", "event_ts": int64(1769860800500000), "order_id": "O-1", "order_ts": int64(1769857200000000),
		"customer_id": "C-1", "product_id": "P-1", "category": "Books", "region": "Europe", "quantity": int64(2),
		"unit_price": int64(1250), "revenue": int64(2500), "status": "completed", "payment_method": "", "currency": "USD",
		"schema_version": int64(1), "_rescued": "", "_source": "sales_events", "_partition": int64(3), "_offset": int64(42), "_ingest_ts": int64(99), "_replay_of": "",
	}
	change := func(name string, v any) map[string]any {
		m := maps.Clone(want)
		m[name] = v
		return m
	}
	for value, want := range map[string]map[string]any{
		good:                                                       want,
		strings.ReplaceAll(good, `":`, `" : `):                     want,
		with("order_id", `" O-1\n"`):                               want,
		with("status", `"\u0063ompleted"`):                         want,
		with("category", `" Books "`):                              change("category", " Books "),
		with("category", `"Bücher"`):                               change("category", "Bücher"),
		with("currency", `"EUR"`):                                  change("currency", "EUR"),
		with("currency", `" "`):                                    want,
		with("schema_version", "2"):                                change("schema_version", int64(2)),
		with("payment_method", "null"):                             want,
		with("payment_method", `"card"`):                           change("payment_method", "card"),
		with("unit_price", `"-0.01"`):                              change("unit_price", int64(-1)),
		with("note", `{"a":[1,null]}`):                             change("_rescued", `{"note":{"a":[1,null]}}`),
		with("_offset", `"7"`):                                     change("_rescued", `{"_offset":"7"}`),
		strings.Replace(good, "{", `{"a\"b": "x\ty", "z":1e3,`, 1): change("_rescued", `{"a\"b":"x\ty","z":1e3}`),
	} {
		for range 2 {
			require.Equal(t, verdict{Values: want}, decodeJSON(j, value), value)
		}
	}
}

// flatten gives rescued fields as the oracle does.
func flatten(v verdict) verdict {
	if v.Values == nil {
		return v
	}
	v.Values = maps.Clone(v.Values)
	for _, name := range []string{"_source", "_partition", "_offset", "_ingest_ts", "_replay_of"} {
		delete(v.Values, name)
	}
	text := v.Values["_rescued"].(string)
	if text == "" {
		return v
	}
	d := json.NewDecoder(strings.NewReader(text))
	_, _ = d.Token()
	var parts []string
	for d.More() {
		key, _ := d.Token()
		var raw json.RawMessage
		_ = d.Decode(&raw)
		parts = append(parts, key.(string)+"="+string(raw))
	}
	v.Values["_rescued"] = strings.Join(parts, ";")
	return v
}

func FuzzJSON(f *testing.F) {
	for _, s := range []string{good, goodCustomer, withIn(goodCustomer, "deleted", "true"), `{"customer_id":"C","updated_ts":"2026-01-31T12:00:00Z","deleted":true}`, "", "{}", "[]", with("a", `{"b":[1,2]}`), with("revenue", "-0"), strings.ReplaceAll(good, ",", " , "),
		good[:len(good)-1] + `,"x":"y"}`, strings.Replace(good, `"e-1"`, `"\u00e9\n"`, 1), with("category", `"Zürich"`), with("quantity", "null")} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if lower := strings.ToLower(value); strings.Contains(lower, `\ud`) {
			t.Skip("lone halves of surrogate pairs have more than one reading")
		}
		for name, usual := range map[string]string{"sales_events": good, "customer_updates": goodCustomer} {
			c := contracts[name]
			want := c.oracleJSON([]byte(value), 1500, owns)
			fresh := NewJSON(c.set, Options{MaxBytes: 1500, Owns: owns})
			require.Equal(t, want, flatten(decodeJSON(fresh, value)))
			require.Equal(t, want, flatten(decodeJSON(fresh, value)), "with its own shape")
			used := NewJSON(c.set, Options{MaxBytes: 1500, Owns: owns})
			require.Nil(t, used.Decode([]byte(usual)))
			require.Equal(t, want, flatten(decodeJSON(used, value)), "with another event's shape")
		}
	})
}

// TestJSONAgreesWithOracle sends events that are good but for a few members,
// which plain fuzzing seldom makes, to one decoder that keeps its memory.
func TestJSONAgreesWithOracle(t *testing.T) {
	for name, c := range contracts {
		t.Run(name, c.agreesWithJSON)
	}
}

func (c contract) agreesWithJSON(t *testing.T) {
	j := NewJSON(c.set, Options{MaxBytes: 1500, Owns: owns})
	raws := []string{`""`, `" "`, "null", "1", "-1", "0", "1.5", "1.567", "1e2", "-0.0", "true", "false", `"true"`, "[]", `{"a":1}`, `"x"`, `" x "`, `"X"`, `"12.50"`,
		`"2026-01-01T00:00:00Z"`, `"2026-01-01 00:00:00"`, `"2026-13-01T00:00:00Z"`, `"\u0041"`, `"é"`, "2147483647", "-2147483648", "99999999999", "01", "nul", `"`, `"a\"b"`}
	rapid.Check(t, func(t *rapid.T) {
		var parts []string
		for i, f := range c.set.Fields {
			name := c.set.Name(i)
			raw := sampleRaw(c.fields[i].Type)
			if f.Flag {
				raw = rapid.SampledFrom([]string{"true", "false"}).Draw(t, "flag")
			}
			switch rapid.IntRange(0, 19).Draw(t, "change "+name) {
			case 0:
				raw = rapid.SampledFrom(raws).Draw(t, "raw")
			case 1:
				if !f.Required || rapid.Bool().Draw(t, "drop") {
					continue
				}
			case 2:
				parts = append(parts, fmt.Sprintf(`"%s":%s`, rapid.SampledFrom([]string{"note", "a", "é", "status"}).Draw(t, "key"), rapid.SampledFrom(raws).Draw(t, "unknown")))
			}
			parts = append(parts, fmt.Sprintf(`"%s":%s`, name, raw))
		}
		if rapid.IntRange(0, 9).Draw(t, "shuffle") == 0 {
			parts = rapid.Permutation(parts).Draw(t, "order")
		}
		value := "{" + strings.Join(parts, rapid.SampledFrom([]string{",", ", "}).Draw(t, "comma")) + "}"
		require.Equal(t, c.oracleJSON([]byte(value), 1500, owns), flatten(decodeJSON(j, value)), value)
	})
}

func sampleRaw(t column.Type) string {
	switch t {
	case column.Timestamp:
		return `"2026-01-31T12:00:00Z"`
	case column.Int32:
		return "3"
	case column.Decimal:
		return "12.50"
	default:
		return `"text"`
	}
}

func TestJSONDoesNotAllocate(t *testing.T) {
	j := NewJSON(SalesEvents, Options{MaxBytes: 1 << 20, Owns: owns})
	b := column.NewBatch(sales.Bronze, 1000)
	value := []byte(good)
	decode := func() {
		require.Nil(t, j.Decode(value))
		j.AppendTo(b, Origin{Source: "sales_events"})
		if b.Rows() >= 1000 {
			b.Truncate(0)
		}
	}
	for range 2000 {
		decode()
	}
	require.Zero(t, testing.AllocsPerRun(500, decode))
}

func BenchmarkJSON(b *testing.B) {
	events := make([][]byte, 1000)
	for i := range events {
		events[i] = fmt.Appendf(nil, `{"event_id":"evt-%016x","event_ts":"2026-03-%02dT12:%02d:%02d.123456Z","order_id":"ORD-%08d","order_ts":"2026-03-%02dT11:00:00Z",`+
			`"customer_id":"CUST-%06d","product_id":"PROD-%04d","category":"Electronics","region":"North America","quantity":%d,"unit_price":%d.99,"revenue":%d.98,`+
			`"status":"completed","payment_method":"credit_card","currency":"USD","schema_version":1}`, i, i%28+1, i%60, i%60, i, i%28+1, i*7%1000, i%500, i%9+1, i%300, i%900)
	}
	for name, forget := range map[string]bool{"predicted": false, "parsed": true} {
		b.Run(name, func(b *testing.B) {
			j := NewJSON(SalesEvents, Options{MaxBytes: 1 << 20, Owns: owns})
			batch := column.NewBatch(sales.Bronze, 65536)
			b.SetBytes(int64(len(events[0])))
			for i := 0; b.Loop(); i++ {
				if forget {
					j.shape = j.shape[:0]
				}
				if r := j.Decode(events[i%1000]); r != nil {
					b.Fatal(r)
				}
				j.AppendTo(batch, Origin{Source: "sales_events", Partition: 3, Offset: int64(i), Time: 1})
				if i%65536 == 65535 {
					batch.Truncate(0)
				}
			}
		})
	}
}
