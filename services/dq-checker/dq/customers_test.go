package dq

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

const customersSlice = "day=2026-01-01/p=003"

// customers makes a file of n versions of the day; edit may change the batch.
func customers(t testing.TB, n int, edit func(*column.Batch)) []byte {
	b := column.NewBatch(sales.SilverCustomers, n)
	for i := range n {
		for c := range b.Columns {
			switch col := &b.Columns[c]; col.Type {
			case column.Int32:
				col.I32 = append(col.I32, 0)
			case column.Timestamp, column.Int64:
				col.I64 = append(col.I64, testDay*sales.MicrosPerDay+int64(i))
			default:
				col.AppendString(fmt.Sprintf("%s-%d", sales.SilverCustomers.Fields[c].Name, i))
			}
		}
	}
	if edit != nil {
		edit(b)
	}
	e, err := lake.NewEncoder(sales.SilverCustomers, lake.Encoding{})
	require.NoError(t, err)
	data, err := e.Encode(nil, b)
	require.NoError(t, err)
	return data
}

// customersManifest is that of a slice with one file.
func customersManifest(version int64, n int, data []byte) *lake.Manifest {
	c := lake.Count{Rows: int64(n)}
	return &lake.Manifest{Format: lake.Format, Table: sales.TableSilverCustomers, Slice: customersSlice, Day: "2026-01-01", Partition: partition,
		Version: version, Count: c, Files: []lake.File{lake.NewFile(fmt.Sprintf("silver/customers/%d.parquet", version), data, c)}}
}

func TestCustomersAreJudged(t *testing.T) {
	for name, c := range map[string]struct {
		rows    func(*column.Batch)
		edit    func(*lake.Manifest)
		rule    string // that fails, "" for none
		message string
	}{
		"sound":       {},
		"no customer": {rows: func(b *column.Batch) { b.Column("customer_id").Text.Ends[0] = 0 }, rule: "customers_complete", message: "customer_id is missing in 1 of 9 rows, such as silver/customers/1.parquet row 1"},
		"one twice": {rows: func(b *column.Batch) {
			id, at := b.Column("customer_id"), b.Column("updated_ts")
			at.I64[1] = at.I64[0]
			copy(id.Text.Data[id.Text.Ends[0]:], id.Text.Data[:id.Text.Ends[0]])
		}, rule: "customers_unique", message: "1 rows repeat customer_id and updated_ts, such as silver/customers/1.parquet row 2 (customer_id-0)"},
		"another day":  {rows: func(b *column.Batch) { b.Column("updated_ts").I64[3] -= sales.MicrosPerDay }, rule: "customers_day", message: "updated_ts is of another day in 1 of 9 rows, such as silver/customers/1.parquet row 4 (2025-12-31T00:00:00.000003Z)"},
		"a row less":   {edit: func(m *lake.Manifest) { m.Rows++ }, rule: "customers_agree", message: "rows: found 9, expected 10 (manifest.rows)"},
		"other object": {edit: func(m *lake.Manifest) { m.Files[0].SHA256 = "" }, rule: "files", message: "SHA-256"},
	} {
		t.Run(name, func(t *testing.T) {
			data := customers(t, 9, c.rows)
			m := customersManifest(1, 9, data)
			o := objects{m.Files[0].Key: data}
			if c.edit != nil {
				c.edit(m)
			}
			a := testAuditor(t, o)
			slice, err := a.Audit(t.Context(), m)
			require.NoError(t, err)
			findings, _, err := a.Judge(t.Context(), Evidence{Manifest: m, Balances: map[int32]Balance{partition: {}}, Slice: slice})
			require.NoError(t, err)
			for _, f := range findings {
				if f.Rule == c.rule {
					require.Equal(t, lake.Fail, f.Outcome)
					require.Contains(t, f.Message, c.message)
				} else if c.rule != "files" {
					require.Equal(t, lake.Pass, f.Outcome, f)
				}
			}
		})
	}
}

// publishCustomers is one commit of bronze and silver: n versions of customers of one day.
func (r *rig) publishCustomers(version int64, n int) *lake.Manifest {
	data := customers(r.t, n, nil)
	m := customersManifest(version, n, data)
	require.NoError(r.t, r.bucket.Put(context.Background(), m.Files[0].Key, data))
	rows := lake.Count{Rows: int64(n)}
	bronze := lake.Manifest{Format: lake.Format, Table: sales.TableBronzeCustomers, Slice: "c", Partition: partition, Count: rows,
		Source: &lake.Source{Name: sales.TopicCustomers, Partition: partition, Next: rows.Rows, Records: rows.Rows}}
	l := lake.Ledger{Format: lake.Format, Stage: "silver", Table: m.Table, Source: sales.TopicCustomers, Partition: partition, Version: version,
		Slices: []string{m.Slice}, Sources: []string{sales.TopicCustomers}, Through: 1, Next: rows.Rows, In: rows, Out: rows}
	require.NoError(r.t, stream.Transact(context.Background(), r.kafka, fmt.Sprint("customers-", version), []stream.Record{
		r.record(sales.TopicBronze, bronze.Key(), bronze.Encode()),
		r.record(sales.TopicSilver, m.Key(), m.Encode()), r.record(sales.TopicSilver, l.Key(), l.Encode())}))
	return m
}

// TestStageJudgesCustomers lets a slice of silver pass by itself, beside gold's days of the
// same partition, after it was held for a damaged file.
func TestStageJudgesCustomers(t *testing.T) {
	r := newRig(t)
	m := r.publishCustomers(1, 20)
	good, err := r.bucket.Get(context.Background(), m.Files[0].Key)
	require.NoError(t, err)
	require.NoError(t, r.bucket.Put(context.Background(), m.Files[0].Key, []byte("damaged")))
	r.run(r.until(1))
	require.Equal(t, m.Key(), r.verdicts()[0].Key())
	require.Equal(t, []string{"files", "customers_agree"}, failed(r.verdicts()[0]))

	require.NoError(t, r.bucket.Put(context.Background(), m.Files[0].Key, good))
	r.run(r.until(2))
	require.Equal(t, lake.Pass, r.verdicts()[1].Outcome, r.verdicts()[1].Findings)
	require.Equal(t, *m, r.verdicts()[1].Manifest)
	r.run(r.until(2)) // has nothing left to judge
	require.Len(t, r.verdicts(), 2)
}
