package warehousetest

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// All gives the verdicts on all tables of a day, facts first. Each version after the first
// that was asked for restates what it changes.
func (l *Lake) All(day string, version int64, orders ...Order) []*lake.Verdict {
	defaulted := make([]Order, len(orders))
	for i, o := range orders {
		defaulted[i] = o.withDefaults()
	}
	return []*lake.Verdict{
		l.Facts(day, version, orders...), l.daily(day, version, defaulted), l.products(day, version, defaulted),
		l.hourly(day, version, defaulted), l.refunds(day, version, defaulted), l.restated(day, version, defaulted),
	}
}

// key is what the rows of an aggregate are by, after the day.
type key [3]string

// measures are the sums of a cell, by the name of the column.
type measures map[string]int64

// cells sums orders by a key.
func cells(orders []Order, by func(Order) key) map[key]measures {
	all, customers := map[key]measures{}, map[key]map[string]bool{}
	for _, o := range orders {
		k := by(o)
		if all[k] == nil {
			all[k], customers[k] = measures{}, map[string]bool{}
		}
		switch m := all[k]; o.Status {
		case sales.Pending:
			m["pending_orders"]++
		case sales.Cancelled:
			m["cancelled_orders"]++
		default:
			m["orders"]++
			m["units"] += o.Units
			m["gross_revenue"] += o.Cents
			if o.Status == sales.Refunded {
				m["refunds"]++
				m["refunded_revenue"] += o.Cents
			}
			m["net_revenue"] = m["gross_revenue"] - m["refunded_revenue"]
			customers[k][o.Customer] = true
			m["customers"] = int64(len(customers[k]))
		}
	}
	return all
}

func byCell(o Order) key { return key{o.Region, o.Category} }

func (l *Lake) daily(day string, version int64, orders []Order) *lake.Verdict {
	return l.aggregate(sales.DailySales, day, version, cells(orders, byCell), func(b *column.Batch, k key) {
		appendDay(b.Column("order_date"), l.day(day))
		appendCell(b, k)
	})
}

// products has as a product's category that of its first order.
func (l *Lake) products(day string, version int64, orders []Order) *lake.Verdict {
	categories := map[string]string{}
	rows := cells(orders, func(o Order) key {
		if categories[o.Product] == "" {
			categories[o.Product] = o.Category
		}
		return key{o.Product, categories[o.Product]}
	})
	return l.aggregate(sales.DailyProducts, day, version, rows, func(b *column.Batch, k key) {
		appendDay(b.Column("order_date"), l.day(day))
		b.Column("product_id").AppendString(k[0])
		b.Column("category").AppendString(k[1])
	})
}

func (l *Lake) hourly(day string, version int64, orders []Order) *lake.Verdict {
	const perHour = sales.MicrosPerDay / 24
	rows := cells(orders, func(o Order) key { return key{o.Region, o.Category, strconv.FormatInt(o.micros()/perHour, 10)} })
	return l.aggregate(sales.HourlySales, day, version, rows, func(b *column.Batch, k key) {
		hour, err := strconv.ParseInt(k[2], 10, 64)
		require.NoError(l.t, err)
		appendInt(b, "order_hour", int64(l.day(day))*sales.MicrosPerDay+hour*perHour)
		appendCell(b, k)
	})
}

func (l *Lake) refunds(day string, version int64, orders []Order) *lake.Verdict {
	refunded := slices.DeleteFunc(slices.Clone(orders), func(o Order) bool { return o.Status != sales.Refunded })
	rows := cells(refunded, func(o Order) key { return key{o.Region, o.Category, sales.FormatDay(sales.DayOf(o.eventTS()))} })
	return l.aggregate(sales.RefundsByDay, day, version, rows, func(b *column.Batch, k key) {
		appendDay(b.Column("order_date"), l.day(day))
		appendCell(b, k)
		appendDay(b.Column("refund_date"), l.day(k[2]))
	})
}

// published is a day as its last version has it, and what was restated until then.
type published struct {
	version int64
	cells   map[key]measures
	rows    *column.Batch
	count   lake.Count
	base    int64
	changes []lake.Change
}

func (l *Lake) restated(day string, version int64, orders []Order) *lake.Verdict {
	now, p := cells(orders, byCell), l.days[day]
	if p == nil {
		p = &published{cells: now, rows: column.NewBatch(sales.Restatements, 0), base: version}
		l.days[day] = p
	}
	added, count := column.NewBatch(sales.Restatements, 0), lake.Count{}
	all := maps.Clone(p.cells)
	maps.Copy(all, now)
	for _, k := range slices.SortedFunc(maps.Keys(all), func(a, b key) int { return slices.Compare(a[:], b[:]) }) {
		before, since := p.cells[k], now[k]
		if maps.Equal(before, since) {
			continue
		}
		for _, b := range []*column.Batch{p.rows, added} {
			appendDay(b.Column("order_date"), l.day(day))
			appendCell(b, k)
			appendInt(b, "version", version)
			appendInt(b, "previous_version", p.version)
			appendInt(b, "restated_ts", sales.Year2000+version)
			appendInt(b, "cause_orders", 0)
			b.Column("causes").AppendString("[]")
			appendMeasures(b, "old_", before)
			appendMeasures(b, "new_", since)
		}
		count = count.Add(lake.Count{Rows: 1, Cents: since["gross_revenue"] - before["gross_revenue"]})
	}
	if count.Rows > 0 && p.version > 0 {
		p.changes = append(slices.Clone(p.changes), lake.Change{Version: version, Added: []lake.File{l.write(sales.TableRestatements, added, count)}})
	}
	p.count = p.count.Add(count)
	p.version, p.cells = version, now
	var files []lake.File
	if p.count.Rows > 0 {
		files = append(files, l.write(sales.TableRestatements, p.rows, p.count))
	}
	v := l.verdict(sales.TableRestatements, day, version, files)
	v.Manifest.Base, v.Manifest.Changes = p.base, p.changes
	return v
}

// aggregate writes a table's rows of a day, in the order of their keys.
func (l *Lake) aggregate(s *column.Schema, day string, version int64, rows map[key]measures, appendKey func(*column.Batch, key)) *lake.Verdict {
	b := column.NewBatch(s, len(rows))
	money := "gross_revenue"
	if s.Index(money) < 0 {
		money = "refunded_revenue"
	}
	var count lake.Count
	for _, k := range slices.SortedFunc(maps.Keys(rows), func(a, b key) int { return slices.Compare(a[:], b[:]) }) {
		appendKey(b, k)
		appendMeasures(b, "", rows[k])
		count = count.Add(lake.Count{Rows: 1, Cents: rows[k][money]})
	}
	return l.verdict(s.Name, day, version, []lake.File{l.write(s.Name, b, count)})
}

// appendMeasures fills the table's columns of measures that have the prefix.
func appendMeasures(b *column.Batch, prefix string, m measures) {
	for _, f := range b.Schema.Fields {
		name, ok := strings.CutPrefix(f.Name, prefix)
		if _, known := measureNames[name]; ok && known {
			appendInt(b, f.Name, m[name])
		}
	}
}

// measureNames are those of sales.Measures, and that of sales.RefundsByDay; a constant.
var measureNames = func() map[string]bool {
	names := map[string]bool{"refunds": true}
	for _, f := range sales.Measures {
		names[f.Name] = true
	}
	return names
}()

func (l *Lake) day(name string) int32 { return Order{Day: name}.day(l.t) }

func appendDay(c *column.Column, day int32) { c.I32 = append(c.I32, day) }

func appendInt(b *column.Batch, name string, v int64) {
	b.Column(name).I64 = append(b.Column(name).I64, v)
}

func appendCell(b *column.Batch, k key) {
	b.Column("region").AppendString(k[0])
	b.Column("category").AppendString(k[1])
}
