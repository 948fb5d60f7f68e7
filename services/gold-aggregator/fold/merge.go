package fold

import (
	"cmp"
	"slices"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// Day is a day's aggregates.
type Day struct {
	Silver   lake.Count    // rows and revenue of all files
	Gross    int64         // revenue of completed and refunded orders, cents
	Sales    *column.Batch // of sales.DailySales, ordered by region and category
	Products *column.Batch // of sales.DailyProducts, ordered by product
}

// group is a row of an aggregate in the making.
type group struct {
	Totals
	customers int64
}

// Merger adds partials up; it keeps its buffers between days. It is for one
// goroutine. Groups are numbered in the order of first sight.
type Merger struct {
	cells      map[[2]string]int
	products   map[string]int
	cellNames  [][2]string
	ids        []string
	perCell    []group
	perProduct []group
	shares     [][]share // by product; a category comes once for each file
	inCell     pairs
	inProduct  pairs
	customers  codes
	codes      []uint32 // scratch: of the day, by code of the file
}

func (m *Merger) reset(partials []*Partial) {
	m.cells, m.products = map[[2]string]int{}, map[string]int{}
	m.cellNames, m.ids = m.cellNames[:0], m.ids[:0]
	m.perCell, m.perProduct, m.shares = m.perCell[:0], m.perProduct[:0], nil
	inCells, inProducts, customers := 0, 0, 0
	for _, p := range partials {
		customers += len(p.customers)
		for i := range p.cells {
			inCells += len(p.cells[i].customers)
		}
		for i := range p.products {
			inProducts += len(p.products[i].customers)
		}
	}
	m.inCell.reset(inCells)
	m.inProduct.reset(inProducts)
	m.customers.reset(customers)
}

// Merge gives the aggregates of a day from the partials of all its files, in
// any order. day is in days since 1970-01-01.
func (m *Merger) Merge(day int32, partials []*Partial) *Day {
	m.reset(partials)
	d := &Day{}
	for _, p := range partials {
		d.Silver = d.Silver.Add(lake.Count{Rows: p.Rows, Cents: p.Cents})
		m.add(p)
	}
	for _, c := range m.perCell {
		d.Gross += c.Gross
	}
	d.Sales, d.Products = m.sales(day), m.dailyProducts(day)
	return d
}

func (m *Merger) add(p *Partial) {
	m.codes = m.codes[:0]
	for _, h := range p.customers {
		m.codes = append(m.codes, m.customers.code(h))
	}
	for i := range p.cells {
		c := &p.cells[i]
		id := numbered(m.cells, [2]string{c.region, c.category}, &m.cellNames, &m.perCell)
		m.perCell[id].merge(c.Totals, c.customers, m.codes, &m.inCell, id)
	}
	for i := range p.products {
		item := &p.products[i]
		id := numbered(m.products, item.id, &m.ids, &m.perProduct)
		m.perProduct[id].merge(item.Totals, item.customers, m.codes, &m.inProduct, id)
		if id == len(m.shares) {
			m.shares = append(m.shares, nil)
		}
		m.shares[id] = append(m.shares[id], item.categories...)
	}
}

// numbered gives the number of a group, making it when it is new.
func numbered[K comparable](known map[K]int, key K, names *[]K, groups *[]group) int {
	id, ok := known[key]
	if !ok {
		id = len(*names)
		known[key] = id
		*names, *groups = append(*names, key), append(*groups, group{})
	}
	return id
}

func (g *group) merge(t Totals, customers, codes []uint32, seen *pairs, id int) {
	g.Totals.add(t)
	for _, c := range customers {
		if seen.add(uint32(id), codes[c]) {
			g.customers++
		}
	}
}

func (m *Merger) sales(day int32) *column.Batch {
	order := ordered(m.cellNames, func(a, b [2]string) int {
		return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1]))
	})
	b := column.NewBatch(sales.DailySales, len(order))
	for _, id := range order {
		b.Column("region").AppendString(m.cellNames[id][0])
		b.Column("category").AppendString(m.cellNames[id][1])
		m.perCell[id].appendTo(b, day)
	}
	return b
}

func (m *Merger) dailyProducts(day int32) *column.Batch {
	order := ordered(m.ids, cmp.Compare[string])
	b := column.NewBatch(sales.DailyProducts, len(order))
	for _, id := range order {
		b.Column("product_id").AppendString(m.ids[id])
		b.Column("category").AppendString(mostOf(m.shares[id]))
		m.perProduct[id].appendTo(b, day)
	}
	return b
}

// ordered gives the numbers of names in the order of compare.
func ordered[K any](names []K, compare func(a, b K) int) []int {
	order := make([]int, len(names))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return compare(names[a], names[b]) })
	return order
}

// mostOf gives the category with most rows, the alphabetically first of equals.
func mostOf(shares []share) string {
	slices.SortFunc(shares, func(a, b share) int { return cmp.Compare(a.category, b.category) })
	best, most := "", int64(0)
	for i := 0; i < len(shares); {
		category, rows := shares[i].category, int64(0)
		for ; i < len(shares) && shares[i].category == category; i++ {
			rows += shares[i].rows
		}
		if rows > most {
			best, most = category, rows
		}
	}
	return best
}

// appendTo adds what daily_sales and daily_products have in common, in the
// order of their columns.
func (g *group) appendTo(b *column.Batch, day int32) {
	date, first := b.Column("order_date"), b.Schema.Must("orders")
	date.I32 = append(date.I32, day)
	for i, v := range [...]int64{g.Orders, g.Units, g.Gross, g.Refunded, g.Gross - g.Refunded, g.customers, g.Pending, g.Cancelled} {
		c := &b.Columns[first+i]
		c.I64 = append(c.I64, v)
	}
}
