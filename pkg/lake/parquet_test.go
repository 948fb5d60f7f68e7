package lake

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/sales"
)

// allTypes has a column of each type, and each type that may be null.
var allTypes = &column.Schema{Name: "test/all", Version: 3, Fields: []column.Field{
	{ID: 9, Name: "z_int32", Type: column.Int32},
	{ID: 2, Name: "int64", Type: column.Int64},
	{ID: 3, Name: "decimal", Type: column.Decimal},
	{ID: 4, Name: "timestamp", Type: column.Timestamp},
	{ID: 5, Name: "date", Type: column.Date},
	{ID: 6, Name: "string", Type: column.String},
	{ID: 7, Name: "symbol", Type: column.Symbol},
	{ID: 8, Name: "binary", Type: column.Binary},
	{ID: 11, Name: "opt_string", Type: column.String, Optional: true},
	{ID: 12, Name: "opt_symbol", Type: column.Symbol, Optional: true},
	{ID: 1, Name: "a_opt_binary", Type: column.Binary, Optional: true},
}}

// drawBatch gives rows with values from a small set, so that dictionaries,
// runs of nulls and long values all occur.
func drawBatch(t *rapid.T, label string) *column.Batch {
	rows := rapid.IntRange(0, 300).Draw(t, label+" rows")
	seed := rapid.Uint32().Draw(t, label+" seed")
	spread := rapid.Uint32Range(1, 500).Draw(t, label+" spread")
	b := column.NewBatch(allTypes, rows)
	next := func() uint32 {
		seed = seed*1_664_525 + 1_013_904_223
		return seed >> 8 % (spread * 4)
	}
	for range rows {
		for i := range b.Columns {
			c, n := &b.Columns[i], next()
			switch c.Type {
			case column.Int64, column.Decimal, column.Timestamp:
				c.I64 = append(c.I64, int64(n)<<30-1<<40)
			case column.Int32, column.Date:
				c.I32 = append(c.I32, int32(n)-500)
			default:
				c.AppendString(strings.Repeat(fmt.Sprintf("%x", n), int(n%4)))
			}
		}
	}
	return b
}

// rowsOf spells a batch out by row, which is how batches are compared.
func rowsOf(b *column.Batch) [][]string {
	rows := make([][]string, b.Rows())
	for r := range rows {
		for i := range b.Columns {
			c := &b.Columns[i]
			switch c.Type {
			case column.Int64, column.Decimal, column.Timestamp:
				rows[r] = append(rows[r], fmt.Sprint(c.I64[r]))
			case column.Int32, column.Date:
				rows[r] = append(rows[r], fmt.Sprint(c.I32[r]))
			default:
				rows[r] = append(rows[r], c.String(r))
			}
		}
	}
	return rows
}

func TestEncodeThenReadGivesTheRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e, err := NewEncoder(allTypes, Encoding{
			Compression: rapid.SampledFrom([]string{"snappy", "zstd"}).Draw(t, "compression"),
			RowGroup:    rapid.IntRange(1, 200).Draw(t, "row group"),
		})
		require.NoError(t, err)
		for range 2 { // the second file is made from the first one's buffers
			one, two := drawBatch(t, "one"), drawBatch(t, "two")
			data, err := e.Encode(Meta{"first": "7"}, one, two)
			require.NoError(t, err)
			again, err := e.Encode(Meta{"first": "7"}, one, two)
			require.NoError(t, err)
			require.Equal(t, data, again, "the same rows must give the same bytes")

			r, err := Open("test", data)
			require.NoError(t, err)
			require.Equal(t, int64(one.Rows()+two.Rows()), r.Rows())
			require.Equal(t, Meta{"first": "7", MetaSchema: "test/all", MetaVersion: "3"}, r.Meta())
			got := drawBatch(t, "before")
			want := append(append(rowsOf(got), rowsOf(one)...), rowsOf(two)...)
			require.NoError(t, r.Read(got))
			require.Equal(t, want, rowsOf(got))
		}
	})
}

// Rows for several pages of a row group, and text that fills pages by its
// bytes.
func TestManyPages(t *testing.T) {
	schema := allTypes.Project("a_opt_binary", "opt_symbol", "symbol", "string", "int64")
	batch := column.NewBatch(schema, 0)
	for i := range 3*pageRows + 5 {
		raw := []byte(fmt.Sprint("raw", i))
		if i%2_000 == 0 {
			raw = bytes.Repeat([]byte{byte(i), byte(i / 256)}, 150_000)
		}
		batch.Column("a_opt_binary").AppendBytes(raw[:len(raw)*(i%3)/2])
		batch.Column("opt_symbol").AppendString(strings.Repeat("x", i%5))
		batch.Column("symbol").AppendString(fmt.Sprint(i % 2_500))
		batch.Column("string").AppendString(fmt.Sprint(i))
		batch.Column("int64").I64 = append(batch.Column("int64").I64, int64(i))
	}
	e, err := NewEncoder(schema, Encoding{})
	require.NoError(t, err)
	data, err := e.Encode(nil, batch)
	require.NoError(t, err)
	r, err := Open("test", data)
	require.NoError(t, err)
	got := column.NewBatch(schema, 0)
	require.NoError(t, r.Read(got))
	require.True(t, slices.EqualFunc(rowsOf(batch), rowsOf(got), slices.Equal))
}

func TestMetaOfAnEarlierFileIsGone(t *testing.T) {
	e, err := NewEncoder(sales.DailySales, Encoding{})
	require.NoError(t, err)
	for _, meta := range []Meta{{"a": "1", "b": "2"}, {"b": "3"}, nil} {
		data, err := e.Encode(meta)
		require.NoError(t, err)
		r, err := Open("test", data)
		require.NoError(t, err)
		want := Meta{MetaSchema: "gold/daily_sales", MetaVersion: "1"}
		for k, v := range meta {
			want[k] = v
		}
		require.Equal(t, want, r.Meta())
		require.Zero(t, r.Rows())
	}
}

func TestReadTakesColumnsByName(t *testing.T) {
	e, err := NewEncoder(sales.Silver, Encoding{RowGroup: 64})
	require.NoError(t, err)
	batch := silverBatch(200)
	data, err := e.Encode(nil, batch)
	require.NoError(t, err)
	r, err := Open("test", data)
	require.NoError(t, err)

	few := column.NewBatch(sales.Silver.Project("revenue", "status", "order_id"), 0)
	require.NoError(t, r.Read(few))
	require.Equal(t, batch.Column("revenue").I64, few.Column("revenue").I64)
	require.Equal(t, batch.Column("order_id").Text, few.Column("order_id").Text)
	require.Equal(t, "pending", few.Column("status").String(1))

	// Text and Symbol are two ways to hold one Parquet type.
	other := column.NewBatch(&column.Schema{Name: "other", Fields: []column.Field{
		{ID: 1, Name: "order_id", Type: column.Symbol},
		{ID: 2, Name: "region", Type: column.String},
		{ID: 3, Name: "payment_method", Type: column.String, Optional: true},
		{ID: 4, Name: "added_later", Type: column.Symbol, Optional: true},
	}}, 0)
	require.NoError(t, r.Read(other))
	require.Equal(t, 200, other.Rows())
	for i := range 200 {
		require.Equal(t, batch.Column("order_id").String(i), other.Column("order_id").String(i))
		require.Equal(t, batch.Column("region").String(i), other.Column("region").String(i))
		require.Equal(t, batch.Column("payment_method").String(i), other.Column("payment_method").String(i))
		require.Empty(t, other.Column("added_later").String(i))
	}
}

func TestReadRefusesAnotherSchema(t *testing.T) {
	e, err := NewEncoder(sales.Silver, Encoding{})
	require.NoError(t, err)
	data, err := e.Encode(nil, silverBatch(10))
	require.NoError(t, err)
	r, err := Open("silver/x.parquet", data)
	require.NoError(t, err)
	for name, field := range map[string]column.Field{
		"column missing: the file lacks it":                                      {Name: "missing", Type: column.Int64},
		"column revenue: the file has DECIMAL(18,2), want INT(64,true)":          {Name: "revenue", Type: column.Int64},
		"column quantity: the file has INT(32,true), want DATE":                  {Name: "quantity", Type: column.Date},
		"column order_id: the file has STRING, want BYTE_ARRAY":                  {Name: "order_id", Type: column.Binary},
		"column payment_method: null where none may be":                          {Name: "payment_method", Type: column.Symbol},
		"column event_ts: the file has TIMESTAMP(isAdjustedToUTC=true,unit=MICR": {Name: "event_ts", Type: column.Decimal},
	} {
		dst := column.NewBatch(&column.Schema{Fields: []column.Field{{ID: 1, Name: "order_id", Type: column.String}, field}}, 0)
		err := r.Read(dst)
		require.ErrorIs(t, err, ErrCorrupt)
		require.ErrorContains(t, err, "silver/x.parquet: corrupt: "+name)
		require.Zero(t, dst.Columns[0].Len(), "rows must not be half read")
	}
}

func TestNewEncoderRefusesUnknownCompression(t *testing.T) {
	_, err := NewEncoder(sales.Silver, Encoding{Compression: "lzo"})
	require.ErrorContains(t, err, "want snappy or zstd")
}
