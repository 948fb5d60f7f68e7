package decode

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/sales"
)

const (
	head = "order_id,order_ts,customer_id,product_id,category,region,quantity,unit_price,revenue,status,note"
	line = `O-1,2026-01-31 12:00:00.5,C-1,P-1,Books,Europe,2,12.5,25.00,completed,`
)

func newCSV(t require.TestingT, header string) *CSV { return newCSVOf(t, SalesEvents, header) }

func newCSVOf(t require.TestingT, d *Dataset, header string) *CSV {
	c, err := NewCSV(d, []byte(header), Options{MaxBytes: 1500}, Derived{Hash: "0123456789abcdef"})
	require.NoError(t, err)
	return c
}

func decodeCSV(c *CSV, record string, row int64) verdict {
	b := column.NewBatch(c.set.Schema, 1)
	if r := c.Decode([]byte(record), row); r != nil {
		return rejected(r)
	}
	c.AppendTo(b, Origin{Source: "file:0123456789abcdef", Partition: 3, Offset: row, Time: 99})
	return verdict{Values: values(b)}
}

func TestCSVRejects(t *testing.T) {
	for _, c := range []struct {
		name, record string
		code         sales.Code
		field        string
	}{
		{"blank line", "", sales.Empty, ""},
		{"too large", strings.Repeat("x", 2000), sales.TooLarge, ""},
		{"invalid UTF-8 comes before the number of fields", "a,\xff", sales.InvalidUTF8, ""},
		{"too few fields", "a,b", sales.MalformedRow, ""},
		{"too many fields", line + ",", sales.MalformedRow, ""},
		{"quote in an unquoted field", strings.Replace(line, "Books", `Bo"oks`, 1), sales.MalformedRow, ""},
		{"quote not closed", strings.Replace(line, "Books", `"Books`, 1), sales.MalformedRow, ""},
		{"text after a quote", strings.Replace(line, "Books", `"Boo"ks`, 1), sales.MalformedRow, ""},
		{"missing", strings.Replace(line, "P-1", " ", 1), sales.MissingField, "product_id"},
		{"missing order_ts comes before bad money", strings.Replace(strings.Replace(line, "25.00", "x", 1), "2026-01-31 12:00:00.5", "", 1), sales.MissingField, "order_ts"},
		{"quantity is a word", strings.Replace(line, ",2,", ",two,", 1), sales.WrongType, "quantity"},
		{"quantity with a sign", strings.Replace(line, ",2,", ",+2,", 1), sales.WrongType, "quantity"},
		{"quantity with a fraction", strings.Replace(line, ",2,", ",2.0,", 1), sales.WrongType, "quantity"},
		{"bad time", strings.Replace(line, "2026-01-31", "31.01.2026", 1), sales.BadTimestamp, "order_ts"},
		{"bad money", strings.Replace(line, "25.00", "$25.00", 1), sales.BadDecimal, "revenue"},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, verdict{Code: c.code, Field: c.field}, decodeCSV(newCSV(t, head), c.record, 1))
		})
	}
}

func TestCSVRow(t *testing.T) {
	want := map[string]any{
		"event_id": "0123456789abcdef-000000000017", "event_ts": int64(1769860800500000), "order_id": "O-1", "order_ts": int64(1769860800500000),
		"customer_id": "C-1", "product_id": "P-1", "category": "Books", "region": "Europe", "quantity": int64(2),
		"unit_price": int64(1250), "revenue": int64(2500), "status": "completed", "payment_method": "", "currency": "USD",
		"schema_version": int64(1), "_rescued": `{"note":""}`, "_source": "file:0123456789abcdef", "_partition": int64(3), "_offset": int64(17), "_ingest_ts": int64(99), "_replay_of": "",
	}
	require.Equal(t, verdict{Values: want}, decodeCSV(newCSV(t, head), line, 17))

	want["_rescued"], want["category"] = `{"note":"say \"hi\",\nall"}`, "Home, \"Garden\""
	quoted := strings.Replace(line, "Books", `"Home, ""Garden"""`, 1) + `"say ""hi"",` + "\n" + `all"`
	require.Equal(t, verdict{Values: want}, decodeCSV(newCSV(t, head), quoted, 17))

	c, err := NewCSV(SalesEvents, []byte("event_ts, event_id ,currency,"+head), Options{MaxBytes: 1500}, Derived{Hash: "h", Effective: 5})
	require.NoError(t, err)
	got := decodeCSV(c, ",,,"+line, 1)
	require.Equal(t, "h-000000000001", got.Values["event_id"])
	require.Equal(t, int64(5), got.Values["event_ts"])
	got = decodeCSV(c, "2026-01-31T12:00:00Z,e,EUR,"+line, 2)
	require.Equal(t, []any{"e", int64(1769860800000000), "EUR"}, []any{got.Values["event_id"], got.Values["event_ts"], got.Values["currency"]})
}

func TestCSVRowNumbers(t *testing.T) {
	c := newCSV(t, head)
	for _, row := range []int64{1, 2, 9, 10, 98, 99, 100, 101, 7, 8, 999_999, 1_000_000, 999_999_999_999} {
		require.Equal(t, fmt.Sprintf("0123456789abcdef-%012d", row), decodeCSV(c, line, row).Values["event_id"])
	}
}

func TestCSVHeader(t *testing.T) {
	for header, want := range map[string]string{
		"order_id,order_ts":                       "lacks the columns customer_id, product_id, category",
		head + ",order_id":                        "columns twice in the header: order_id",
		strings.ReplaceAll(head, ",", ";"):        "lacks the columns order_id",
		head + ",\xff":                            "not UTF-8",
		head + `,"x`:                              "broken quotes",
		strings.Replace(head, "order_id,", "", 1): "lacks the columns order_id:",
	} {
		_, err := NewCSV(SalesEvents, []byte(header), Options{}, Derived{})
		require.ErrorIs(t, err, ErrUnusable)
		require.ErrorContains(t, err, want)
	}
	_, err := NewCSV(SalesEvents, []byte(customerHead), Options{}, Derived{})
	require.ErrorIs(t, err, ErrUnusable)
	require.ErrorContains(t, err, "it holds customer_updates, not sales_events: ingest it as dataset customer_updates")
	_, err = NewCSV(CustomerUpdates, []byte(head), Options{}, Derived{})
	require.ErrorContains(t, err, "it holds sales_events, not customer_updates")
}

// oracleRecords splits a file one character at a time.
func oracleRecords(file string) (records []string) {
	for file != "" {
		end, broken, state := -1, false, 'n' // n: field starts, u: unquoted, q: quoted, c: closing quote seen
		for i := 0; i < len(file) && end < 0 && !broken; i++ {
			ch := file[i]
			switch {
			case state == 'q':
				if ch == '"' {
					state = 'c'
				}
			case state == 'c' && ch == '"':
				state = 'q'
			case ch == '"':
				broken, state = state != 'n', 'q'
			case ch == ',':
				state = 'n'
			case ch == '\n':
				end = i
			case state == 'c':
				rest := file[i:]
				broken = !(ch == '\r' && (rest == "\r" || strings.HasPrefix(rest, "\r\n")))
			default:
				state = 'u'
			}
		}
		if broken = broken || end < 0 && state == 'q'; broken {
			end = strings.IndexByte(file, '\n')
		}
		record, rest := file, ""
		if end >= 0 {
			record, rest = file[:end], file[end+1:]
		}
		records = append(records, strings.TrimSuffix(record, "\r"))
		file = rest
	}
	return records
}

// oracleCSV judges a record by an oracle of its own for the fields.
func (c contract) oracleCSV(record string, names []string) verdict {
	switch {
	case record == "":
		return verdict{Code: sales.Empty}
	case len(record) > 1500:
		return verdict{Code: sales.TooLarge}
	case !utf8.ValidString(record):
		return verdict{Code: sales.InvalidUTF8}
	}
	fields, ok := oracleSplit(record)
	if !ok || len(fields) != len(names) {
		return verdict{Code: sales.MalformedRow}
	}
	known, rescued := map[string]any{}, []string{}
	for i, name := range names {
		if c.set.field([]byte(name)) >= 0 {
			known[name] = fields[i]
			continue
		}
		rescued = append(rescued, name+"="+fields[i])
	}
	return c.oracleFields(known, strings.Join(rescued, ";"), true)
}

func oracleSplit(record string) (fields []string, ok bool) {
	for {
		if !strings.HasPrefix(record, `"`) {
			field, rest, more := strings.Cut(record, ",")
			if strings.Contains(field, `"`) {
				return nil, false
			}
			fields = append(fields, field)
			if record = rest; !more {
				return fields, true
			}
			continue
		}
		var field []byte
		i := 1
		for ; ; i++ {
			if i >= len(record) {
				return nil, false
			}
			if record[i] == '"' {
				if i+1 < len(record) && record[i+1] == '"' {
					i++
				} else {
					break
				}
			}
			field = append(field, record[i])
		}
		fields = append(fields, string(field))
		if i+1 == len(record) {
			return fields, true
		}
		if record[i+1] != ',' {
			return nil, false
		}
		record = record[i+2:]
	}
}

func unquoteNote(v verdict) verdict {
	if v.Values == nil {
		return v
	}
	if _, ok := v.Values["event_id"]; ok {
		v.Values["event_id"] = ""
	}
	for _, name := range []string{"_source", "_partition", "_offset", "_ingest_ts", "_replay_of", "event_ts"} {
		delete(v.Values, name)
	}
	if text := v.Values["_rescued"].(string); text != "" {
		var m map[string]string
		if err := json.Unmarshal([]byte(text), &m); err != nil {
			panic(err)
		}
		v.Values["_rescued"] = "note=" + m["note"]
	}
	return v
}

func allRecords(file []byte) (records []string) {
	for len(file) > 0 {
		record, used := Record(file, true)
		records = append(records, string(record))
		file = file[used:]
	}
	return records
}

func FuzzCSV(f *testing.F) {
	for _, s := range []string{line, line + "\n" + line, line + "\r\n\r\n" + line + "\r", "\n\n", strings.Replace(line, "Books", `"Bo""o,k`+"\n"+`s"`, 1),
		strings.Replace(line, "Books", `"Books`, 1) + "\n" + line, `a,"b"c` + "\n" + line, line + `"x"` + "\r\n" + line, line + `"x"` + "\r", `"a` + "\n" + `b",c`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, file string) {
		records := allRecords([]byte(file))
		require.Equal(t, oracleRecords(file), records)
		for cut := range []byte(file) {
			whole, rows := CutRecords([]byte(file)[:cut], false)
			require.Equal(t, strings.Join(records[:rows], "|"), strings.Join(allRecords([]byte(file)[:whole]), "|"), "cut at %d", cut)
		}
		whole, rows := CutRecords([]byte(file), true)
		require.Equal(t, [2]int{len(file), len(records)}, [2]int{whole, rows})
		c := newCSV(t, head)
		for _, r := range records {
			want := contracts["sales_events"].oracleCSV(r, strings.Split(head, ","))
			delete(want.Values, "event_ts")
			require.Equal(t, want, unquoteNote(decodeCSV(c, r, 1)), r)
		}
		agreesWithEncodingCSV(t, file, records)
	})
}

// agreesWithEncodingCSV compares with the standard reader where that one finds
// no fault; it skips blank lines and drops returns within quotes.
func agreesWithEncodingCSV(t *testing.T, file string, records []string) {
	r := csv.NewReader(strings.NewReader(file))
	r.FieldsPerRecord = -1
	all, err := r.ReadAll()
	if err != nil || strings.Contains(file, "\r") {
		return
	}
	var mine [][]string
	for _, record := range records {
		if record == "" {
			continue
		}
		fields, ok := oracleSplit(record)
		require.True(t, ok)
		mine = append(mine, fields)
	}
	require.Equal(t, all, mine)
}

func TestCSVAgreesWithOracle(t *testing.T) {
	t.Run("sales_events", func(t *testing.T) { contracts["sales_events"].agreesWithCSV(t, head, line) })
	t.Run("customer_updates", func(t *testing.T) {
		contracts["customer_updates"].agreesWithCSV(t, customerHead, customerLine)
	})
}

func (c contract) agreesWithCSV(t *testing.T, head, line string) {
	d := newCSVOf(t, c.set, head)
	odd := []string{"", " ", `"`, `""`, `"a,b"`, `"a""b"`, `a"b`, "\xff", "é", "-1", "1.5", "1.234", "x", "2026-01-01T00:00:00Z", `"2026-01-01 00:00:00"`, "2147483648", " O ", "true", "false"}
	rapid.Check(t, func(t *rapid.T) {
		parts := strings.Split(line, ",")
		for i := range parts {
			if rapid.IntRange(0, 11).Draw(t, "change") == 0 {
				parts[i] = rapid.SampledFrom(odd).Draw(t, "field")
			}
		}
		record := strings.Join(parts, ",")
		want := c.oracleCSV(record, strings.Split(head, ","))
		delete(want.Values, "event_ts")
		require.Equal(t, want, unquoteNote(decodeCSV(d, record, 1)), record)
	})
}

func TestLongQuoteIsBroken(t *testing.T) {
	file := []byte(`a,"b` + "\n" + strings.Repeat("x\n", MaxRecord/2) + "end\n")
	record, used := Record(file, false)
	require.Equal(t, `a,"b`, string(record))
	require.Equal(t, 5, used)
	cut, rows := CutLines(file, false)
	whole, records := CutRecords(file, false)
	require.Equal(t, [2]int{cut, rows}, [2]int{whole, records})
}

func BenchmarkCSV(b *testing.B) {
	var file bytes.Buffer
	for i := range 20000 {
		fmt.Fprintf(&file, "ORD-%08d,2026-03-%02d 11:%02d:%02d,CUST-%06d,PROD-%04d,%s,North America,%d,%d.99,%d.98,completed,\n",
			i, i%28+1, i%60, i%60, i*7%1000, i%500, []string{"Books", "Electronics", "Toys"}[i%3], i%9+1, i%300, i%900)
	}
	quoted := bytes.ReplaceAll(bytes.ReplaceAll(file.Bytes(), []byte(","), []byte(`","`)), []byte("\n"), []byte("\"\n\""))
	quoted = append([]byte{'"'}, quoted[:len(quoted)-1]...)
	for name, data := range map[string][]byte{"plain": file.Bytes(), "quoted": quoted} {
		b.Run(name, func(b *testing.B) {
			c := newCSV(b, head)
			batch := column.NewBatch(sales.Bronze, 20000)
			b.SetBytes(int64(len(data) / 20000))
			rest := data
			for row := int64(1); b.Loop(); row++ {
				if len(rest) == 0 {
					rest = data
					batch.Truncate(0)
				}
				record, used := Record(rest, true)
				if r := c.Decode(record, row); r != nil {
					b.Fatal(r)
				}
				c.AppendTo(batch, Origin{Source: "file:0123456789abcdef", Partition: 3, Offset: row, Time: 1})
				rest = rest[used:]
			}
		})
		b.Run(name+" cut", func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if _, rows := CutRecords(data, true); rows != 20000 {
					b.Fatal(rows)
				}
			}
		})
	}
}
