package dq

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/rules"
	"github.com/saleslake/saleslake/pkg/sales"
)

// edits change what the files of a table hold, by table; facts are silver/sales.
type edits map[string]func(*column.Batch)

// goldSchemas are those of the aggregates, in the order of goldTables.
var goldSchemas = []*column.Schema{sales.DailySales, sales.DailyProducts, sales.HourlySales, sales.RefundsByDay, sales.Restatements}

// day is a day of n orders in memory: objects, and manifests by table.
type day struct {
	objects
	manifests map[string]*lake.Manifest
	balances  map[int32]Balance
}

func newDay(t testing.TB, n int, edit edits) *day {
	o := objects{}
	facts := manifest(o, n, facts(t, n, edit[sales.TableSilver]))
	facts.Version, facts.Slice = 2, "day=2026-01-01"
	facts.Inputs = []lake.Input{{Table: sales.TableSilver, Slice: "day=2026-01-01/p=003", Version: 2, Count: facts.Count}}
	d := &day{o, map[string]*lake.Manifest{sales.TableSilver: facts}, map[int32]Balance{partition: {Records: 100_000, Rejected: 4_999}}}
	for _, schema := range goldSchemas {
		b := cells(schema, n, 2)
		if f := edit[schema.Name]; f != nil {
			f(b)
		}
		data := encode(t, schema, b)
		m := *facts
		m.Table, m.Inputs = schema.Name, facts.Inputs
		m.Count = lake.Count{Rows: int64(b.Rows()), Cents: moneyOfBatch(b)}
		m.Files = []lake.File{lake.NewFile(schema.Name+"/a.parquet", data, m.Count)}
		o[m.Files[0].Key] = data
		d.manifests[schema.Name] = &m
	}
	return d
}

func encode(t testing.TB, schema *column.Schema, b *column.Batch) []byte {
	e, err := lake.NewEncoder(schema, lake.Encoding{RowGroup: 1000})
	require.NoError(t, err)
	data, err := e.Encode(nil, b)
	require.NoError(t, err)
	return data
}

// cells is the one cell of an aggregate that the first n orders of facts make.
func cells(schema *column.Schema, n int, version int64) *column.Batch {
	b := column.NewBatch(schema, 1)
	values := map[string]int64{"version": version}
	for i := range n {
		cents := int64(i * 100)
		switch statuses[i%len(statuses)] {
		case sales.Pending:
			values["pending_orders"]++
			continue
		case sales.Cancelled:
			values["cancelled_orders"]++
			continue
		case sales.Refunded:
			values["refunds"]++
			values["refunded_revenue"] += cents
		}
		values["orders"]++
		values["units"]++
		values["gross_revenue"] += cents
	}
	values["net_revenue"] = values["gross_revenue"] - values["refunded_revenue"]
	for i, field := range schema.Fields {
		switch c := &b.Columns[i]; field.Type {
		case column.Date:
			c.I32 = append(c.I32, testDay)
		case column.Symbol, column.String:
			c.AppendString("x")
		default:
			c.I64 = append(c.I64, values[strings.TrimPrefix(field.Name, "new_")])
		}
	}
	return b
}

func moneyOfBatch(b *column.Batch) (cents int64) {
	for _, t := range moneyOf[b.Schema.Name] {
		for _, n := range b.Column(t.column).I64 {
			if t.minus {
				n = -n
			}
			cents += n
		}
	}
	return cents
}

// testAuditor judges by the rules of the repository.
func testAuditor(t testing.TB, o lake.Objects) *Auditor { return auditorOf(t, o, "") }

// auditorOf judges by the rules of a text, or when it is empty by those of the repository.
func auditorOf(t testing.TB, o lake.Objects, text string) *Auditor {
	set, err := LoadRules("")
	if text != "" {
		set, err = rules.Parse("dq.yaml", []byte(text), declared())
	}
	require.NoError(t, err)
	return NewAuditor(set, AuditorOptions{Objects: o, Samples: 5, CustomTimeout: time.Minute, CustomMemory: 128 << 20, ReadBytes: 128 << 20, CacheBytes: 1 << 20})
}

// judge gives the findings on a table of the day, by rule, and the samples.
func (d *day) judge(t testing.TB, a *Auditor, table string) (map[string]lake.Finding, []Sample) {
	day := map[string]*Slice{}
	for _, of := range append([]string{sales.TableSilver}, goldTables[1:]...) {
		m := d.manifests[of]
		if m == nil {
			continue
		}
		s, err := a.Audit(t.Context(), m)
		require.NoError(t, err)
		if day[of] = s; of != table {
			continue
		}
		findings, samples, err := a.Judge(t.Context(), Evidence{Manifest: m, Balances: d.balances, Slice: s, Day: day})
		require.NoError(t, err)
		named := map[string]lake.Finding{}
		for _, f := range findings {
			named[f.Rule] = f
			require.NotEmpty(t, f.Message, f.Rule)
		}
		require.Len(t, named, len(findings))
		return named, samples
	}
	require.Fail(t, "no manifest", table)
	return nil, nil
}
