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
	id, customer, product, category, region, status string
	quantity                                        int32
	revenue                                         int64
	hour, refundDay                                 int32
}

const (
	date = 20_484
	day  = "2026-01-31"
)

func drawOrder(t *rapid.T) order {
	return order{
		id:       rapid.StringMatching("o[0-9]").Draw(t, "id"),
		customer: rapid.SampledFrom([]string{"c1", "c2", "c3", "c4", "c5", ""}).Draw(t, "customer"),
		product:  rapid.SampledFrom([]string{"p1", "p2", "p10", "q"}).Draw(t, "product"),
		category: rapid.SampledFrom([]string{"Books", "Toys", "Home & Garden"}).Draw(t, "category"),
		region:   rapid.SampledFrom([]string{"Europe", "Asia Pacific"}).Draw(t, "region"),
		status:   rapid.SampledFrom([]string{sales.Pending, sales.Cancelled, sales.Completed, sales.Refunded}).Draw(t, "status"),
		quantity: rapid.Int32Range(1, 1<<30).Draw(t, "quantity"),
		revenue:  rapid.Int64Range(0, 1<<40).Draw(t, "revenue"),
		hour:     rapid.Int32Range(0, 23).Draw(t, "hour"), refundDay: rapid.Int32Range(date, date+2).Draw(t, "refund day"),
	}
}

// change is a row of a file: op is empty for one of silver.
type change struct {
	order
	op string
}

func batchOf(s *column.Schema, changes []change) *column.Batch {
	b := column.NewBatch(s, len(changes))
	for _, o := range changes {
		for i, f := range s.Fields {
			switch c := &b.Columns[i]; f.Name {
			case "order_ts":
				c.I64 = append(c.I64, int64(date)*sales.MicrosPerDay+int64(o.hour)*microsPerHour+microsPerHour-1)
			case "event_ts":
				c.I64 = append(c.I64, int64(o.refundDay)*sales.MicrosPerDay)
			case "revenue":
				c.I64 = append(c.I64, o.revenue)
			case "quantity":
				c.I32 = append(c.I32, o.quantity)
			default:
				c.AppendString(map[string]string{"order_id": o.id, "customer_id": o.customer, "product_id": o.product, "category": o.category,
					"region": o.region, "status": o.status, "_op": o.op}[f.Name])
			}
		}
	}
	return b
}

func put(orders []order) *column.Batch {
	changes := make([]change, len(orders))
	for i, o := range orders {
		changes[i].order = o
	}
	return batchOf(Input, changes)
}

// record spells out one row of an aggregate by column names.
type record map[string]string

func rowsOf(b *column.Batch) []record {
	rows := make([]record, b.Rows())
	for i := range rows {
		rows[i] = record{}
		for f := range b.Schema.Fields {
			c, name := &b.Columns[f], b.Schema.Fields[f].Name
			switch c.Type {
			case column.Date:
				rows[i][name] = sales.FormatDay(c.I32[i])
			case column.Symbol:
				rows[i][name] = c.String(i)
			case column.String:
				rows[i][name] = c.String(i)
			default:
				rows[i][name] = fmt.Sprint(c.I64[i])
			}
		}
	}
	return rows
}

// naive aggregates orders by the contract's words, one group at a time.
func naive(orders []order, key func(order) string, names func([]order) record) []record {
	groups := map[string][]order{}
	for _, o := range orders {
		groups[key(o)] = append(groups[key(o)], o)
	}
	rows := []record{}
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
		rows = append(rows, r)
	}
	return rows
}

func naiveSales(orders []order) []record {
	return naive(orders, func(o order) string { return o.region + "\x00" + o.category },
		func(g []order) record {
			return record{"order_date": day, "region": g[0].region, "category": g[0].category}
		})
}

func naiveHours(orders []order) []record {
	rows := naive(orders, func(o order) string { return fmt.Sprintf("%02d\x00%s\x00%s", o.hour, o.region, o.category) }, func(g []order) record {
		return record{"order_hour": fmt.Sprint(int64(date)*sales.MicrosPerDay + int64(g[0].hour)*microsPerHour), "region": g[0].region, "category": g[0].category}
	})
	for _, r := range rows {
		delete(r, "customers")
	}
	return rows
}

func naiveRefunds(orders []order) []record {
	refunded := slices.DeleteFunc(slices.Clone(orders), func(o order) bool { return o.status != sales.Refunded })
	rows := naive(refunded, func(o order) string { return fmt.Sprintf("%d\x00%s\x00%s", o.refundDay, o.region, o.category) }, func(g []order) record {
		return record{"order_date": day, "refund_date": sales.FormatDay(g[0].refundDay), "region": g[0].region, "category": g[0].category}
	})
	for i, r := range rows {
		rows[i] = record{"order_date": r["order_date"], "refund_date": r["refund_date"], "region": r["region"], "category": r["category"],
			"refunds": r["orders"], "refunded_revenue": r["refunded_revenue"]}
	}
	return rows
}

func naiveProducts(orders []order) []record {
	return naive(orders, func(o order) string { return o.product }, func(g []order) record {
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
		return record{"order_date": day, "product_id": g[0].product, "category": best}
	})
}

func requireDay(t require.TestingT, orders []order, d *Day) {
	require.Equal(t, naiveSales(orders), rowsOf(d.Sales()))
	require.Equal(t, naiveProducts(orders), rowsOf(d.Products()))
	require.Equal(t, naiveHours(orders), rowsOf(d.Hours()))
	require.Equal(t, naiveRefunds(orders), rowsOf(d.Refunds()))
}

func countOf(orders []order) (c lake.Count) {
	for _, o := range orders {
		c = c.Add(lake.Count{Rows: 1, Cents: o.revenue})
	}
	return c
}

// Whatever orders come, change and go, in whatever files, a day's aggregates are
// those of the naive model, and of a day that is made from its last rows.
func TestDayFollowsItsRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, current, held := NewDay(date), map[string]order{}, lake.Count{}
		for range rapid.IntRange(1, 8).Draw(t, "files") {
			var changes []change
			for _, o := range rapid.SliceOfNDistinct(rapid.Custom(drawOrder), 0, 10, func(o order) string { return o.id }).Draw(t, "orders") {
				old, known := current[o.id]
				switch {
				case !known:
					changes, current[o.id] = append(changes, change{o, sales.OpUpsert}), o
				case rapid.IntRange(0, 2).Draw(t, "leaves") == 0:
					changes = append(changes, change{old, sales.OpDelete})
					delete(current, o.id)
				default:
					changes, current[o.id] = append(changes, change{old, sales.OpBefore}, change{o, sales.OpUpsert}), o
				}
			}
			sum, err := d.Apply(batchOf(Changed, rapid.Permutation(changes).Draw(t, "order of rows")))
			require.NoError(t, err)
			held = held.Add(sum)
			orders := slices.Collect(maps.Values(current))
			require.Equal(t, countOf(orders), held)
			requireDay(t, orders, d)
			scratch := NewDay(date)
			sum, err = scratch.Apply(put(orders))
			require.NoError(t, err)
			require.Equal(t, held, sum)
			require.Equal(t, rowsOf(scratch.Products()), rowsOf(d.Products()))
		}
	})
}

// Thousands of spellings of a column leave the dense index.
func TestManySpellings(t *testing.T) {
	var orders []order
	for i := range 3_000 {
		orders = append(orders, order{"", fmt.Sprint("c", i%7), fmt.Sprint("p", i%2_900), fmt.Sprint("k", i*7%1_999), fmt.Sprint("r", i%1_500), sales.Completed, 1, int64(i), 0, date})
	}
	d := NewDay(date)
	_, err := d.Apply(put(orders))
	require.NoError(t, err)
	requireDay(t, orders, d)
	require.Greater(t, d.Bytes(), 3_000*hours*48)
}

// Thousands of customers grow the hash tables, and leave them again.
func TestManyCustomers(t *testing.T) {
	d := NewDay(date)
	var files [3][]order
	for file := range files {
		for i := range 3_000 {
			files[file] = append(files[file], order{"", fmt.Sprint("c", (i*13+file*500)%2_000), fmt.Sprint("p", i%2), "Books", fmt.Sprint("r", i%3), sales.Refunded, 1, 5, 3, date})
		}
		_, err := d.Apply(put(files[file]))
		require.NoError(t, err)
		requireDay(t, slices.Concat(files[:file+1]...), d)
	}
	require.Less(t, d.Bytes(), RowBytes*9_000)
	for file := range files {
		var gone []change
		for _, o := range files[file] {
			gone = append(gone, change{o, sales.OpDelete})
		}
		_, err := d.Apply(batchOf(Changed, gone))
		require.NoError(t, err)
		requireDay(t, slices.Concat(files[file+1:]...), d)
	}
}

// A table that pairs come to and leave does not grow without end.
func TestPairsThatLeaveMakeRoom(t *testing.T) {
	var r refs
	for i := range uint32(100_000) {
		r.reserve(1)
		distinct, ok := r.add(1, i, 1)
		require.True(t, ok)
		require.EqualValues(t, 1, distinct)
		if i >= 10 {
			distinct, ok = r.add(1, i-10, -1)
			require.True(t, ok)
			require.EqualValues(t, -1, distinct)
		}
	}
	require.LessOrEqual(t, len(r.slots), firstSlots)
}

func TestRowsThatCannotBeAreRefused(t *testing.T) {
	sold := order{"o1", "c1", "p1", "Books", "Europe", sales.Refunded, 1, 5, 3, date}
	pending, other := sold, sold
	pending.status = sales.Pending
	other.customer = "c2"
	for name, gone := range map[string]order{"no pending order": pending, "not this customer": other} {
		d := NewDay(date)
		_, err := d.Apply(put([]order{sold}))
		require.NoError(t, err)
		_, err = d.Apply(batchOf(Changed, []change{{gone, sales.OpDelete}}))
		require.ErrorIs(t, err, ErrApart, name)
	}
	for message, bad := range map[string]change{
		`status "shipped"`:             {order{status: "shipped"}, sales.OpUpsert},
		`_op "merge"`:                  {order{status: sales.Pending}, "merge"},
		`row 1 has an order_ts of ano`: {order{status: sales.Pending, hour: 24}, sales.OpUpsert},
	} {
		_, err := NewDay(date).Apply(batchOf(Changed, []change{bad}))
		require.ErrorIs(t, err, lake.ErrCorrupt)
		require.ErrorContains(t, err, message)
	}
}

// A day of 33,000 rows in four files, as of three million in 90 days.
func BenchmarkDay(b *testing.B) {
	const files, rows = 4, 8_333
	var batches []*column.Batch
	for f := range files {
		var orders []order
		for i := range rows {
			n := i*files + f
			orders = append(orders, order{"", fmt.Sprintf("cust-%06d", n*7_919%50_000), fmt.Sprintf("prod-%04d", n*31%1_000),
				fmt.Sprint("category ", n*31%8), fmt.Sprint("region ", n%5), []string{sales.Completed, sales.Completed, sales.Completed, sales.Refunded, sales.Pending}[n%5], 2, 1_999,
				int32(n % 24), date})
		}
		batches = append(batches, put(orders))
	}
	for b.Loop() {
		d := NewDay(date)
		for _, batch := range batches {
			_, err := d.Apply(batch)
			require.NoError(b, err)
		}
		d.Sales()
		d.Products()
	}
	b.ReportMetric(float64(files*rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
