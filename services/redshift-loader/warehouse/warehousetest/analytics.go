package warehousetest

import (
	"bytes"
	"fmt"
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
	require.Equal(t, `order_date,region,orders,revenue,revenue_average
2026-01-30,Asia Pacific,1,0.00,0.00
2026-01-30,Europe,2,150.00,150.00
2026-01-31,Asia Pacific,0,0.00,0.00
2026-01-31,Europe,1,20.00,85.00
2026-02-01,Asia Pacific,1,50.00,16.67
2026-02-01,Europe,1,100.00,90.00
2026-02-02,Asia Pacific,0,0.00,12.50
2026-02-02,Europe,0,0.00,67.50
2026-02-03,Asia Pacific,0,0.00,10.00
2026-02-03,Europe,1,33.33,60.67
2026-02-04,Asia Pacific,0,0.00,8.33
2026-02-04,Europe,0,0.00,50.56
2026-02-05,Asia Pacific,0,0.00,7.14
2026-02-05,Europe,0,0.00,43.33
2026-02-06,Asia Pacific,0,0.00,7.14
2026-02-06,Europe,0,0.00,21.90
`, b.csv("daily_trends_by_region", 16))
	all, err := b.Query(t.Context(), "daily_trends_by_region")
	require.NoError(t, err)
	require.Len(t, all.Rows, 2*(2+28+31+1), "every day from the first with orders to the last")
	_, err = b.Query(t.Context(), "none")
	require.ErrorIs(t, err, warehouse.ErrNoQuery)
	require.ErrorContains(t, err, `no such query: "none"; there are category_leaders, daily_customers_new_returning, daily_trends_by_region, revenue_mom_growth`)
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
	require.Equal(t, `order_date,region,orders,revenue,revenue_average
2026-01-30,Europe,1,9999999999999999.99,9999999999999999.99
2026-01-31,Europe,1,5.00,5000000000000002.50
2026-02-01,Europe,1,0.01,3333333333333335.00
2026-02-02,Europe,0,0.00,2500000000000001.25
2026-02-03,Europe,0,0.00,2000000000000001.00
2026-02-04,Europe,0,0.00,1666666666666667.50
2026-02-05,Europe,0,0.00,1428571428571429.29
2026-02-06,Europe,0,0.00,0.72
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
	require.Equal(t, `order_date,region,orders,revenue,revenue_average
2026-01-30,Europe,1,9876543210987654321098765432.11,9876543210987654321098765432.11
2026-01-31,Europe,1,1234567890123456789012345678.99,5555555550555555555055555555.55
2026-02-01,Europe,1,0.01,3703703700370370370037037037.04
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
