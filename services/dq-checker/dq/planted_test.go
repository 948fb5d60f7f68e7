package dq

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"github.com/xitongsys/parquet-go/parquet"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

// oneOfEach declares a rule of each kind, named like it.
const oneOfEach = `rules:
  - {name: files, kind: files, severity: fail, owner: o, description: d}
  - {name: schema, kind: schema, severity: fail, owner: o, description: d}
  - {name: ledger, kind: ledger, severity: fail, owner: o, description: d}
  - {name: row_loss, kind: row_loss, warn_share: 0.1, fail_share: 0.2, severity: fail, owner: o, description: d}
  - {name: rejects, kind: rejects, fail_share: 0.2, severity: fail, owner: o, description: d}
  - {name: not_null, kind: not_null, table: silver/sales, columns: [order_id, customer_id], severity: fail, owner: o, description: d}
  - {name: unique, kind: unique, table: silver/sales, columns: [event_id], severity: fail, owner: o, description: d}
  - {name: accepted_values, kind: accepted_values, table: silver/sales, column: currency, values: [USD], severity: quarantine, owner: o, description: d}
  - {name: range, kind: range, table: silver/sales, column: event_ts, in_day: true, severity: fail, owner: o, description: d}
  - {name: regex, kind: regex, table: silver/sales, column: payment_method, pattern: 'payment_method-\d+', severity: fail, owner: o, description: d}
  - {name: foreign_key, kind: foreign_key, table: silver/sales, column: product_id, references: products, severity: fail, owner: o, description: d}
  - {name: reconcile, kind: reconcile, table: silver/sales, product: {of: [quantity, unit_price], column: revenue}, severity: fail, owner: o, description: d}
  - {name: freshness, kind: freshness, table: silver/sales, max: 15m, live: 24h, severity: fail, owner: o, description: d}
  - {name: volume, kind: volume, table: silver/sales, deviations: 6, min_change: 0.5, min_history: 4, weeks: 8, min_rows: 50, lateness: 15m, severity: fail, owner: o, description: d}
  - {name: distribution, kind: distribution, table: silver/sales, column: status, deviations: 6, min_change: 0.1, min_history: 4, weeks: 8, min_rows: 50, severity: fail, owner: o, description: d}
  - {name: custom, kind: custom, table: silver/sales, sql: SELECT * FROM rows WHERE region = 'Atlantis', severity: fail, owner: o, description: d}
`

const plantedOrders = 200

// eachKind is a rig whose slices are judged by a rule of each kind, with products and weeks before.
func eachKind(t *testing.T) *rig {
	r := newRig(t)
	r.rules, r.others = filepath.Join(t.TempDir(), "dq.yaml"), filepath.Join(t.TempDir(), "products.csv")
	require.NoError(t, os.WriteFile(r.rules, []byte(oneOfEach), 0o600))
	products := "product_id\n"
	for i := range plantedOrders {
		products += fmt.Sprintf("product_id-%06d\n", i)
	}
	require.NoError(t, os.WriteFile(r.others, []byte(products), 0o600))
	before := &lake.Profile{Hours: make([]int64, hoursOfDay), Values: map[string]map[string]int64{"status": {}}}
	before.Hours[0] = plantedOrders
	for _, status := range statuses {
		before.Values["status"][status] = plantedOrders / int64(len(statuses))
	}
	var weeks []stream.Record
	for week := range int32(4) {
		v := dayVerdict(testDay-(week+1)*weekDays, 1, lake.Pass, before)
		v.Partition = partition
		weeks = append(weeks, v)
	}
	require.NoError(t, stream.Transact(t.Context(), r.kafka, "weeks", weeks))
	return r
}

// A fault of each kind is planted into what bronze, silver and gold publish, and goes through the
// stage: the finding names its rule and the place, the day is held, so that nothing of it is loaded,
// and it is one unit and one broken rule for the alerts.
func TestAFaultOfEachKindIsCaught(t *testing.T) {
	in := func(column string, row int, value string) plant { return plant{rows: set(column, row, value)} }
	const place = "silver/sales/day=2026-01-01/p=003/00000001.parquet"
	for kind, c := range map[string]struct {
		plant     plant
		spoil     func([]byte) []byte
		off, lost int64
		where     string   // in the finding's message
		besides   []string // rules that see the same
	}{
		"none":     {},
		"files":    {spoil: func(data []byte) []byte { data[len(data)/2] ^= 1; return data }, where: place},
		"schema":   {plant: plant{file: otherID(t, "payment_method")}, where: place + ": column payment_method is BYTE_ARRAY STRING OPTIONAL, field id 99, declared is"},
		"ledger":   {off: 5, where: "p=003: silver slices hold 205 rows and 19900.00, the ledger says 200 and 19900.00"},
		"row_loss": {lost: 50, where: "50 of 200 records lost", besides: []string{"ledger"}},
		"rejects":  {plant: plant{rejected: 80}, where: "80 of 280 records rejected"},

		"not_null":        {plant: in("customer_id", 7, ""), where: "customer_id is missing in 1 of 200 rows, such as " + place + " row 8"},
		"unique":          {plant: in("event_id", 7, "event_id-000003"), where: place + " row 8"},
		"accepted_values": {plant: in("currency", 7, "EUR"), where: "currency is not an accepted value in 1 of 200 rows, such as " + place + " row 8 (EUR)"},
		"range":           {plant: plant{rows: add("event_ts", 7, sales.MicrosPerDay)}, where: "event_ts is of another day in 1 of 200 rows, such as " + place + " row 8 (2026-01-02T"},
		"regex":           {plant: in("payment_method", 7, "cash"), where: place + " row 8 (cash)"},
		"foreign_key":     {plant: in("product_id", 7, "P-1"), where: "1 of 200 rows have a product_id that products does not have"},
		"reconcile":       {plant: plant{rows: add("unit_price", 7, 1)}, where: place + " row 8"},
		"custom":          {plant: in("region", 7, "Atlantis"), where: place + " row 8"},

		"freshness":    {plant: plant{facts: func(m *lake.Manifest) { m.EventTime -= time.Hour.Microseconds() }}, where: "from the newest event to its verdict (at most 15m0s)"},
		"volume":       {plant: plant{rows: shiftHours(7)}, where: "hour 00 UTC of 2026-01-01 has 0 rows, from 100 to 300 are usual on a Thursday"},
		"distribution": {plant: plant{rows: all("status", sales.Pending)}, where: `"pending" is 1 of status, from 0.066292 to 0.433708 are usual`},
	} {
		t.Run(kind, func(t *testing.T) {
			r := eachKind(t)
			r.plant, r.spoil, r.h.lost = c.plant, c.spoil, c.lost
			registry := prometheus.NewRegistry()
			r.publish(1, plantedOrders, c.off)
			stop := r.start(registry)
			defer stop()
			first := 4 // verdicts of weeks before
			require.Eventually(t, r.until(first+len(goldTables)), time.Minute, 50*time.Millisecond)
			verdicts := r.verdicts()[first:]
			if kind == "none" {
				for _, v := range verdicts {
					require.Equal(t, lake.Pass, v.Outcome, "%+v", v.Findings)
				}
				require.Len(t, verdicts[0].Findings, len(kinds))
				for _, f := range verdicts[0].Findings {
					require.NotContains(t, f.Message, "not enough")
				}
				return
			}
			want := append([]string{kind}, c.besides...)
			require.ElementsMatch(t, want, failed(verdicts[0]), "%+v", verdicts[0].Findings)
			for _, f := range verdicts[0].Findings {
				if f.Rule == kind {
					require.Contains(t, f.Message, c.where)
					require.Equal(t, kind, f.Kind)
				}
			}
			for _, v := range verdicts {
				require.False(t, v.Passed(), "the loader takes nothing of the day")
			}
			breaches := map[string]float64{}
			require.Eventually(t, func() bool { // once the verdicts are committed
				breaches = gauges(t, registry, "sales_dq_rule_breaches", "rule", sales.TableFacts)
				return len(breaches) > 0
			}, time.Minute, 20*time.Millisecond)
			delete(breaches, RuleDay)
			require.ElementsMatch(t, want, slices.Collect(maps.Keys(breaches)))
			require.Equal(t, map[string]float64{sales.TableFacts: 1}, gauges(t, registry, "sales_dq_held_units", "table", ""))
		})
	}
}

// gauges gives those that are not 0, by a label, of a table when it is named.
func gauges(t *testing.T, registry *prometheus.Registry, name, label, table string) map[string]float64 {
	families, err := registry.Gather()
	require.NoError(t, err)
	values := map[string]float64{}
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, m := range family.GetMetric() {
			labels := map[string]string{}
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			if v := m.GetGauge().GetValue(); v != 0 && (table == "" || labels["table"] == table) {
				values[labels[label]] += v
			}
		}
	}
	return values
}

// otherID gives a file's column another field id.
func otherID(t *testing.T, column string) func([]byte) []byte {
	return func(data []byte) []byte {
		return refoot(t, data, func(f *parquet.FileMetaData) {
			for _, e := range f.Schema {
				if e.Name == column {
					*e.FieldID = 99
				}
			}
		})
	}
}

// shiftHours moves all orders of a batch.
func shiftHours(n int64) func(*column.Batch) {
	return func(b *column.Batch) {
		for i := range b.Column("order_ts").I64 {
			b.Column("order_ts").I64[i] += n * microsPerHour
		}
	}
}

// all gives all rows of a symbol column a value.
func all(name, value string) func(*column.Batch) {
	return func(b *column.Batch) {
		c := b.Column(name)
		for i := range c.I32 {
			c.I32[i] = c.Dict.CodeString(value)
		}
	}
}
