package dq

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// objects is a bucket in memory.
type objects map[string][]byte

func (o objects) Get(_ context.Context, key string) ([]byte, error) {
	if data, ok := o[key]; ok {
		return data, nil
	}
	return nil, fmt.Errorf("%s: %w", key, fs.ErrNotExist)
}

var statuses = []string{sales.Pending, sales.Completed, sales.Cancelled, sales.Refunded}

const testDay = 20_454 // 2026-01-01

// facts makes a silver file of n orders of the day; edit may change the batch.
func facts(t testing.TB, n int, edit func(*column.Batch)) []byte {
	b := column.NewBatch(sales.Silver, n)
	for i := range n {
		for c := range b.Columns {
			col := &b.Columns[c]
			switch col.Type {
			case column.Int32:
				col.I32 = append(col.I32, int32(i%7+1))
			case column.Timestamp:
				col.I64 = append(col.I64, testDay*sales.MicrosPerDay+int64(i))
			case column.Decimal, column.Int64:
				col.I64 = append(col.I64, int64(i*100))
			default:
				col.AppendString(fmt.Sprintf("%s-%06d", sales.Silver.Fields[c].Name, i))
			}
		}
		status := b.Column("status")
		status.I32[i] = status.Dict.Code([]byte(statuses[i%len(statuses)]))
	}
	if edit != nil {
		edit(b)
	}
	e, err := lake.NewEncoder(sales.Silver, lake.Encoding{RowGroup: 1000})
	require.NoError(t, err)
	data, err := e.Encode(nil, b)
	require.NoError(t, err)
	return data
}

func cents(n int) int64 { return int64(n) * int64(n-1) / 2 * 100 }

func manifest(o objects, n int, data []byte) *lake.Manifest {
	c := lake.Count{Rows: int64(n), Cents: cents(n)}
	f := lake.NewFile("silver/sales/a.parquet", data, c)
	o[f.Key] = data
	return &lake.Manifest{Table: sales.TableFacts, Day: "2026-01-01", Files: []lake.File{f}, Count: c}
}

func TestAuditFactsReadsWhatTheWriterWrote(t *testing.T) {
	const n = 2500 // three row groups
	o := objects{}
	f, err := AuditFacts(context.Background(), o, manifest(o, n, facts(t, n, nil)))
	require.NoError(t, err)
	require.Empty(t, f.Unreadable)
	require.Equal(t, lake.Count{Rows: n, Cents: cents(n)}, f.Count)
	require.Equal(t, int64(n/2), f.Sold.Rows)
	require.Equal(t, int64(n/4), f.Refunded.Rows)
	require.Equal(t, int64(n/2), f.openOrders)
	require.Zero(t, f.NoOrderID.n+f.NoRevenue.n+f.Duplicates.n+f.Strays.n)
}

func TestAuditFactsNamesBadRows(t *testing.T) {
	const n = 50
	o := objects{}
	data := facts(t, n, func(b *column.Batch) {
		id := b.Column("order_id")
		old := id.Text
		id.Text = column.Text{}
		for i := range n {
			switch i {
			case 7:
				id.Text.Append(nil)
			case 9:
				id.Text.Append(old.At(8))
			default:
				id.Text.Append(old.At(i))
			}
		}
		b.Column("order_ts").I64[11] += sales.MicrosPerDay
	})
	f, err := AuditFacts(context.Background(), o, manifest(o, n, data))
	require.NoError(t, err)
	require.Equal(t, []string{"silver/sales/a.parquet row 8"}, f.NoOrderID.names)
	require.Equal(t, []string{"silver/sales/a.parquet row 10 (order order_id-000008)"}, f.Duplicates.names)
	require.Equal(t, []string{"silver/sales/a.parquet row 12"}, f.Strays.names)
}

func TestAuditFactsSeesSumsThatWrap(t *testing.T) {
	for name, test := range map[string]struct {
		amounts []int64
		excess  string
	}{
		"just held":       {[]int64{maxCents - 1, 1}, ""},
		"a cent too much": {[]int64{1, maxCents}, "9999999999999999.99 in silver/sales/a.parquet row 2"},
		"wrapped":         {slices.Repeat([]int64{maxCents}, 37), "9999999999999999.99 in silver/sales/a.parquet row 1"},
	} {
		t.Run(name, func(t *testing.T) {
			n, o := len(test.amounts), objects{}
			m := manifest(o, n, facts(t, n, func(b *column.Batch) { copy(b.Column("revenue").I64, test.amounts) }))
			m.Files[0].Cents = 0
			for _, v := range test.amounts {
				m.Files[0].Cents += v
			}
			f, err := AuditFacts(context.Background(), o, m)
			require.NoError(t, err)
			require.Empty(t, f.Unreadable)
			require.Equal(t, test.excess, f.Excess)
		})
	}
}

// TestReadFileFindsEveryFlip gives the flipped object a matching SHA-256, so
// that only the second implementation can notice.
func TestReadFileFindsEveryFlip(t *testing.T) {
	const n = 200
	clean := facts(t, n, nil)
	silent := 0
	rapid.Check(t, func(t *rapid.T) {
		data := append([]byte{}, clean...)
		at := rapid.IntRange(0, len(data)-1).Draw(t, "at")
		data[at] ^= byte(1 << rapid.IntRange(0, 7).Draw(t, "bit"))
		o := objects{}
		m := manifest(o, n, data)

		lying := *m
		lying.Files = []lake.File{lake.NewFile(m.Files[0].Key, clean, m.Count)}
		f, err := AuditFacts(context.Background(), o, &lying)
		require.NoError(t, err)
		require.Len(t, f.Unreadable, 1)
		require.Contains(t, f.Unreadable[0], "SHA-256")

		f, err = AuditFacts(context.Background(), o, m) // must not panic, and must not misread the money
		require.NoError(t, err)
		if len(f.Unreadable) == 0 {
			silent++
			require.Equal(t, m.Count, f.Count)
		}
	})
	t.Logf("%d flips changed nothing that the audit reads", silent)
}

func TestReadFileNamesWhatDiffers(t *testing.T) {
	const n = 10
	data := facts(t, n, nil)
	good := lake.NewFile("k.parquet", data, lake.Count{Rows: n, Cents: cents(n)})
	for want, edit := range map[string]func(*lake.File){
		"its manifest says 1":                  func(f *lake.File) { f.Bytes = 1 },
		"its manifest says 00":                 func(f *lake.File) { f.SHA256 = "00" },
		"footer says 10 rows, the manifest 11": func(f *lake.File) { f.Rows = 11 },
	} {
		f := good
		edit(&f)
		_, err := ReadFile(data, f)
		require.ErrorIs(t, err, lake.ErrCorrupt)
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, "k.parquet")
	}
	for _, short := range [][]byte{nil, data[:4], data[:len(data)/2], data[:len(data)-1]} {
		sum := sha256.Sum256(short)
		_, err := ReadFile(short, lake.File{Key: "k.parquet", Bytes: int64(len(short)), SHA256: hex.EncodeToString(sum[:]), Count: good.Count})
		require.ErrorIs(t, err, lake.ErrCorrupt, "%d bytes", len(short))
	}
	table, err := ReadFile(data, good)
	require.NoError(t, err)
	require.ErrorIs(t, table.Ints("order_id", func(_, _ int64, _ bool) {}), lake.ErrCorrupt)
	require.ErrorIs(t, table.Strings("nothing", func(int64, string) {}), lake.ErrCorrupt)
}
