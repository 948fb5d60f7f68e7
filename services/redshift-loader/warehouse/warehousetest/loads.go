package warehousetest

import (
	"fmt"
	"io/fs"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	warehousesql "github.com/saleslake/saleslake/sql"
)

// The days of the tests.
const (
	monday    = "2026-03-30"
	tuesday   = "2026-03-31"
	wednesday = "2026-04-01"
)

func migrateAgain(t *testing.T, b *bench) {
	applied, err := b.Migrate(t.Context())
	require.NoError(t, err)
	require.Empty(t, applied)
	migrations, err := warehousesql.Migrations(b.dialect)
	require.NoError(t, err)
	files, err := fs.ReadDir(migrations, ".")
	require.NoError(t, err)
	want := []string{"0"}
	for i := range files {
		want = append(want, fmt.Sprint(i+1))
	}
	require.Equal(t, want, b.lines("SELECT version_id FROM etl.schema_version ORDER BY version_id"))
}

func firstLoad(t *testing.T, b *bench) {
	orders := []Order{
		{ID: "A", Day: monday, Version: 1, Cents: 1050},
		{ID: "B", Day: monday, Version: 1, Cents: 99, Region: "Asia Pacific", Category: "Toys", Customer: "C-2", Product: "P-2", Status: sales.Refunded},
		{ID: "C", Day: monday, Version: 1, Cents: 0, Status: sales.Pending},
	}
	r := b.load(b.lake.All(monday, 7, orders...)...)
	require.Len(t, r.Loaded, 6)
	require.Equal(t, []string{"A.1 2026-03-30 10.50", "B.1 2026-03-30 0.99", "C.1 2026-03-30 0.00"}, b.facts())
	require.Equal(t, []string{"A 2026-03-30T00:00:00.123456Z 2000-01-01T00:00:01Z C-1 P-1 Books Europe 1 USD completed <nil> 0 0"},
		b.lines("SELECT order_id, order_ts, event_ts, customer_id, product_id, category, region, quantity, currency, status, payment_method, _partition, _offset FROM sales.fact_sales WHERE order_id = 'A'"))
	require.Equal(t, []string{"A C-1 P-1 Europe", "B C-2 P-2 Asia Pacific", "C C-1 P-1 Europe"},
		b.lines(`SELECT f.order_id, c.customer_id, p.product_id, r.region FROM sales.fact_sales AS f
			JOIN sales.dim_customer AS c ON c.customer_sk = f.customer_sk
			JOIN sales.dim_product AS p ON p.product_sk = f.product_sk
			JOIN sales.dim_region AS r ON r.region_sk = f.region_sk ORDER BY f.order_id`))
	require.Equal(t, []string{"2026-03-30 Asia Pacific Toys 1 1 0.99 0.99 0.00 1 0 0", "2026-03-30 Europe Books 1 1 10.50 0.00 10.50 1 1 0"},
		b.lines("SELECT * FROM sales.agg_daily_sales ORDER BY region"))
	require.Equal(t, []string{"2026-03-30 P-1 Books 1 1 10.50 0.00 10.50 1 1 0", "2026-03-30 P-2 Toys 1 1 0.99 0.99 0.00 1 0 0"},
		b.lines("SELECT * FROM sales.agg_daily_products ORDER BY product_id"))
	require.Equal(t, []string{"31 2026-03-01 2026-03-31"},
		b.lines("SELECT COUNT(*), MIN(order_date), MAX(order_date) FROM sales.dim_date"))
	require.Equal(t, []string{"2026 1 3 30 1 Monday 2026 14 2026-03-01"},
		b.lines("SELECT year, quarter, month, day, weekday, weekday_name, iso_year, iso_week, month_start FROM sales.dim_date WHERE order_date = CAST($1 AS DATE)", monday))

	require.Equal(t, []string{"2026-03-30T00:00:00Z Asia Pacific Toys 1 1 0.99 0.99 0.00 0 0", "2026-03-30T00:00:00Z Europe Books 1 1 10.50 0.00 10.50 1 0"},
		b.lines("SELECT * FROM sales.agg_hourly_sales ORDER BY region"))
	require.Equal(t, []string{"2026-03-30 Asia Pacific Toys 2000-01-01 1 0.99"}, b.lines("SELECT * FROM sales.agg_refunds_by_day"))
	require.Empty(t, b.lines("SELECT * FROM sales.restatements"))

	ledger, err := b.Ledger(t.Context())
	require.NoError(t, err)
	require.Len(t, ledger, 6)
	require.Equal(t, lake.Count{Rows: 3, Cents: 1149}, r.Loaded[2].Count)
	require.Equal(t, int64(7), ledger[2].Version)
	require.Equal(t, lake.Count{Rows: 3, Cents: 1149}, ledger[2].Count)

	b.load(b.lake.Facts(tuesday, 1, Order{ID: "D", Day: tuesday, Version: 1, Cents: 51}))
	totals, err := b.Totals(t.Context())
	require.NoError(t, err)
	require.Len(t, totals, 6)
	require.Equal(t, lake.Count{Rows: 4, Cents: 1200}, totals[sales.TableFacts])
}

func redelivery(t *testing.T, b *bench) {
	verdicts := b.lake.All(monday, 1, Order{ID: "A", Day: monday, Version: 1, Cents: 1050})
	b.load(verdicts...)
	before := b.state()
	r := b.load(verdicts...)
	require.Empty(t, r.Loaded)
	require.Equal(t, 6, r.Stale)
	require.Equal(t, before, b.state())
}

func newerVersion(t *testing.T, b *bench) {
	b.load(b.lake.Facts(monday, 1,
		Order{ID: "A", Day: monday, Version: 1, Cents: 100}, Order{ID: "B", Day: monday, Version: 1, Cents: 200}, Order{ID: "C", Day: monday, Version: 1, Cents: 300}))
	loadedAt := b.lines("SELECT loaded_at FROM sales.fact_sales WHERE order_id = 'A'")
	b.load(b.lake.Facts(monday, 2, Order{ID: "A", Day: monday, Version: 1, Cents: 100}, Order{ID: "B", Day: monday, Version: 2, Cents: 250, Status: sales.Refunded}))
	require.Equal(t, []string{"A.1 2026-03-30 1.00", "B.2 2026-03-30 2.50"}, b.facts())
	require.Equal(t, loadedAt, b.lines("SELECT loaded_at FROM sales.fact_sales WHERE order_id = 'A'"), "a row that did not change is not written")
	require.Equal(t, []string{"gold/fact_sales day=2026-03-30 2 2 350 pass"},
		b.lines("SELECT table_name, slice, version, rows, cents, outcome FROM etl.load_ledger"))
}

func restated(t *testing.T, b *bench) {
	const perHour = sales.MicrosPerDay / 24
	a := Order{ID: "A", Day: monday, Micros: 23 * perHour, Units: 2, Cents: 500}
	b.load(b.lake.All(monday, 1, a, Order{ID: "B", Day: monday, Cents: 100, Category: "Toys"})...)
	a.Version, a.Micros, a.Status = 1, 1, sales.Refunded
	b.load(b.lake.All(monday, 2, a)...)
	b.load(b.lake.All(monday, 5, a, Order{ID: "C", Day: monday, Cents: 7})...)
	require.Equal(t, []string{
		"2026-03-30 Europe Books 2 1 2000-01-01T00:00:00.000002Z 0 [] 1 2 5.00 0.00 5.00 1 0 0 1 2 5.00 5.00 0.00 1 0 0",
		"2026-03-30 Europe Toys 2 1 2000-01-01T00:00:00.000002Z 0 [] 1 1 1.00 0.00 1.00 1 0 0 0 0 0.00 0.00 0.00 0 0 0",
		"2026-03-30 Europe Books 5 2 2000-01-01T00:00:00.000005Z 0 [] 1 2 5.00 5.00 0.00 1 0 0 2 3 5.07 5.00 0.07 1 0 0",
	}, b.lines("SELECT * FROM sales.restatements ORDER BY version, category"))
	require.Equal(t, []string{"2026-03-30T00:00:00Z Europe Books 2 3 5.07 5.00 0.07 0 0"}, b.lines("SELECT * FROM sales.agg_hourly_sales"))
	require.Equal(t, []string{"3 -93"}, b.lines("SELECT rows, cents FROM etl.load_ledger WHERE table_name = 'gold/restatements'"))
}

func olderVersion(t *testing.T, b *bench) {
	old := b.lake.All(monday, 1, Order{ID: "A", Day: monday, Version: 1, Cents: 100})
	b.load(b.lake.All(monday, 2, Order{ID: "A", Day: monday, Version: 2, Cents: 200})...)
	before := b.state()
	require.Equal(t, 6, b.load(old...).Stale)
	require.Equal(t, before, b.state())

	r := b.load(append(b.lake.All(monday, 4, Order{ID: "A", Day: monday, Version: 4, Cents: 400}),
		b.lake.Facts(monday, 3, Order{ID: "A", Day: monday, Version: 3, Cents: 300}))...)
	require.Equal(t, 1, r.Stale, "of two versions in one load the newer one is taken")
	require.Equal(t, []string{"A.4 2026-03-30 4.00"}, b.facts())
}

func movedTogether(t *testing.T, b *bench) {
	b.load(b.lake.Facts(monday, 1, Order{ID: "A", Day: monday, Version: 1, Cents: 100}, Order{ID: "B", Day: monday, Version: 1, Cents: 5}))
	b.load(b.lake.Facts(monday, 2, Order{ID: "B", Day: monday, Version: 1, Cents: 5}), b.lake.Facts(tuesday, 1, Order{ID: "A", Day: tuesday, Version: 2, Cents: 150}))
	require.Equal(t, []string{"A.2 2026-03-31 1.50", "B.1 2026-03-30 0.05"}, b.facts())
}

func movedOldFirst(t *testing.T, b *bench) {
	b.load(b.lake.Facts(monday, 1, Order{ID: "A", Day: monday, Version: 1, Cents: 100}))
	b.load(b.lake.Facts(monday, 2))
	require.Empty(t, b.facts())
	b.load(b.lake.Facts(tuesday, 1, Order{ID: "A", Day: tuesday, Version: 2, Cents: 150}))
	require.Equal(t, []string{"A.2 2026-03-31 1.50"}, b.facts())
}

func movedNewFirst(t *testing.T, b *bench) {
	older := b.lake.Facts(monday, 2, Order{ID: "A", Day: monday, Version: 1, Cents: 100}, Order{ID: "B", Day: monday, Version: 1, Cents: 7})
	b.load(b.lake.Facts(monday, 1, Order{ID: "A", Day: monday, Version: 1, Cents: 100}))
	b.load(b.lake.Facts(tuesday, 1, Order{ID: "A", Day: tuesday, Version: 2, Cents: 150}))
	require.Equal(t, []string{"A.2 2026-03-31 1.50"}, b.facts())
	b.load(older) // still with the order's old version
	require.Equal(t, []string{"A.2 2026-03-31 1.50", "B.1 2026-03-30 0.07"}, b.facts())
	b.load(b.lake.Facts(monday, 3, Order{ID: "B", Day: monday, Version: 1, Cents: 7}))
	require.Equal(t, []string{"A.2 2026-03-31 1.50", "B.1 2026-03-30 0.07"}, b.facts())
}

func movedBack(t *testing.T, b *bench) {
	b.load(b.lake.Facts(monday, 3, Order{ID: "A", Day: monday, Version: 3, Cents: 300}))
	b.load(b.lake.Facts(tuesday, 1, Order{ID: "A", Day: tuesday, Version: 2, Cents: 200}))
	require.Equal(t, []string{"A.3 2026-03-30 3.00"}, b.facts())
	// Old and new day in one load, the old one not yet without the order.
	b.load(b.lake.Facts(monday, 4, Order{ID: "A", Day: monday, Version: 3, Cents: 300}), b.lake.Facts(wednesday, 1, Order{ID: "A", Day: wednesday, Version: 4, Cents: 400}))
	require.Equal(t, []string{"A.4 2026-04-01 4.00"}, b.facts())
	b.load(b.lake.Facts(tuesday, 2), b.lake.Facts(monday, 5))
	require.Equal(t, []string{"A.4 2026-04-01 4.00"}, b.facts())
}

// newDays have orders that others have, too: one that is loaded, the other of the new ones, and
// the warehouse itself, when the ledger has lost a day.
func newDays(t *testing.T, b *bench) {
	b.load(b.lake.Facts(monday, 1, Order{ID: "A", Day: monday, Version: 1, Cents: 100}, Order{ID: "B", Day: monday, Version: 3, Cents: 5}))
	late := []Order{{ID: "B", Day: wednesday, Version: 2, Cents: 4}, {ID: "C", Day: wednesday, Version: 2, Cents: 20}, {ID: "D", Day: wednesday, Version: 1, Cents: 7}}
	b.load(b.lake.Facts(tuesday, 1, Order{ID: "A", Day: tuesday, Version: 2, Cents: 150}, Order{ID: "C", Day: tuesday, Version: 1, Cents: 10}), b.lake.Facts(wednesday, 1, late...))
	facts := []string{"A.2 2026-03-31 1.50", "B.3 2026-03-30 0.05", "C.2 2026-04-01 0.20", "D.1 2026-04-01 0.07"}
	overtaken := []string{"A 1.00", "B 0.04", "C 0.10"}
	check := func() {
		t.Helper()
		require.Equal(t, facts, b.facts())
		require.Equal(t, overtaken, b.lines("SELECT order_id, revenue FROM etl.overtaken_sales ORDER BY order_id"))
	}
	check()
	b.lines("DELETE FROM etl.load_ledger WHERE slice LIKE '%" + wednesday + "'")
	require.Len(t, b.load(b.lake.Facts(wednesday, 2, late[:2]...)).Loaded, 1)
	facts = facts[:3]
	check()
}

func emptyDay(t *testing.T, b *bench) {
	b.load(b.lake.All(monday, 1, Order{ID: "A", Day: monday, Version: 1, Cents: 100})...)
	empty := b.lake.All(monday, 2)
	for _, v := range empty[:5] {
		v.Manifest.Files = nil
	}
	require.Len(t, b.load(empty...).Loaded, 6)
	require.Empty(t, b.facts())
	for table, rows := range map[string]string{"agg_daily_sales": "0", "agg_daily_products": "0", "agg_hourly_sales": "0", "agg_refunds_by_day": "0", "restatements": "1"} {
		require.Equal(t, []string{rows}, b.lines("SELECT COUNT(*) FROM sales."+table), table)
	}
}

func held(t *testing.T, b *bench) {
	b.load(b.lake.Facts(monday, 1, Order{ID: "A", Day: monday, Version: 1, Cents: 100}))
	before := b.state()
	failed := b.lake.Facts(monday, 2, Order{ID: "A", Day: monday, Version: 2, Cents: 200})
	failed.Outcome = lake.Fail
	r := b.load(failed)
	require.Equal(t, 1, r.Held)
	require.Equal(t, before, b.state())

	warned := b.lake.Facts(monday, 3, Order{ID: "A", Day: monday, Version: 3, Cents: 300})
	warned.Outcome = lake.Warn
	b.load(warned)
	require.Equal(t, []string{"A.3 2026-03-30 3.00"}, b.facts())
	require.Equal(t, []string{"3 warn"}, b.lines("SELECT version, outcome FROM etl.load_ledger"))
}
