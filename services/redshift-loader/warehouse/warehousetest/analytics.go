package warehousetest

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"maps"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/services/redshift-loader/warehouse"
)

// analytics checks the queries on orders that are few enough to add up in the head.
func analytics(t *testing.T, b *bench) {
	for _, day := range [][]Order{
		{
			{ID: "1", Day: "2026-01-30", Cents: 10_000},
			{ID: "2", Day: "2026-01-30", Cents: 5_000, Category: "Toys"},
			{ID: "3", Day: "2026-01-30", Cents: 3_000, Region: "Asia Pacific", Status: sales.Refunded},
		},
		{{ID: "4", Day: "2026-01-31", Cents: 2_000}, {ID: "5", Day: "2026-01-31", Cents: 99_900, Status: sales.Pending}},
		{{ID: "6", Day: "2026-02-01", Cents: 10_000, Category: "Toys"}, {ID: "7", Day: "2026-02-01", Cents: 5_000, Category: "Toys", Region: "Asia Pacific"}},
		{{ID: "8", Day: "2026-02-03", Cents: 3_333}},
		{{ID: "9", Day: "2026-04-01", Cents: 1_000, Category: "Toys", Region: "Asia Pacific"}},
	} {
		b.load(b.lake.All(day[0].Day, 1, day...)...)
	}
	require.Equal(t, `month,orders,revenue,previous_revenue,growth,growth_percent
2026-01-01,4,170.00,,,
2026-02-01,3,183.33,170.00,13.33,7.84
2026-03-01,0,0.00,183.33,-183.33,-100.00
2026-04-01,1,10.00,0.00,10.00,
`, b.csv("revenue_mom_growth", 0))
	require.Equal(t, `month,category_rank,category,orders,revenue,share_percent
2026-01-01,1,Books,3,120.00,70.59
2026-01-01,2,Toys,1,50.00,29.41
2026-02-01,1,Toys,2,150.00,81.82
2026-02-01,2,Books,1,33.33,18.18
2026-04-01,1,Toys,1,10.00,100.00
`, b.csv("category_leaders", 0))
	require.Equal(t, `order_date,region,orders,orders_average,revenue,revenue_average
2026-01-30,Asia Pacific,1,1.00,0.00,0.00
2026-01-30,Europe,2,2.00,150.00,150.00
2026-01-31,Asia Pacific,0,0.50,0.00,0.00
2026-01-31,Europe,1,1.50,20.00,85.00
2026-02-01,Asia Pacific,1,0.67,50.00,16.67
2026-02-01,Europe,1,1.33,100.00,90.00
2026-02-02,Asia Pacific,0,0.50,0.00,12.50
2026-02-02,Europe,0,1.00,0.00,67.50
2026-02-03,Asia Pacific,0,0.40,0.00,10.00
2026-02-03,Europe,1,1.00,33.33,60.67
2026-02-04,Asia Pacific,0,0.33,0.00,8.33
2026-02-04,Europe,0,0.83,0.00,50.56
2026-02-05,Asia Pacific,0,0.29,0.00,7.14
2026-02-05,Europe,0,0.71,0.00,43.33
2026-02-06,Asia Pacific,0,0.14,0.00,7.14
2026-02-06,Europe,0,0.43,0.00,21.90
`, b.csv("daily_trends_by_region", 16))
	all, err := b.Query(t.Context(), "daily_trends_by_region")
	require.NoError(t, err)
	require.Len(t, all.Rows, 2*(2+28+31+1), "every day from the first with orders to the last")
	_, err = b.Query(t.Context(), "none")
	require.ErrorIs(t, err, warehouse.ErrNoQuery)
}

// largeAnalytics checks the queries on the greatest money that a day may have, and then
// on sums of 10^30 cents, which are put into the aggregate as no order is that large.
func largeAnalytics(t *testing.T, b *bench) {
	const most = 999_999_999_999_999_999
	for _, order := range []Order{
		{ID: "1", Day: "2026-01-30", Cents: most},
		{ID: "2", Day: "2026-01-31", Cents: 500, Category: "Toys"},
		{ID: "3", Day: "2026-02-01", Cents: 1},
		{ID: "4", Day: "2026-03-01", Cents: most},
	} {
		b.load(b.lake.All(order.Day, 1, order)...)
	}
	require.Equal(t, `month,orders,revenue,previous_revenue,growth,growth_percent
2026-01-01,2,10000000000000004.99,,,
2026-02-01,1,0.01,10000000000000004.99,-10000000000000004.98,-100.00
2026-03-01,1,9999999999999999.99,0.01,9999999999999999.98,99999999999999999800.00
`, b.csv("revenue_mom_growth", 0))
	require.Equal(t, `month,category_rank,category,orders,revenue,share_percent
2026-01-01,1,Books,1,9999999999999999.99,100.00
2026-01-01,2,Toys,1,5.00,0.00
2026-02-01,1,Books,1,0.01,100.00
2026-03-01,1,Books,1,9999999999999999.99,100.00
`, b.csv("category_leaders", 0))
	require.Equal(t, `order_date,region,orders,orders_average,revenue,revenue_average
2026-01-30,Europe,1,1.00,9999999999999999.99,9999999999999999.99
2026-01-31,Europe,1,1.00,5.00,5000000000000002.50
2026-02-01,Europe,1,1.00,0.01,3333333333333335.00
2026-02-02,Europe,0,0.75,0.00,2500000000000001.25
2026-02-03,Europe,0,0.60,0.00,2000000000000001.00
2026-02-04,Europe,0,0.50,0.00,1666666666666667.50
2026-02-05,Europe,0,0.43,0.00,1428571428571429.29
2026-02-06,Europe,0,0.29,0.00,0.72
`, b.csv("daily_trends_by_region", 8))

	b.lines("ALTER TABLE sales.agg_daily_sales ALTER COLUMN net_revenue TYPE DECIMAL(38, 2)")
	for _, set := range []string{"9876543210987654321098765432.11 WHERE order_date = '2026-01-30'",
		"1234567890123456789012345678.99 WHERE order_date = '2026-01-31'", "9999999999999999999999999999.99 WHERE order_date = '2026-03-01'"} {
		b.lines("UPDATE sales.agg_daily_sales SET net_revenue = " + set)
	}
	require.Equal(t, `month,orders,revenue,previous_revenue,growth,growth_percent
2026-01-01,2,11111111101111111110111111111.10,,,
2026-02-01,1,0.01,11111111101111111110111111111.10,-11111111101111111110111111111.09,-100.00
2026-03-01,1,9999999999999999999999999999.99,0.01,9999999999999999999999999999.98,99999999999999999999999999999800.00
`, b.csv("revenue_mom_growth", 0))
	require.Equal(t, `month,category_rank,category,orders,revenue,share_percent
2026-01-01,1,Books,1,9876543210987654321098765432.11,88.89
2026-01-01,2,Toys,1,1234567890123456789012345678.99,11.11
`, b.csv("category_leaders", 2))
	require.Equal(t, `order_date,region,orders,orders_average,revenue,revenue_average
2026-01-30,Europe,1,1.00,9876543210987654321098765432.11,9876543210987654321098765432.11
2026-01-31,Europe,1,1.00,1234567890123456789012345678.99,5555555550555555555055555555.55
2026-02-01,Europe,1,1.00,0.01,3703703700370370370037037037.04
`, b.csv("daily_trends_by_region", 3))

	for day := 10; day < 20; day++ {
		date := fmt.Sprint("2026-01-", day)
		b.load(b.lake.All(date, 1, Order{ID: date, Day: date, Cents: most})...)
	}
	count, err := b.Facts(t.Context())
	require.NoError(t, err, "more than an int64 holds")
	sum := int64(most)
	require.Equal(t, lake.Count{Rows: 14, Cents: sum*12 + 501}, count)
}

// newCustomers loads days that come late, lose orders and exchange them: each time, a
// customer is new on the first day that is left of theirs.
func newCustomers(t *testing.T, b *bench) {
	const (
		large = 999_999_999_999_990_000 // with the others, all that a day may have
		first = "2026-01-02"
		later = "2026-01-05"
		head  = "order_date,customers,new_customers,returning_customers,new_net_revenue,returning_net_revenue\n"
	)
	anna := Order{ID: "1", Day: first, Cents: 1_000, Customer: "anna"}
	refunded := Order{ID: "2", Day: first, Cents: 700, Customer: "anna", Status: sales.Refunded}
	waits := Order{ID: "3", Day: first, Cents: 500, Customer: "bert", Status: sales.Pending}
	bert := Order{ID: "4", Day: later, Cents: large, Customer: "bert"}
	again := Order{ID: "5", Day: later, Cents: 300, Customer: "anna"}
	carla := Order{ID: "6", Day: later, Cents: 200, Customer: "carla", Status: sales.Refunded}
	b.load(b.lake.All(later, 1, bert, again, carla)...)
	require.Equal(t, head+later+",3,3,0,9999999999999903.00,0.00\n", b.csv("daily_customers_new_returning", 0))
	b.load(b.lake.All(first, 1, anna, refunded, waits)...) // comes late
	require.Equal(t, head+first+",1,1,0,10.00,0.00\n"+later+",3,2,1,9999999999999900.00,3.00\n", b.csv("daily_customers_new_returning", 0))

	moved := bert
	moved.Day, moved.Version = "2026-01-01", 1
	b.load(append(b.lake.All(moved.Day, 1, moved), b.lake.All(later, 2, again, carla)...)...)
	more := Order{ID: "7", Day: first, Cents: 50, Customer: "bert"}
	b.load(b.lake.All(first, 2, anna, refunded, waits, more)...)
	require.Equal(t, head+"2026-01-01,1,1,0,9999999999999900.00,0.00\n"+first+",2,1,1,10.00,0.50\n"+later+",2,1,1,0.00,3.00\n",
		b.csv("daily_customers_new_returning", 0))

	b.load(b.lake.All(first, 3, waits)...) // what anna had there is gone
	require.Equal(t, head+"2026-01-01,1,1,0,9999999999999900.00,0.00\n"+later+",2,2,0,3.00,0.00\n", b.csv("daily_customers_new_returning", 0))
}

// anyAnalytics loads versions of random days, which bring, change and take away orders, and
// asks every query after each load.
func anyAnalytics(t *testing.T, b *bench) {
	const loads = 20
	days := []string{"2023-12-31", "2024-01-01", "2024-02-29", "2024-12-31", "2025-01-01", "2025-01-05", "2025-02-28", "2025-12-31", "2026-01-01"}
	_, err := b.LoadProducts(t.Context(), b.file("products.csv", "product_id,name,category,list_price\nP-1,Lamp,Books,1\nP-2,Cup,Toys,2\n"))
	require.NoError(t, err)
	b.load(b.lake.Customers("2025-01-01", 0, 1, Update{ID: "C-1", At: instant(t, "2025-01-01T12:00:00Z"), Segment: "consumer"},
		Update{ID: "C-2", At: instant(t, "2025-01-01T13:00:00Z"), Segment: "enterprise"}),
		b.lake.Customers("2025-12-31", 0, 1, Update{ID: "C-2", At: instant(t, "2025-12-31T12:00:00Z"), Segment: "consumer"},
			Update{ID: "C-3", At: instant(t, "2025-12-31T00:00:00Z"), Deleted: true}))
	segment := func(customer string, at int64) string {
		switch {
		case customer == "C-1", customer == "C-2" && at >= instant(t, "2025-12-31T12:00:00Z"):
			return "consumer"
		case customer == "C-2": // the first version holds for the time before it, too
			return "enterprise"
		default:
			return ""
		}
	}
	products := map[string][2]string{"P-1": {"Lamp", "Books"}, "P-2": {"Cup", "Toys"}}
	random, now, first := rand.New(rand.NewPCG(5, 5)), map[string][]Order{}, map[string][]Order{}
	restated := map[int32]bool{}
	for load := int64(1); load <= loads; load++ {
		var verdicts []*lake.Verdict
		for _, day := range days {
			if random.IntN(3) > 0 {
				continue
			}
			was, published := now[day]
			now[day] = drawOrders(random, day, load)
			if !published {
				first[day] = now[day]
			} else if !maps.EqualFunc(cells(was, byCell), cells(now[day], byCell), maps.Equal[measures, measures]) {
				restated[Order{Day: day}.day(t)] = true
			}
			verdicts = append(verdicts, b.lake.All(day, load, now[day]...)...)
		}
		b.load(verdicts...)
		truth := Truth{Sales: salesOf(t, now, segment), Published: salesOf(t, first, segment), Products: products, Restated: restated}
		for _, q := range queries(t) {
			want, known := truth.Answer(q.Name)
			require.True(t, known, q.Name)
			require.Equal(t, csvOf(t, q.Columns, want), b.csv(q.Name, 0), "%s after load %d", q.Name, load)
		}
	}
}

// drawOrders gives a day up to eight orders, with few values so that these meet and tie.
func drawOrders(random *rand.Rand, day string, version int64) []Order {
	orders := make([]Order, random.IntN(9))
	for i := range orders {
		o := Order{
			ID: fmt.Sprint(day, "-", i), Day: day, Micros: 1 + random.Int64N(sales.MicrosPerDay-1), Version: version, Units: 1 + random.Int64N(3), Cents: 100 * random.Int64N(3),
			Status:   []string{sales.Completed, sales.Completed, sales.Refunded, sales.Pending, sales.Cancelled}[random.IntN(5)],
			Region:   []string{"Europe", "Asia Pacific"}[random.IntN(2)],
			Category: []string{"Books", "Toys", "Home & Garden"}[random.IntN(3)],
			Customer: fmt.Sprint("C-", 1+random.IntN(5)), Product: fmt.Sprint("P-", 1+random.IntN(3)),
		}
		if random.IntN(4) == 0 {
			o.Cents = random.Int64N(1_000_000)
		}
		orders[i] = o
	}
	return orders
}

func salesOf(t *testing.T, days map[string][]Order, segment func(customer string, at int64) string) (all []Sale) {
	for _, orders := range days {
		for _, o := range orders {
			all = append(all, Sale{Order: o, TS: o.orderTS(t), Segment: segment(o.Customer, o.orderTS(t))})
		}
	}
	return all
}

// Ratios checks a function that should be sales.ratio, on money up to 10^30 and beside halves.
func Ratios(t *testing.T, w *warehouse.Warehouse, function string) {
	random := rand.New(rand.NewPCG(8, 8))
	draw := func() *big.Rat {
		n := new(big.Int).Exp(big.NewInt(10), big.NewInt(random.Int64N(31)), nil)
		n.Mul(n, big.NewInt(1+random.Int64N(999))).Add(n, big.NewInt(random.Int64N(200)))
		return new(big.Rat).SetFrac(n, big.NewInt([]int64{1, 10, 100}[random.IntN(3)]))
	}
	var asked []string
	var want []string
	for i := range 300 {
		n, d := draw(), draw()
		if half := big.NewRat(1+2*random.Int64N(1000), 200); i%3 == 0 { // of a hundredth
			d = big.NewRat(100*(1+random.Int64N(1000)), 1)
			n = new(big.Rat).Mul(d, half)
			n.Add(n, big.NewRat(random.Int64N(3)-1, 100))
		}
		if i%2 == 0 {
			n.Neg(n)
		}
		asked = append(asked, fmt.Sprintf("SELECT %d AS i, %s(CAST(%s AS DECIMAL(38, 2)), CAST(%s AS DECIMAL(38, 2))) AS ratio", i, function, n.FloatString(2), d.FloatString(2)))
		var r rows
		r.add(new(big.Rat).Quo(n, d))
		want = append(want, r[0][0])
	}
	for _, none := range []string{"1, 0", "0, 0", "NULL, 1", "1, NULL", "5, -1"} {
		asked = append(asked, fmt.Sprintf("SELECT %d, %s(%s)", len(asked), function, none))
		want = append(want, "<nil>")
	}
	a, err := w.Select(t.Context(), strings.Join(asked, " UNION ALL ")+" ORDER BY i")
	require.NoError(t, err)
	for i, row := range a.Rows {
		require.Equal(t, want[i], fmt.Sprint(row[1]), asked[i])
	}
}

func queries(t *testing.T) []warehouse.Question {
	list, err := warehouse.Questions()
	require.NoError(t, err)
	return list
}

func csvOf(t *testing.T, header []string, lines [][]string) string {
	var text bytes.Buffer
	w := csv.NewWriter(&text)
	require.NoError(t, w.Write(header))
	require.NoError(t, w.WriteAll(lines))
	return text.String()
}

// csv gives the first rows of a query's result, all of them for 0.
func (b *bench) csv(name string, rows int) string {
	a, err := b.Query(b.t.Context(), name)
	require.NoError(b.t, err)
	if rows > 0 {
		a.Rows = a.Rows[:rows]
	}
	var text bytes.Buffer
	require.NoError(b.t, a.CSV(&text))
	return text.String()
}
