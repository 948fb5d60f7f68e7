package fold

import (
	"cmp"
	"slices"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/sales"
)

// Sales gives the rows of sales.DailySales, by region and category.
func (d *Day) Sales() *column.Batch {
	b := column.NewBatch(sales.DailySales, len(d.cells))
	put := measures(b, "")
	for _, id := range d.ordered() {
		c := &d.cells[id]
		var sum Totals
		for h := range c.hours {
			sum.add(&c.hours[h])
		}
		if !sum.empty() {
			appendDate(b, "order_date", d.date)
			d.appendNames(b, c)
			put(sum.figures(c.customers))
		}
	}
	return b
}

// Hours gives the rows of sales.HourlySales, by hour, region and category.
func (d *Day) Hours() *column.Batch {
	b := column.NewBatch(sales.HourlySales, hours*len(d.cells))
	put, order, start := measures(b, ""), d.ordered(), b.Column("order_hour")
	for h := range hours {
		for _, id := range order {
			if c := &d.cells[id]; !c.hours[h].empty() {
				start.I64 = append(start.I64, int64(d.date)*sales.MicrosPerDay+int64(h)*microsPerHour)
				d.appendNames(b, c)
				put(c.hours[h].figures(0))
			}
		}
	}
	return b
}

// Products gives the rows of sales.DailyProducts, by product.
func (d *Day) Products() *column.Batch {
	b, most := column.NewBatch(sales.DailyProducts, len(d.items)), d.most()
	put := measures(b, "")
	order := numbers(len(d.items))
	slices.SortFunc(order, func(i, j uint32) int { return cmp.Compare(d.products.Value(int32(i)), d.products.Value(int32(j))) })
	for _, id := range order {
		if p := &d.items[id]; !p.empty() {
			appendDate(b, "order_date", d.date)
			b.Column("product_id").AppendString(d.products.Value(int32(id)))
			b.Column("category").AppendString(most[id])
			put(p.figures(p.customers))
		}
	}
	return b
}

// most gives, by product, the category with most rows, the alphabetically first of equals.
func (d *Day) most() []string {
	best, rows := make([]string, len(d.items)), make([]int64, len(d.items))
	for share, n := range d.shares {
		name := d.category.Value(int32(share.second))
		if n > rows[share.first] || n == rows[share.first] && name < best[share.first] {
			best[share.first], rows[share.first] = name, n
		}
	}
	return best
}

// Refunds gives the rows of sales.RefundsByDay, by date of the refund, region and category.
func (d *Day) Refunds() *column.Batch {
	b := column.NewBatch(sales.RefundsByDay, len(d.refunds))
	place := make([]int, len(d.cells))
	for at, id := range d.ordered() {
		place[id] = at
	}
	keys := make([]refundKey, 0, len(d.refunds))
	for key := range d.refunds {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(x, y refundKey) int {
		return cmp.Or(cmp.Compare(x.date, y.date), cmp.Compare(place[x.cell], place[y.cell]))
	})
	refunds, revenue := b.Column("refunds"), b.Column("refunded_revenue")
	for _, key := range keys {
		appendDate(b, "order_date", d.date)
		appendDate(b, "refund_date", key.date)
		d.appendNames(b, &d.cells[key.cell])
		refunds.I64, revenue.I64 = append(refunds.I64, d.refunds[key].rows), append(revenue.I64, d.refunds[key].cents)
	}
	return b
}

// ordered gives the numbers of the cells by region and category.
func (d *Day) ordered() []uint32 {
	order := numbers(len(d.cells))
	slices.SortFunc(order, func(i, j uint32) int {
		x, y := &d.cells[i], &d.cells[j]
		return cmp.Or(cmp.Compare(d.regions.Value(x.region), d.regions.Value(y.region)),
			cmp.Compare(d.category.Value(x.category), d.category.Value(y.category)))
	})
	return order
}

func numbers(n int) []uint32 {
	all := make([]uint32, n)
	for i := range all {
		all[i] = uint32(i)
	}
	return all
}

func (d *Day) appendNames(b *column.Batch, c *cell) {
	b.Column("region").AppendString(d.regions.Value(c.region))
	b.Column("category").AppendString(d.category.Value(c.category))
}

func appendDate(b *column.Batch, name string, date int32) {
	c := b.Column(name)
	c.I32 = append(c.I32, date)
}

// figures are the values of sales.Measures.
type figures [8]int64

const gross = 2 // of figures

// measures gives the function that appends figures to a batch's columns, those
// that its schema has, which may have a prefix to their names.
func measures(b *column.Batch, prefix string) func(figures) {
	var at [len(figures{})]int
	for i, f := range sales.Measures {
		at[i] = b.Schema.Index(prefix + f.Name)
	}
	return func(f figures) {
		for i, v := range f {
			if at[i] >= 0 {
				c := &b.Columns[at[i]]
				c.I64 = append(c.I64, v)
			}
		}
	}
}
