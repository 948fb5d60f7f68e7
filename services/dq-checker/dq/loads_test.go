package dq

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

// load says that the warehouse holds a version of the rig's day.
func (r *rig) load(table string, version int64, c lake.Count) {
	l := lake.Loaded{Format: lake.Format, Table: table, Slice: "day=2026-01-01", Version: version, Count: c, Loaded: time.Now().UnixMicro()}
	require.NoError(r.t, stream.Transact(context.Background(), r.kafka, "loader", []stream.Record{r.record(sales.TopicLoads, l.Key(), l.Encode())}))
}

// loadsTaken tells whether the group has taken all records of lake.loads.
func (r *rig) loadsTaken() bool {
	n, err := stream.Pending(context.Background(), r.kafka, Group, sales.TopicLoads)
	require.NoError(r.t, err)
	return n == 0
}

// What the warehouse holds is held against the version that passed, not against a newer
// one or one that failed, and a restart does not do it again.
func TestStageHoldsLoadsAgainstVerdicts(t *testing.T) {
	r := newRig(t)
	r.publish(1, 100, 0)
	r.run(r.until(len(goldTables)))
	r.publish(2, 101, 0)
	r.run(r.until(2 * len(goldTables)))
	r.publish(3, 102, 7) // is held
	r.run(r.until(3 * len(goldTables)))

	r.load(sales.TableFacts, 1, lake.Count{Rows: 100, Cents: cents(100)})
	r.load(sales.TableFacts, 2, lake.Count{Rows: 99, Cents: cents(100) - 1})
	r.load(sales.TableDailySales, 2, lake.Count{Rows: 1, Cents: sold(101)})
	registry := prometheus.NewRegistry()
	stop := r.start(registry)
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		require.Equal(c, map[string]float64{" fail warehouse gold/fact_sales": 1}, notZero(values(t, registry, "sales_dq_load_findings_total")))
	}, 30*time.Second, 100*time.Millisecond)
	stop()
	r.run(r.loadsTaken)
	require.ElementsMatch(t, []string{
		fmt.Sprintf("gold/fact_sales 1 pass 0 pass the warehouse holds the 100 rows and %s that passed", sales.FormatCents(cents(100))),
		fmt.Sprintf("gold/fact_sales 2 fail 2 pass the warehouse holds 99 rows and %s, 101 rows and %s passed", sales.FormatCents(cents(100)-1), sales.FormatCents(cents(101))),
		fmt.Sprintf("gold/daily_sales 2 pass 0 pass the warehouse holds the 1 rows and %s that passed", sales.FormatCents(sold(101))),
	}, pick(r.rows(sales.Results, "rule", "table", "version", "outcome", "failed", "verdict", "message"), "warehouse"))
	fresh := pick(r.rows(sales.Results, "rule", "table", "version", "outcome", "unit", "message"), "orders_fresh")
	require.Len(t, fresh, 5, "of three verdicts and two loads")
	loaded := 0
	for _, text := range fresh {
		require.Regexp(t, `^gold/fact_sales [123] pass microseconds .* from the newest event to (its verdict|the warehouse) \(at most 15m0s\)$`, text)
		if strings.Contains(text, "to the warehouse") {
			loaded++
		}
	}
	require.Equal(t, 2, loaded)
	require.ElementsMatch(t, []string{
		fmt.Sprintf("gold/fact_sales -1 %d 1 100 100 0 0", testDay),
		fmt.Sprintf("gold/fact_sales -1 %d 2 101 99 2 %d", testDay, cents(101)-cents(100)+1),
	}, pick(r.rows(sales.DQLedger, "hop", "source", "partition", "day", "version", "in_rows", "out_rows", "residual_rows", "residual_revenue"), "warehouse"))
}
