package column

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var allTypes = &Schema{Name: "test/all", Version: 1, Fields: []Field{
	{ID: 1, Name: "i32", Type: Int32}, {ID: 2, Name: "i64", Type: Int64},
	{ID: 3, Name: "decimal", Type: Decimal}, {ID: 4, Name: "timestamp", Type: Timestamp},
	{ID: 5, Name: "date", Type: Date}, {ID: 6, Name: "string", Type: String},
	{ID: 7, Name: "symbol", Type: Symbol, Optional: true}, {ID: 8, Name: "binary", Type: Binary, Optional: true},
}}

// model is the naive batch: rows of values.
type model [][]any

func drawRow(t *rapid.T) []any {
	row := make([]any, len(allTypes.Fields))
	for i, f := range allTypes.Fields {
		switch f.Type {
		case Int64, Decimal, Timestamp:
			row[i] = rapid.Int64().Draw(t, f.Name)
		case Int32, Date:
			row[i] = rapid.Int32().Draw(t, f.Name)
		default:
			row[i] = rapid.StringN(0, 3, 8).Draw(t, f.Name)
		}
	}
	return row
}

func requireSame(t require.TestingT, want model, b *Batch) {
	require.Equal(t, len(want), b.Rows())
	for i := range b.Columns {
		c := &b.Columns[i]
		require.Equal(t, len(want), c.Len())
		for r, row := range want {
			switch v := row[i].(type) {
			case int64:
				require.Equal(t, v, c.I64[r])
			case int32:
				require.Equal(t, v, c.I32[r])
			case string:
				require.Equal(t, v, c.String(r))
				require.Equal(t, v, string(c.Bytes(r)))
			}
		}
	}
}

// Any run of operations on two batches gives what it gives on rows.
func TestBatchIsLikeRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		batches := []*Batch{NewBatch(allTypes, 0), NewBatch(allTypes, 8)}
		models := []model{nil, nil}
		t.Repeat(map[string]func(*rapid.T){
			"append": func(t *rapid.T) {
				i, row := rapid.IntRange(0, 1).Draw(t, "batch"), drawRow(t)
				batches[i].AppendRow(row...)
				models[i] = append(models[i], row)
			},
			"half a row": func(t *rapid.T) {
				i, row := rapid.IntRange(0, 1).Draw(t, "batch"), drawRow(t)
				before := batches[i].Rows()
				(&Batch{Schema: allTypes, Columns: batches[i].Columns[:rapid.IntRange(0, 7).Draw(t, "columns")]}).AppendRow(row...)
				require.Equal(t, before, batches[i].Rows())
				batches[i].Truncate(before)
			},
			"append rows": func(t *rapid.T) {
				i := rapid.IntRange(0, 1).Draw(t, "batch")
				if len(models[1-i]) == 0 {
					t.Skip()
				}
				rows := rapid.SliceOfN(rapid.Int32Range(0, int32(len(models[1-i])-1)), 0, 20).Draw(t, "rows")
				batches[i].AppendRows(batches[1-i], rows)
				for _, r := range rows {
					models[i] = append(models[i], models[1-i][r])
				}
			},
			"truncate": func(t *rapid.T) {
				i := rapid.IntRange(0, 1).Draw(t, "batch")
				n := rapid.IntRange(0, len(models[i])).Draw(t, "rows")
				batches[i].Truncate(n)
				models[i] = models[i][:n:n]
			},
			"reset": func(t *rapid.T) {
				batches[0].Reset()
				models[0] = nil
				require.Zero(t, batches[0].Column("symbol").Dict.Len())
			},
			"": func(t *rapid.T) {
				requireSame(t, models[0], batches[0])
				requireSame(t, models[1], batches[1])
			},
		})
	})
}

func TestAppendRowsTakesOnlyTheSymbolsOfItsRows(t *testing.T) {
	from, to := NewBatch(allTypes.Project("symbol"), 0), NewBatch(allTypes.Project("symbol"), 0)
	for _, v := range []string{"a", "b", "c", "b"} {
		from.Columns[0].AppendString(v)
	}
	to.AppendRows(from, []int32{3, 2, 1})
	require.Equal(t, 2, to.Columns[0].Dict.Len())
	require.Equal(t, []int32{0, 1, 0}, to.Columns[0].I32)
}

func TestAppendAllCountsOffsetsFromAnyBase(t *testing.T) {
	var text Text
	text.Append([]byte("before"))
	text.AppendAll([]byte("onethree"), []uint32{7, 10, 10, 15})
	require.Equal(t, 4, text.Len())
	require.Equal(t, "before|one||three", fmt.Sprintf("%s|%s|%s|%s", text.At(0), text.At(1), text.At(2), text.At(3)))
	text.AppendAll(nil, []uint32{5})
	require.Equal(t, 4, text.Len())
}

func TestSchema(t *testing.T) {
	require.Equal(t, 2, allTypes.Index("decimal"))
	require.Equal(t, -1, allTypes.Index("missing"))
	p := allTypes.Project("string", "i32")
	require.Equal(t, []int{6, 1}, []int{p.Fields[0].ID, p.Fields[1].ID})
	require.PanicsWithValue(t, `column: schema test/all has no column "missing"`, func() { allTypes.Must("missing") })
	require.Equal(t, "DECIMAL(18,2)", Decimal.String())
	require.Equal(t, "Type(99)", Type(99).String())
	require.Equal(t, "Type(0)", Type(0).String())
}

func TestSizeCountsTheVectors(t *testing.T) {
	b := NewBatch(allTypes, 100)
	require.Equal(t, 3*4*100+3*8*100+2*4*100, b.Size())
	b.Column("binary").AppendBytes(make([]byte, 1<<16))
	require.Greater(t, b.Size(), 1<<16)
}

func BenchmarkAppendRows(b *testing.B) {
	src, dst := NewBatch(allTypes, 0), NewBatch(allTypes, 0)
	rows := make([]int32, 0, 65_536)
	for i := range int32(65_536) {
		src.AppendRow(i, int64(i), int64(i), int64(i), i, fmt.Sprint("order-", i), fmt.Sprint("sym", i%500), "raw")
		rows = append(rows, i*7919%65_536)
	}
	for b.Loop() {
		dst.Reset()
		dst.AppendRows(src, rows)
	}
	b.ReportMetric(65_536*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
