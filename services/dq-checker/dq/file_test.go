package dq

import (
	"context"
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
				col.I32 = append(col.I32, 1)
			case column.Timestamp:
				col.I64 = append(col.I64, testDay*sales.MicrosPerDay+int64(i))
			case column.Decimal, column.Int64:
				col.I64 = append(col.I64, int64(i*100))
			default:
				col.AppendString(fmt.Sprintf("%s-%06d", sales.Silver.Fields[c].Name, i))
			}
		}
		status, currency := b.Column("status"), b.Column("currency")
		status.I32[i] = status.Dict.Code([]byte(statuses[i%len(statuses)]))
		currency.I32[i] = currency.Dict.Code([]byte(sales.DefaultCurrency))
	}
	if edit != nil {
		edit(b)
	}
	return encode(t, sales.Silver, b)
}

func cents(n int) int64 { return int64(n) * int64(n-1) / 2 * 100 }

func manifest(o objects, n int, data []byte) *lake.Manifest {
	c := lake.Count{Rows: int64(n), Cents: cents(n)}
	f := lake.NewFile("silver/sales/a.parquet", data, c)
	o[f.Key] = data
	return &lake.Manifest{Table: sales.TableFacts, Day: "2026-01-01", Files: []lake.File{f}, Count: c}
}

func TestAuditReadsWhatTheWriterWrote(t *testing.T) {
	const n = 2500 // three row groups
	o := objects{}
	a := auditorOf(t, o, `
rules:
  - {name: s, kind: reconcile, table: silver/sales, severity: fail, owner: x, description: x, equal: [
      {left: [facts.rows], right: [facts.revenue], where: {status: [completed, refunded]}}, {left: [facts.quantity], right: [rows], where: {status: [pending, cancelled]}}]}
`)
	s, err := a.Audit(context.Background(), manifest(o, n, facts(t, n, nil)))
	require.NoError(t, err)
	require.Empty(t, s.Unreadable)
	require.Empty(t, s.Drift)
	require.Equal(t, lake.Count{Rows: n, Cents: cents(n)}, s.Count)
	sums := map[string]int64{}
	for id, p := range s.parts {
		sums[id] = p.(*sumsPart).sums[""]
	}
	sold := int64(0)
	for i := range n {
		if i%2 == 1 { // completed, refunded
			sold += int64(i * 100)
		}
	}
	require.Equal(t, map[string]int64{
		`sum:rows by [] status in ["completed" "refunded"]`:    n / 2,
		`sum:revenue by [] status in ["completed" "refunded"]`: sold,
		`sum:quantity by [] status in ["pending" "cancelled"]`: n / 2,
		`sum:rows by []`: n,
	}, sums)
}

func TestAuditNamesBadRows(t *testing.T) {
	const n = 50
	d := newDay(t, n, edits{sales.TableSilver: func(b *column.Batch) {
		set("order_id", 7, "")(b)
		set("order_id", 9, "order_id-000008")(b)
		add("order_ts", 11, sales.MicrosPerDay)(b)
	}})
	findings, samples := d.judge(t, testAuditor(t, d), sales.TableSilver)
	for rule, want := range map[string]string{
		"orders_complete": "order_id is missing in 1 of 50 rows, such as silver/sales/a.parquet row 8",
		"orders_unique":   "1 rows repeat order_id, such as silver/sales/a.parquet row 10 (order_id-000008)",
		"orders_day":      "order_ts is of another day in 1 of 50 rows, such as silver/sales/a.parquet row 12 (2026-01-02T00:00:00.000011Z)",
	} {
		require.Equal(t, want, findings[rule].Message)
		require.EqualValues(t, 50, findings[rule].Checked)
		require.EqualValues(t, 1, findings[rule].Failed)
	}
	row := func(rule string, row int64, id, column, value string) Sample {
		return Sample{Rule: rule, ID: id, Record: lake.RecordID{Partition: 1, Offset: (row - 1) * 100}, File: "silver/sales/a.parquet", Row: row, Column: column, Value: value, eventID: fmt.Sprintf("event_id-%06d", row-1)}
	}
	require.Equal(t, []Sample{
		row("orders_complete", 8, "", "order_id", ""),
		row("orders_unique", 10, "order_id-000008", "order_id", "order_id-000008"),
		row("orders_day", 12, "order_id-000011", "order_ts", "2026-01-02T00:00:00.000011Z"),
	}, samples)
}

func TestAuditSeesSumsThatWrap(t *testing.T) {
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
			m := manifest(o, n, facts(t, n, func(b *column.Batch) {
				copy(b.Column("revenue").I64, test.amounts)
				copy(b.Column("unit_price").I64, test.amounts)
			}))
			m.Cents = 0
			for _, v := range test.amounts {
				m.Cents += v
			}
			m.Files[0].Cents = m.Cents
			m.Inputs = []lake.Input{{Count: m.Count}}
			d := &day{o, map[string]*lake.Manifest{sales.TableSilver: m}, nil}
			findings, _ := d.judge(t, testAuditor(t, o), sales.TableSilver)
			for rule, f := range findings {
				if rule == "facts_agree" && test.excess != "" {
					require.Equal(t, lake.Fail, f.Outcome)
					require.Contains(t, f.Message, "the greatest is "+test.excess)
				} else {
					require.Equal(t, lake.Pass, f.Outcome, f)
				}
			}
		})
	}
}

// TestAuditFindsEveryFlip gives the flipped object a matching SHA-256, so
// that only the second implementation can notice.
func TestAuditFindsEveryFlip(t *testing.T) {
	const n = 200
	clean := facts(t, n, nil)
	silent, o := 0, objects{}
	a := testAuditor(t, o)
	rapid.Check(t, func(t *rapid.T) {
		data := append([]byte{}, clean...)
		at := rapid.IntRange(0, len(data)-1).Draw(t, "at")
		data[at] ^= byte(1 << rapid.IntRange(0, 7).Draw(t, "bit"))
		m := manifest(o, n, data)

		lying := *m
		lying.Files = []lake.File{lake.NewFile(m.Files[0].Key, clean, m.Count)}
		s, err := a.Audit(context.Background(), &lying)
		require.NoError(t, err)
		require.Len(t, s.Unreadable, 1)
		require.Contains(t, s.Unreadable[0], "SHA-256")

		s, err = a.Audit(context.Background(), m) // must not panic, and must not misread the money
		require.NoError(t, err)
		if len(s.Unreadable)+len(s.Drift) == 0 {
			silent++
			require.Equal(t, m.Count, s.Count)
		}
	})
	t.Logf("%d flips changed nothing that the audit reads", silent)
}

func TestOpenFileNamesWhatDiffers(t *testing.T) {
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
		_, err := OpenFile(data, f)
		require.ErrorIs(t, err, lake.ErrCorrupt)
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, "k.parquet")
	}
	for _, short := range [][]byte{nil, data[:4], data[:len(data)/2], data[:len(data)-1]} {
		_, err := OpenFile(short, lake.NewFile("k.parquet", short, good.Count))
		require.ErrorIs(t, err, lake.ErrCorrupt, "%d bytes", len(short))
	}
	file, err := OpenFile(data, good)
	require.NoError(t, err)
	require.Empty(t, file.Drift(sales.Silver))
	require.NotEmpty(t, file.Drift(sales.SilverCustomers))
	g, err := file.RowGroup(0, sales.SilverCustomers)
	require.NoError(t, err)
	_, err = g.Column("updated_ts")
	require.ErrorIs(t, err, lake.ErrCorrupt)
	require.ErrorContains(t, err, "k.parquet: corrupt: no column updated_ts")
}
