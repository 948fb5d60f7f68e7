package history

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// entry is one row of what a reader finds, as text: columns parted by |.
type entry struct{ table, row string }

// measures are the counts of gold's tables.
const measures = "orders units gross_revenue refunded_revenue net_revenue customers pending_orders cancelled_orders"

// tables are those that a reader compares: their schemas, and the columns in
// the order of oracle.sql.
var tables = []struct {
	schema  *column.Schema
	columns string
}{
	{sales.Silver, "order_id order_ts event_ts event_id customer_id product_id category region quantity unit_price revenue currency status payment_method _partition _offset"},
	{sales.DailySales, "order_date region category " + measures},
	{sales.DailyProducts, "order_date product_id category " + measures},
	{sales.HourlySales, "order_hour region category " + strings.Replace(measures, " customers", "", 1)},
	{sales.RefundsByDay, "order_date refund_date region category refunds refunded_revenue"},
}

// found gives all that a reader finds in the lake.
func (l *lakeOf) found() []entry {
	var all []entry
	for _, t := range tables {
		for _, m := range l.manifests(t.schema.Name) {
			for _, row := range texts(l.rows(m, t.schema), t.columns) {
				all = append(all, entry{t.schema.Name, m.Slice + "|" + row})
			}
		}
	}
	l.checkFacts()
	return append(append(all, l.rejects()...), l.ledgers()...)
}

// manifests gives a table's newest manifests.
func (l *lakeOf) manifests(table string) map[string]*lake.Manifest {
	name := sales.TopicGold
	if table == sales.TableSilver {
		name = sales.TopicSilver
	}
	newest := map[string]*lake.Manifest{}
	for _, records := range l.topics[name] {
		for _, r := range records {
			if !strings.HasPrefix(string(r.Key), table+"/") {
				continue
			}
			m, err := lake.DecodeManifest(r.Value)
			require.NoError(l.t, err)
			if before := newest[m.Slice]; before != nil {
				require.Greater(l.t, m.Version, before.Version, m.Key())
			}
			newest[m.Slice] = m
		}
	}
	return newest
}

// rows reads the files of a manifest.
func (l *lakeOf) rows(m *lake.Manifest, s *column.Schema) *column.Batch {
	b := column.NewBatch(s, 0)
	for _, f := range m.Files {
		r, err := lake.Fetch(context.Background(), l.bucket, f)
		require.NoError(l.t, err)
		require.NoError(l.t, r.Read(b))
	}
	require.EqualValues(l.t, m.Rows, b.Rows(), m.Key())
	return b
}

// texts gives the rows of a batch by columns.
func texts(b *column.Batch, columns string) []string {
	names := strings.Fields(columns)
	rows, row := make([]string, b.Rows()), make([]string, len(names))
	for i := range rows {
		for j, name := range names {
			row[j] = text(b.Column(name), i)
		}
		rows[i] = strings.Join(row, "|")
	}
	return rows
}

func text(c *column.Column, i int) string {
	switch c.Type {
	case column.Date:
		return sales.FormatDay(c.I32[i])
	case column.Int32:
		return fmt.Sprint(c.I32[i])
	case column.Int64, column.Decimal, column.Timestamp:
		return fmt.Sprint(c.I64[i])
	default:
		return c.String(i)
	}
}

// checkFacts: the facts are silver's files, and each silver row is in one cell.
func (l *lakeOf) checkFacts() {
	inSilver, inFacts, cells := map[string]lake.Count{}, map[string]lake.Count{}, int64(0)
	for _, m := range l.manifests(sales.TableSilver) {
		if m.Rows > 0 {
			inSilver[m.Day] = inSilver[m.Day].Add(m.Count)
		}
	}
	for _, m := range l.manifests(sales.TableFacts) {
		if m.Rows > 0 {
			inFacts[m.Day] = m.Count
		}
		cells -= m.Rows
	}
	require.Equal(l.t, inSilver, inFacts)
	for _, m := range l.manifests(sales.TableDailySales) {
		b := l.rows(m, sales.DailySales)
		for i := range b.Rows() {
			cells += b.Column("orders").I64[i] + b.Column("pending_orders").I64[i] + b.Column("cancelled_orders").I64[i]
		}
	}
	require.Zero(l.t, cells, "rows in cells, less those of facts")
}

// rejects reads the quarantine by listing it.
func (l *lakeOf) rejects() []entry {
	var all []entry
	for key, err := range l.bucket.Keys(context.Background(), sales.Quarantine.Name+"/") {
		require.NoError(l.t, err)
		data, err := l.bucket.Get(context.Background(), key)
		require.NoError(l.t, err)
		r, err := lake.Open(key, data)
		require.NoError(l.t, err)
		b := column.NewBatch(sales.Quarantine, 0)
		require.NoError(l.t, r.Read(b))
		for _, row := range texts(b, "code field key _source _partition _offset _ingest_ts") {
			all = append(all, entry{"rejects", row})
		}
	}
	return all
}

// ledgers gives what each source's ledger says, and per partition what does not
// depend on the order of arrival: the rows kept, and those lost to others.
func (l *lakeOf) ledgers() []entry {
	newest := map[string]*lake.Ledger{}
	for _, records := range l.topics[sales.TopicSilver] {
		for _, r := range records {
			if lake.IsLedger(r.Key) {
				ledger, err := lake.DecodeLedger(r.Value)
				require.NoError(l.t, err)
				newest[string(r.Key)] = ledger
			}
		}
	}
	var all []entry
	say := func(what string, n lake.Count) {
		all = append(all, entry{"ledger", fmt.Sprintf("%s|%d|%d", what, n.Rows, n.Cents)})
	}
	out, lost := map[int32]lake.Count{}, map[int32]lake.Count{}
	for key, ledger := range newest {
		require.Zero(l.t, ledger.Residual(), key)
		say(fmt.Sprintf("in|%s|%d", ledger.Source, ledger.Partition), ledger.In)
		for code, n := range ledger.Rejected {
			say(fmt.Sprintf("rejected|%s|%d|%s", ledger.Source, ledger.Partition, code), n)
		}
		p := ledger.Partition
		out[p] = out[p].Add(ledger.Out)
		lost[p] = lost[p].Add(ledger.Duplicate).Add(ledger.Superseded)
	}
	for p := range out {
		say(fmt.Sprint("out|", p), out[p])
		say(fmt.Sprint("lost|", p), lost[p])
	}
	return all
}

// checkRestatements: those of a cell lead from one to the next, and the last
// one to the cell as it is published.
func (l *lakeOf) checkRestatements() {
	const cell, none = "order_date region category", "0|0|0|0|0|0|0|0"
	published := l.manifests(sales.TableDailySales)
	for slice, m := range l.manifests(sales.TableRestatements) {
		b := l.rows(m, sales.Restatements)
		measured := func(as string) []string { return texts(b, as+strings.ReplaceAll(measures, " ", " "+as)) }
		cells, old, now := texts(b, cell), measured("old_"), measured("new_")
		order := make([]int, b.Rows())
		for i := range order {
			order[i] = i
		}
		slices.SortFunc(order, func(i, j int) int { return int(b.Column("version").I64[i] - b.Column("version").I64[j]) })
		last := map[string]string{}
		for _, i := range order {
			if before, known := last[cells[i]]; known {
				require.Equal(l.t, before, old[i], "what version %d restates of %s", b.Column("version").I64[i], cells[i])
			}
			last[cells[i]] = now[i]
		}
		is, values := l.rows(published[slice], sales.DailySales), map[string]string{}
		for i, row := range texts(is, cell) {
			values[row] = texts(is, measures)[i]
		}
		for name, restated := range last {
			if restated == none {
				restated = ""
			}
			require.Equal(l.t, restated, values[name], "the last restatement of %s", name)
		}
	}
}
