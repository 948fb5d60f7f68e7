package warehousetest

import (
	"cmp"
	"maps"
	"math/big"
	"slices"
	"time"

	"github.com/saleslake/saleslake/pkg/sales"
)

func (t *Truth) growth(back int, withOrders bool) (r rows) {
	months := sums(t.Sales, (*Sale).month)
	first, last := span(t.Sales, (*Sale).month)
	for m := first; m <= last; m++ {
		now, row := months[m], []any{monthStart(m), months[m].orders, money(months[m].net)}
		before := months[m-back]
		past := []any{before.orders, money(before.net), money(now.net - before.net), percent(now.net-before.net, before.net)}
		if m-back < first {
			past = []any{nil, nil, nil, nil}
		}
		if !withOrders {
			past = past[1:]
		}
		r.add(append(row, past...)...)
	}
	return r
}

func (t *Truth) averageOrderValue() (r rows) {
	months := sums(t.Sales, (*Sale).month)
	first, last := span(t.Sales, (*Sale).month)
	var before any
	for m := first; m <= last; m++ {
		average := rounded(meanMoney(months[m].gross, months[m].orders))
		var change any
		if average != nil && before != nil {
			change = new(big.Rat).Sub(average.(*big.Rat), before.(*big.Rat))
		}
		r.add(monthStart(m), months[m].orders, money(months[m].gross), average, change)
		before = average
	}
	return r
}

// rounded gives a quotient as it is shown.
func rounded(q any) any {
	if q == nil {
		return nil
	}
	shown, _ := new(big.Rat).SetString(q.(*big.Rat).FloatString(2))
	return shown
}

func (t *Truth) categoryLeaders() (r rows) {
	cells := sums(t.Sales, func(s *Sale) monthOf { return monthOf{s.month(), s.Category} })
	months, rank := sums(t.Sales, (*Sale).month), map[monthOf]int{}
	for c := range cells {
		rank[c] = 1
		for other := range cells {
			if other.month == c.month && cells[other].net > cells[c].net {
				rank[c]++
			}
		}
	}
	for _, c := range sorted(cells, func(a, b monthOf) int {
		return cmp.Or(cmp.Compare(a.month, b.month), cmp.Compare(rank[a], rank[b]), cmp.Compare(a.of, b.of))
	}) {
		r.add(monthStart(c.month), rank[c], c.of, cells[c].orders, money(cells[c].net), percent(cells[c].net, months[c.month].net))
	}
	return r
}

func (t *Truth) dailyTrends() (r rows) {
	type cell struct {
		day    int32
		region string
	}
	cells := sums(t.Sales, func(s *Sale) cell { return cell{s.day(), s.Region} })
	regions := sums(t.Sales, func(s *Sale) string { return s.Region })
	first, last := span(t.Sales, (*Sale).day)
	for day := first; day <= last; day++ {
		for _, region := range sorted(regions, cmp.Compare) {
			var orders, net, days int64
			for d := max(first, day-6); d <= day; d++ {
				days++
				orders += cells[cell{d, region}].orders
				net += cells[cell{d, region}].net
			}
			now := cells[cell{day, region}]
			r.add(sales.FormatDay(day), region, now.orders, mean(orders, days), money(now.net), meanMoney(net, days))
		}
	}
	return r
}

func (t *Truth) restatedRevenue() (r rows) {
	type month struct{ days, restated int64 }
	months, seen := map[int]month{}, map[int32]bool{}
	for _, orders := range [][]Sale{t.Published, t.Sales} {
		for i := range orders {
			s := &orders[i]
			m := months[s.month()]
			if !seen[s.day()] {
				seen[s.day()] = true
				m.days++
				if t.Restated[s.day()] {
					m.restated++
				}
			}
			months[s.month()] = m
		}
	}
	was, is := sums(t.Published, (*Sale).month), sums(t.Sales, (*Sale).month)
	for _, m := range sorted(months, cmp.Compare) {
		before, now := was[m].net, is[m].net
		r.add(monthStart(m), months[m].days, months[m].restated, money(before), money(now), money(now-before), percent(now-before, before))
	}
	return r
}

func (t *Truth) dailyCustomers() (r rows) {
	orders, firsts := sold(t.Sales), map[string]int32{}
	for i := range orders {
		s := &orders[i]
		if first, known := firsts[s.Customer]; !known || s.day() < first {
			firsts[s.Customer] = s.day()
		}
	}
	days := map[int32][]Sale{}
	for i := range orders {
		days[orders[i].day()] = append(days[orders[i].day()], orders[i])
	}
	for _, day := range sorted(days, cmp.Compare) {
		var customers, net [2]int64 // of returning and new ones
		for name, sum := range sums(days[day], func(s *Sale) string { return s.Customer }) {
			is := 0
			if firsts[name] == day {
				is = 1
			}
			customers[is]++
			net[is] += sum.net
		}
		r.add(sales.FormatDay(day), customers[0]+customers[1], customers[1], customers[0], money(net[1]), money(net[0]))
	}
	return r
}

func (t *Truth) repeatPurchases() (r rows) {
	first, last := span(t.Sales, (*Sale).month)
	for m := first; m <= last; m++ {
		orders := map[string]int{}
		for _, s := range sold(t.Sales) {
			if s.month() <= m {
				orders[s.Customer]++
			}
		}
		repeated := int64(0)
		for _, n := range orders {
			if n > 1 {
				repeated++
			}
		}
		r.add(monthStart(m), len(orders), repeated, percent(repeated, int64(len(orders))))
	}
	return r
}

func (t *Truth) cohortRetention() (r rows) {
	_, last := span(t.Sales, (*Sale).month)
	months := map[string]map[int]bool{} // in which a customer bought
	for _, s := range sold(t.Sales) {
		if months[s.Customer] == nil {
			months[s.Customer] = map[int]bool{}
		}
		months[s.Customer][s.month()] = true
	}
	cohorts := map[int][]string{}
	for customer, bought := range months {
		first := slices.Min(slices.Collect(maps.Keys(bought)))
		cohorts[first] = append(cohorts[first], customer)
	}
	for _, cohort := range sorted(cohorts, cmp.Compare) {
		for m := cohort; m <= last; m++ {
			active, size := int64(0), int64(len(cohorts[cohort]))
			for _, customer := range cohorts[cohort] {
				if months[customer][m] {
					active++
				}
			}
			r.add(monthStart(cohort), m-cohort, size, active, percent(active, size))
		}
	}
	return r
}

func (t *Truth) customersBySegment() (r rows) {
	orders := sold(t.Sales)
	segment := func(s *Sale) monthOf { return monthOf{s.month(), cmp.Or(s.Segment, "unknown")} }
	segments, months := sums(orders, segment), sums(orders, (*Sale).month)
	customers := map[monthOf]map[string]bool{}
	for i := range orders {
		k := segment(&orders[i])
		if customers[k] == nil {
			customers[k] = map[string]bool{}
		}
		customers[k][orders[i].Customer] = true
	}
	for _, k := range sorted(segments, compareMonthOf) {
		r.add(monthStart(k.month), k.of, len(customers[k]), segments[k].orders, money(segments[k].net), percent(segments[k].net, months[k.month].net))
	}
	return r
}

func (t *Truth) refundRate() (r rows) {
	cells := sums(sold(t.Sales), func(s *Sale) monthOf { return monthOf{s.month(), s.Category} })
	for _, k := range sorted(cells, compareMonthOf) {
		c := cells[k]
		r.add(monthStart(k.month), k.of, c.orders, c.refunds, percent(c.refunds, c.orders), money(c.gross), money(c.refunded), percent(c.refunded, c.gross))
	}
	return r
}

func (t *Truth) basketSize() (r rows) {
	categories := sums(sold(t.Sales), func(s *Sale) string { return s.Category })
	for _, name := range sorted(categories, cmp.Compare) {
		c := categories[name]
		r.add(name, c.orders, c.units, mean(c.units, c.orders), percent(c.single, c.orders), c.largest, meanMoney(c.gross, c.units))
	}
	return r
}

func (t *Truth) productClasses() (r rows) {
	products := sums(sold(t.Sales), func(s *Sale) string { return s.Product })
	var total, above int64
	for _, p := range products {
		total += p.net
	}
	order := sorted(products, func(a, b string) int {
		return cmp.Or(cmp.Compare(products[b].net, products[a].net), cmp.Compare(a, b))
	})
	for i, id := range order {
		p, class := products[id], "C"
		switch whole := big.NewRat(above, max(total, 1)); {
		case total > 0 && whole.Cmp(big.NewRat(80, 100)) < 0:
			class = "A"
		case total > 0 && whole.Cmp(big.NewRat(95, 100)) < 0:
			class = "B"
		}
		rank := i + 1
		for rank > 1 && products[order[rank-2]].net == p.net {
			rank--
		}
		above += p.net
		known := t.Products[id]
		r.add(rank, id, known[0], known[1], p.orders, p.units, money(p.net), percent(p.net, total), percent(above, total), class)
	}
	return r
}

func (t *Truth) hourOfWeek() (r rows) {
	weekday := func(at time.Time) int { return (int(at.Weekday())+6)%7 + 1 }
	type cell struct{ weekday, hour int }
	cells := sums(t.Sales, func(s *Sale) cell { return cell{weekday(s.time()), s.time().Hour()} })
	days := map[int]int64{}
	first, last := span(t.Sales, (*Sale).day)
	for day := first; day <= last; day++ {
		days[weekday(time.Unix(int64(day)*24*60*60, 0).UTC())]++
	}
	for w := 1; w <= 7; w++ {
		for h := range 24 {
			c := cells[cell{w, h}]
			r.add(w, time.Weekday(w%7), h, days[w], c.orders, mean(c.orders, days[w]), money(c.net))
		}
	}
	return r
}
