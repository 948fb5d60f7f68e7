package dq

import (
	"bytes"
	"context"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/apache/thrift/lib/go/thrift"
	"github.com/stretchr/testify/require"
	"github.com/xitongsys/parquet-go/parquet"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// refoot gives the file another footer.
func refoot(t testing.TB, data []byte, edit func(*parquet.FileMetaData)) []byte {
	end := len(data) - 8 - int(binary.LittleEndian.Uint32(data[len(data)-8:]))
	footer := parquet.NewFileMetaData()
	in := &thrift.TMemoryBuffer{Buffer: bytes.NewBuffer(data[end : len(data)-8])}
	require.NoError(t, footer.Read(context.Background(), thrift.NewTCompactProtocolConf(in, nil)))
	edit(footer)
	out := thrift.NewTMemoryBuffer()
	require.NoError(t, footer.Write(context.Background(), thrift.NewTCompactProtocolConf(out, nil)))
	made := append(slices.Clone(data[:end]), out.Bytes()...)
	return append(binary.LittleEndian.AppendUint32(made, uint32(out.Len())), "PAR1"...)
}

// twoPages makes a file whose columns have two pages each.
func twoPages(t testing.TB) ([]byte, lake.Count) {
	const n = 20_000
	encoder, err := lake.NewEncoder(sales.Silver, lake.Encoding{})
	require.NoError(t, err)
	batch := column.NewBatch(sales.Silver, n)
	for i := range n {
		for c := range batch.Columns {
			switch col := &batch.Columns[c]; col.Type {
			case column.Int32:
				col.I32 = append(col.I32, 1)
			case column.Timestamp, column.Int64, column.Decimal:
				col.I64 = append(col.I64, testDay*sales.MicrosPerDay+int64(i))
			default:
				col.AppendString([]string{"x", "y", ""}[i%3])
			}
		}
	}
	data, err := encoder.Encode(nil, batch)
	require.NoError(t, err)
	return data, lake.Count{Rows: n, Cents: moneyOfBatch(batch)}
}

// lastPage is the length of the second of two pages behind a dictionary.
func lastPage(t testing.TB, data []byte, m *parquet.ColumnMetaData) int64 {
	pages := &thrift.TMemoryBuffer{Buffer: bytes.NewBuffer(data[m.GetDataPageOffset() : m.GetDictionaryPageOffset()+m.GetTotalCompressedSize()])}
	header := parquet.NewPageHeader()
	require.NoError(t, header.Read(context.Background(), thrift.NewTCompactProtocolConf(pages, nil)))
	pages.Next(int(header.GetCompressedPageSize()))
	return int64(pages.Len())
}

// What is stored is not what was written: each is caught, named, and passes for no other. The
// column is one that no rule reads. Only the manifest, where it says so, is as the object is.
func TestStoredObjectsThatAreWrong(t *testing.T) {
	clean, count := twoPages(t)
	flipped := slices.Clone(clean)
	flipped[len(flipped)/3] ^= 4
	payment := sales.Silver.Must("payment_method")
	chunk := func(f *parquet.FileMetaData) *parquet.ColumnMetaData { return f.RowGroups[0].Columns[payment].MetaData }
	with := func(edit func(*parquet.FileMetaData)) func() []byte {
		return func() []byte { return refoot(t, clean, edit) }
	}
	as := func(stored []byte) func() []byte { return func() []byte { return stored } }
	const key = "silver/sales/a.parquet"
	for name, c := range map[string]struct {
		stored func() []byte
		same   bool // the manifest has the length and SHA-256 of what is stored
		edit   func(*lake.File)
		want   string
	}{
		"sound":          {as(clean), false, nil, ""},
		"a flipped byte": {as(flipped), false, nil, "object has SHA-256"},
		"a cut object":   {as(clean[:len(clean)-1]), false, nil, "bytes, its manifest says"},
		"another object": {as(facts(t, 10, nil)), false, nil, "its manifest says"},
		"a flipped page": {as(flipped), true, nil, "the CRC of a page differs"},
		"a short column": {with(func(f *parquet.FileMetaData) { chunk(f).TotalCompressedSize -= lastPage(t, clean, chunk(f)) }), true, nil, "column payment_method: has 16384 of 20000 values"},
		"a short page":   {with(func(f *parquet.FileMetaData) { chunk(f).TotalCompressedSize-- }), true, nil, "column payment_method: a page ends early"},
		"a column of the other": {with(func(f *parquet.FileMetaData) {
			columns := f.RowGroups[0].Columns
			columns[payment], columns[payment-1] = columns[payment-1], columns[payment]
		}), true, nil, "has column payment_method in the place of status"},
		"a lost column":         {with(func(f *parquet.FileMetaData) { f.RowGroups[0].Columns = f.RowGroups[0].Columns[:payment] }), true, nil, "row group 0 has 13 columns"},
		"fewer values":          {with(func(f *parquet.FileMetaData) { chunk(f).NumValues-- }), true, nil, "column payment_method: the footer says 19999 values of 20000 rows"},
		"a lost row group":      {with(func(f *parquet.FileMetaData) { f.RowGroups = nil }), true, nil, "its row groups have 0 rows, the footer says 20000"},
		"too few rows":          {with(func(f *parquet.FileMetaData) { f.NumRows-- }), true, nil, "footer says 19999 rows, the manifest 20000"},
		"no pages":              {with(func(f *parquet.FileMetaData) { chunk(f).TotalCompressedSize = 1 << 40 }), true, nil, "its pages are at bytes"},
		"rows of the manifest":  {as(clean), true, func(f *lake.File) { f.Rows++ }, "footer says 20000 rows, the manifest 20001"},
		"cents of the manifest": {as(clean), true, func(f *lake.File) { f.Cents-- }, "its manifest says 20000 and"},
		"hash of the manifest":  {as(clean), true, func(f *lake.File) { f.SHA256 = f.SHA256[1:] + "0" }, "object has SHA-256"},
		"bytes of the manifest": {as(clean), true, func(f *lake.File) { f.Bytes++ }, "bytes, its manifest says"},
	} {
		t.Run(name, func(t *testing.T) {
			stored := c.stored()
			f := lake.NewFile(key, clean, count)
			if c.same {
				f = lake.NewFile(key, stored, count)
			}
			if c.edit != nil {
				c.edit(&f)
			}
			s, err := testAuditor(t, objects{key: stored}).Audit(t.Context(), &lake.Manifest{Table: sales.TableFacts, Day: "2026-01-01", Count: count, Files: []lake.File{f}})
			require.NoError(t, err)
			requireUnreadable(t, s, c.want, key)
		})
	}
}

// Two files of a slice that have each other's place hold the same rows together.
func TestSwappedFiles(t *testing.T) {
	a, b := facts(t, 10, nil), facts(t, 12, nil)
	m := &lake.Manifest{Table: sales.TableFacts, Day: "2026-01-01", Files: []lake.File{lake.NewFile("a", a, lake.Count{Rows: 10, Cents: cents(10)}), lake.NewFile("b", b, lake.Count{Rows: 12, Cents: cents(12)})}}
	s, err := testAuditor(t, objects{"a": b, "b": a}).Audit(t.Context(), m)
	require.NoError(t, err)
	require.Len(t, s.Unreadable, 2)
}

func TestDrift(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(*column.Schema)
		want []string
	}{
		"none":         {func(*column.Schema) {}, nil},
		"renamed":      {func(s *column.Schema) { s.Fields[7].Name = "area" }, []string{"column 8 is area, declared is region"}},
		"another type": {func(s *column.Schema) { s.Fields[10].Type = column.Int64 }, []string{"column revenue is INT64 INT(64) REQUIRED, field id 11, declared is INT64 DECIMAL(18,2) REQUIRED, field id 11"}},
		"another id":   {func(s *column.Schema) { s.Fields[0].ID = 99 }, []string{"column order_id is BYTE_ARRAY STRING REQUIRED, field id 99, declared is BYTE_ARRAY STRING REQUIRED, field id 1"}},
		"nulls":        {func(s *column.Schema) { s.Fields[0].Optional = true }, []string{"column order_id is BYTE_ARRAY STRING OPTIONAL, field id 1, declared is BYTE_ARRAY STRING REQUIRED, field id 1"}},
		"another order": {func(s *column.Schema) { s.Fields[2], s.Fields[3] = s.Fields[3], s.Fields[2] },
			[]string{"column 3 is event_id, declared is event_ts"}},
		"one more": {func(s *column.Schema) {
			s.Fields = append(s.Fields, column.Field{ID: 90, Name: "more", Type: column.Date})
		}, []string{"column more is not declared"}},
		"one less": {func(s *column.Schema) { s.Fields = s.Fields[:15] }, []string{"column 16 is the end, declared is _offset"}},
	} {
		t.Run(name, func(t *testing.T) {
			schema := &column.Schema{Name: sales.TableSilver, Version: 1, Fields: slices.Clone(sales.Silver.Fields)}
			c.edit(schema)
			b := column.NewBatch(schema, 1)
			for i := range b.Columns {
				switch col := &b.Columns[i]; col.Type {
				case column.Int32, column.Date:
					col.I32 = append(col.I32, 1)
				case column.Timestamp, column.Int64, column.Decimal:
					col.I64 = append(col.I64, 1)
				default:
					col.AppendString("x")
				}
			}
			data := encode(t, schema, b)
			file, err := OpenFile(data, lake.NewFile("a", data, lake.Count{Rows: 1}))
			require.NoError(t, err)
			require.Equal(t, c.want, file.Drift(sales.Silver))
			o := objects{}
			m := manifest(o, 1, data)
			m.Files[0].Cents = 1
			findings, _ := (&day{o, map[string]*lake.Manifest{sales.TableSilver: m}, nil}).judge(t, testAuditor(t, o), sales.TableSilver)
			require.Equal(t, len(c.want) == 0, findings["schema"].Outcome == lake.Pass, findings["schema"])
			for _, want := range c.want {
				require.Contains(t, findings["schema"].Message, "silver/sales/a.parquet: "+want)
			}
		})
	}
}

// A column that was added later is null, or its default, in files that are older.
func TestColumnsThatWereAdded(t *testing.T) {
	was := *sales.Silver
	t.Cleanup(func() { *sales.Silver = was })
	data := facts(t, 20, nil)
	for _, text := range []string{"coupon:symbol", "tax:decimal=1.00"} {
		f, err := sales.ParseColumn(text)
		require.NoError(t, err)
		sales.Silver.Fields = append(slices.Clone(sales.Silver.Fields), f)
	}
	o := objects{}
	m := manifest(o, 20, data)
	m.Inputs = []lake.Input{{Count: m.Count}}
	a := auditorOf(t, o, `
rules:
  - {name: s, kind: schema, severity: fail, owner: x, description: x}
  - {name: c, kind: not_null, table: silver/sales, columns: [coupon], severity: warn, owner: x, description: x}
  - {name: t, kind: range, table: silver/sales, column: tax, min: 1.01, where: {status: [pending]}, severity: warn, owner: x, description: x}
`)
	findings, _ := (&day{o, map[string]*lake.Manifest{sales.TableSilver: m}, nil}).judge(t, a, sales.TableSilver)
	require.Equal(t, lake.Pass, findings["s"].Outcome, findings["s"])
	require.EqualValues(t, 20, findings["c"].Failed)
	require.EqualValues(t, 5, findings["t"].Failed)
	require.EqualValues(t, 5, findings["t"].Checked)
}
