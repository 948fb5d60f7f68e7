package fold

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// order is a silver row as the naive model sees it.
type order struct {
	customer, product, category, region, status string
	quantity                                    int32
	revenue                                     int64
}

func drawOrder(t *rapid.T) order {
	return order{
		customer: rapid.SampledFrom([]string{"c1", "c2", "c3", "c4", "c5", ""}).Draw(t, "customer"),
		product:  rapid.SampledFrom([]string{"p1", "p2", "p10", "q"}).Draw(t, "product"),
		category: rapid.SampledFrom([]string{"Books", "Toys", "Home & Garden"}).Draw(t, "category"),
		region:   rapid.SampledFrom([]string{"Europe", "Asia Pacific"}).Draw(t, "region"),
		status:   rapid.SampledFrom([]string{sales.Pending, sales.Cancelled, sales.Completed, sales.Refunded}).Draw(t, "status"),
		quantity: rapid.Int32Range(1, 1<<30).Draw(t, "quantity"),
		revenue:  rapid.Int64Range(0, 1<<40).Draw(t, "revenue"),
	}
}

func batchOf(orders []order) *column.Batch {
	b := column.NewBatch(Input, len(orders))
	for _, o := range orders {
		b.Column("customer_id").AppendString(o.customer)
		b.Column("product_id").AppendString(o.product)
		b.Column("category").AppendString(o.category)
		b.Column("region").AppendString(o.region)
		b.Column("status").AppendString(o.status)
		b.Column("quantity").I32 = append(b.Column("quantity").I32, o.quantity)
		b.Column("revenue").I64 = append(b.Column("revenue").I64, o.revenue)
	}
	return b
}

// row spells out one row of an aggregate by column names.
type row map[string]string

func rowsOf(b *column.Batch) []row {
	rows := make([]row, b.Rows())
	for i := range rows {
		rows[i] = row{}
		for f := range b.Schema.Fields {
			c, name := &b.Columns[f], b.Schema.Fields[f].Name
			switch c.Type {
			case column.Date:
				rows[i][name] = sales.FormatDay(c.I32[i])
			case column.Symbol:
				rows[i][name] = c.String(i)
			default:
				rows[i][name] = fmt.Sprint(c.I64[i])
			}
		}
	}
	return rows
}

// naive aggregates orders by the contract's words, one group at a time.
func naive(day string, orders []order, key func(order) string, names func([]order) row) []row {
	groups := map[string][]order{}
	for _, o := range orders {
		groups[key(o)] = append(groups[key(o)], o)
	}
	rows := []row{}
	for _, k := range slices.Sorted(maps.Keys(groups)) {
		var n, units, gross, refunded, pending, cancelled int64
		customers := map[string]bool{}
		for _, o := range groups[k] {
			if o.status == sales.Pending {
				pending++
			}
			if o.status == sales.Cancelled {
				cancelled++
			}
			if o.status == sales.Refunded {
				refunded += o.revenue
			}
			if o.status == sales.Completed || o.status == sales.Refunded {
				n, units, gross = n+1, units+int64(o.quantity), gross+o.revenue
				customers[o.customer] = true
			}
		}
		r := names(groups[k])
		for name, v := range map[string]int64{"orders": n, "units": units, "gross_revenue": gross, "refunded_revenue": refunded,
			"net_revenue": gross - refunded, "customers": int64(len(customers)), "pending_orders": pending, "cancelled_orders": cancelled} {
			r[name] = fmt.Sprint(v)
		}
		r["order_date"] = day
		rows = append(rows, r)
	}
	return rows
}

func naiveSales(day string, orders []order) []row {
	return naive(day, orders, func(o order) string { return o.region + "\x00" + o.category },
		func(g []order) row { return row{"region": g[0].region, "category": g[0].category} })
}

func naiveProducts(day string, orders []order) []row {
	return naive(day, orders, func(o order) string { return o.product }, func(g []order) row {
		counts := map[string]int{}
		for _, o := range g {
			counts[o.category]++
		}
		best := ""
		for _, category := range slices.Sorted(maps.Keys(counts)) {
			if counts[category] > counts[best] {
				best = category
			}
		}
		return row{"product_id": g[0].product, "category": best}
	})
}

// However the rows are spread over files, a day's aggregates are those of the
// naive model.
func TestMergedPartialsAreTheDay(t *testing.T) {
	folder, merger := &Folder{}, &Merger{}
	rapid.Check(t, func(t *rapid.T) {
		var all []order
		var partials []*Partial
		var want lake.Count
		for range rapid.IntRange(0, 5).Draw(t, "files") {
			orders := rapid.SliceOfN(rapid.Custom(drawOrder), 0, 40).Draw(t, "orders")
			p, err := folder.Fold(batchOf(orders))
			require.NoError(t, err)
			partials = append(partials, p)
			for _, o := range orders {
				want = want.Add(lake.Count{Rows: 1, Cents: o.revenue})
			}
			all = append(all, orders...)
		}
		day := merger.Merge(20_484, partials)
		require.Equal(t, want, day.Silver)
		require.Equal(t, naiveSales("2026-01-31", all), rowsOf(day.Sales))
		require.Equal(t, naiveProducts("2026-01-31", all), rowsOf(day.Products))
		again := merger.Merge(20_484, partials)
		require.Equal(t, rowsOf(day.Products), rowsOf(again.Products), "merging must not change the partials")
		require.Equal(t, rowsOf(day.Sales), rowsOf(again.Sales))
	})
}

// Thousands of spellings of a column leave the dense index.
func TestManySpellings(t *testing.T) {
	var orders []order
	for i := range 3_000 {
		orders = append(orders, order{fmt.Sprint("c", i%7), fmt.Sprint("p", i%2_900), fmt.Sprint("k", i*7%1_999), fmt.Sprint("r", i%1_500), sales.Completed, 1, int64(i)})
	}
	p, err := (&Folder{}).Fold(batchOf(orders))
	require.NoError(t, err)
	day := (&Merger{}).Merge(20_484, []*Partial{p})
	require.Equal(t, naiveSales("2026-01-31", orders), rowsOf(day.Sales))
	require.Equal(t, naiveProducts("2026-01-31", orders), rowsOf(day.Products))
	require.Greater(t, p.Bytes(), 3_000*8)
}

// Thousands of customers share the slots of the hash tables.
func TestManyCustomers(t *testing.T) {
	var all []order
	var partials []*Partial
	for file := range 3 {
		var orders []order
		for i := range 3_000 {
			orders = append(orders, order{fmt.Sprint("c", (i*13+file*500)%2_000), fmt.Sprint("p", i%2), "Books", fmt.Sprint("r", i%3), sales.Refunded, 1, 5})
		}
		p, err := (&Folder{}).Fold(batchOf(orders))
		require.NoError(t, err)
		partials, all = append(partials, p), append(all, orders...)
	}
	day := (&Merger{}).Merge(20_484, partials)
	require.Equal(t, naiveSales("2026-01-31", all), rowsOf(day.Sales))
	require.Equal(t, naiveProducts("2026-01-31", all), rowsOf(day.Products))
}

func TestUnknownStatusIsRefused(t *testing.T) {
	_, err := (&Folder{}).Fold(batchOf([]order{{status: "shipped"}}))
	require.ErrorIs(t, err, lake.ErrCorrupt)
	require.ErrorContains(t, err, `status "shipped"`)
}

// A day of 33,000 rows in four files, as of three million in 90 days.
func BenchmarkDay(b *testing.B) {
	const files, rows = 4, 8_333
	var batches []*column.Batch
	for f := range files {
		var orders []order
		for i := range rows {
			n := i*files + f
			orders = append(orders, order{fmt.Sprintf("cust-%06d", n*7_919%50_000), fmt.Sprintf("prod-%04d", n*31%1_000),
				fmt.Sprint("category ", n*31%8), fmt.Sprint("region ", n%5), []string{sales.Completed, sales.Completed, sales.Completed, sales.Refunded, sales.Pending}[n%5], 2, 1_999})
		}
		batches = append(batches, batchOf(orders))
	}
	folder, merger := &Folder{}, &Merger{}
	for b.Loop() {
		var partials []*Partial
		for _, batch := range batches {
			p, err := folder.Fold(batch)
			require.NoError(b, err)
			partials = append(partials, p)
		}
		merger.Merge(1, partials)
	}
	b.ReportMetric(float64(files*rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
