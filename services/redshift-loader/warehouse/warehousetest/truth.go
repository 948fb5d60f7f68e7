package warehousetest

import (
	"cmp"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"time"

	"github.com/saleslake/saleslake/pkg/sales"
)

// Truth is what the analytics are asked about. Its answers are computed order by order, from
// the questions in the headers of the queries and not from their SQL.
type Truth struct {
	Sales     []Sale
	Products  map[string][2]string // name and category in the catalogue, by product_id
	Published []Sale               // of the first version of each day
	Restated  map[int32]bool       // days of which a cell changed since, be it for a while
}

// Sale is an order as the analytics see it, placed at TS.
type Sale struct {
	Order
	TS      int64  // order_ts, µs UTC
	Segment string // of the customer when the order was placed, empty when it was not known
}

func (s *Sale) day() int32      { return sales.DayOf(s.TS) }
func (s *Sale) time() time.Time { return time.UnixMicro(s.TS).UTC() }
func (s *Sale) month() int      { return s.time().Year()*12 + int(s.time().Month()) - 1 }
func (s *Sale) sold() bool      { return s.Status == sales.Completed || s.Status == sales.Refunded }
func (s *Sale) refunded() bool  { return s.Status == sales.Refunded }

func monthStart(month int) string { return fmt.Sprintf("%04d-%02d-01", month/12, month%12+1) }

// Answer gives the rows of a query's answer as CSV has them, and whether it knows the query.
func (t *Truth) Answer(query string) ([][]string, bool) {
	answer, known := answers[query]
	if !known {
		return nil, false
	}
	return answer(t), true
}

// answers are those of each query.
var answers = map[string]func(*Truth) rows{
	"average_order_value":           (*Truth).averageOrderValue,
	"basket_size":                   (*Truth).basketSize,
	"category_leaders":              (*Truth).categoryLeaders,
	"cohort_retention":              (*Truth).cohortRetention,
	"customers_by_segment":          (*Truth).customersBySegment,
	"daily_customers_new_returning": (*Truth).dailyCustomers,
	"daily_trends_by_region":        (*Truth).dailyTrends,
	"hour_of_week":                  (*Truth).hourOfWeek,
	"product_abc_classes":           (*Truth).productClasses,
	"refund_rate_by_category":       (*Truth).refundRate,
	"repeat_purchase_rate":          (*Truth).repeatPurchases,
	"restated_revenue":              (*Truth).restatedRevenue,
	"revenue_mom_growth":            func(t *Truth) rows { return t.growth(1, false) },
	"revenue_yoy_growth":            func(t *Truth) rows { return t.growth(12, true) },
}

// rows are an answer's cells, as CSV has them.
type rows [][]string

// add appends a row; money is in cents, and nil is null.
func (r *rows) add(values ...any) {
	row := make([]string, len(values))
	for i, v := range values {
		switch v := v.(type) {
		case nil:
		case money:
			row[i] = sales.FormatCents(int64(v))
		case *big.Rat:
			row[i] = v.FloatString(2) // rounds halves away from zero
			if row[i] == "-0.00" {
				row[i] = "0.00"
			}
		default:
			row[i] = fmt.Sprint(v)
		}
	}
	*r = append(*r, row)
}

type money int64 // cents

// percent, mean and meanMoney are nil for a denominator of 0.
func percent(part, whole int64) any { return quotient(100*part, whole) }
func mean(sum, n int64) any         { return quotient(sum, n) }
func meanMoney(cents, n int64) any  { return quotient(cents, 100*n) }
func quotient(n, d int64) any {
	if d == 0 {
		return nil
	}
	return big.NewRat(n, d)
}

// totals are those of the sold ones of some orders.
type totals struct{ orders, units, gross, refunds, refunded, net, single, largest int64 }

func (t *totals) add(s *Sale) {
	if !s.sold() {
		return
	}
	t.orders++
	t.units += s.Units
	t.gross += s.Cents
	if s.refunded() {
		t.refunds++
		t.refunded += s.Cents
	} else {
		t.net += s.Cents
	}
	if s.Units == 1 {
		t.single++
	}
	t.largest = max(t.largest, s.Units)
}

// sums gives the totals of the orders by a key, also where none of them is sold.
func sums[K comparable](orders []Sale, by func(*Sale) K) map[K]totals {
	all := map[K]totals{}
	for i := range orders {
		k := by(&orders[i])
		sum := all[k]
		sum.add(&orders[i])
		all[k] = sum
	}
	return all
}

func sold(orders []Sale) (kept []Sale) {
	for i := range orders {
		if orders[i].sold() {
			kept = append(kept, orders[i])
		}
	}
	return kept
}

// span gives the least and the greatest of a number of the orders.
func span[N cmp.Ordered](orders []Sale, of func(*Sale) N) (first, last N) {
	for i := range orders {
		n := of(&orders[i])
		if i == 0 {
			first, last = n, n
		}
		first, last = min(first, n), max(last, n)
	}
	return first, last
}

func sorted[K comparable, V any](m map[K]V, order func(a, b K) int) []K {
	return slices.SortedFunc(maps.Keys(m), order)
}

// monthOf is a month and something in it.
type monthOf struct {
	month int
	of    string
}

func compareMonthOf(a, b monthOf) int {
	return cmp.Or(cmp.Compare(a.month, b.month), cmp.Compare(a.of, b.of))
}
