package fold

import (
	"fmt"
	"slices"

	"github.com/zeebo/xxh3"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// Input is the schema of what Fold reads of a silver file.
var Input = sales.Silver.Project("customer_id", "product_id", "category", "region", "quantity", "revenue", "status")

// The classes that a row's status puts it in.
const (
	pending = iota
	cancelled
	completed
	refunded
)

// Folder makes partials; it keeps its buffers between files. It is for one
// goroutine.
type Folder struct {
	cellOf    pairIndex // (region, category)
	shareOf   pairIndex // (product, category)
	cells     []Totals
	products  []Totals // by product code
	shares    []int64  // rows
	customers codes
	inCell    membership
	inProduct membership
}

// membership gathers the distinct customers of each group.
type membership struct {
	seen    pairs
	groups  []uint32
	members []uint32
}

func (m *membership) reset(rows int) {
	m.seen.reset(rows)
	m.groups, m.members = m.groups[:0], m.members[:0]
}

func (m *membership) add(group, member uint32) {
	if m.seen.add(group, member) {
		m.groups, m.members = append(m.groups, group), append(m.members, member)
	}
}

// split gives the members of each of n groups.
func (m *membership) split(n int) [][]uint32 {
	ends := make([]int, n+1)
	for _, g := range m.groups {
		ends[g+1]++
	}
	for i := range n {
		ends[i+1] += ends[i]
	}
	flat, at := make([]uint32, len(m.members)), append([]int(nil), ends[:n]...)
	for i, g := range m.groups {
		flat[at[g]] = m.members[i]
		at[g]++
	}
	split := make([][]uint32, n)
	for i := range split {
		split[i] = flat[ends[i]:ends[i+1]:ends[i+1]]
	}
	return split
}

// Fold aggregates the rows of a batch with the columns of Input. A status that
// silver does not let through is an error wrapping lake.ErrCorrupt.
func (f *Folder) Fold(b *column.Batch) (*Partial, error) {
	classes, err := classesOf(b.Column("status").Dict)
	if err != nil {
		return nil, err
	}
	f.reset(b)
	p := &Partial{Rows: int64(b.Rows())}
	quantities, revenues, statuses := b.Column("quantity").I32, b.Column("revenue").I64, b.Column("status").I32
	regions, categories, products := b.Column("region").I32, b.Column("category").I32, b.Column("product_id").I32
	customers := &b.Column("customer_id").Text
	for i, revenue := range revenues {
		p.Cents += revenue
		group, item := f.cellOf.id(regions[i], categories[i]), products[i]
		share := f.shareOf.id(item, categories[i])
		if int(group) == len(f.cells) {
			f.cells = append(f.cells, Totals{})
		}
		if int(share) == len(f.shares) {
			f.shares = append(f.shares, 0)
		}
		f.shares[share]++
		class := classes[statuses[i]]
		count(&f.cells[group], class, quantities[i], revenue)
		count(&f.products[item], class, quantities[i], revenue)
		if class >= completed {
			customer := f.customers.code(xxh3.Hash128(customers.At(i)))
			f.inCell.add(uint32(group), customer)
			f.inProduct.add(uint32(item), customer)
		}
	}
	f.fill(p, b)
	return p, nil
}

func count(t *Totals, class int, quantity int32, revenue int64) {
	switch class {
	case pending:
		t.Pending++
	case cancelled:
		t.Cancelled++
	default:
		t.Orders++
		t.Units += int64(quantity)
		t.Gross += revenue
		if class == refunded {
			t.Refunded += revenue
		}
	}
}

func classesOf(d *column.Dict) ([]int, error) {
	known := map[string]int{sales.Pending: pending, sales.Cancelled: cancelled, sales.Completed: completed, sales.Refunded: refunded}
	classes := make([]int, d.Len())
	for code := range classes {
		class, ok := known[d.Value(int32(code))]
		if !ok {
			return nil, fmt.Errorf("%w: status %q, which silver does not let through", lake.ErrCorrupt, d.Value(int32(code)))
		}
		classes[code] = class
	}
	return classes, nil
}

func (f *Folder) reset(b *column.Batch) {
	rows := b.Rows()
	regions, categories, products := b.Column("region").Dict.Len(), b.Column("category").Dict.Len(), b.Column("product_id").Dict.Len()
	f.cellOf.reset(regions, categories)
	f.shareOf.reset(products, categories)
	f.cells, f.shares = f.cells[:0], f.shares[:0]
	f.products = append(f.products[:0], make([]Totals, products)...)
	f.customers.reset(rows)
	f.inCell.reset(rows)
	f.inProduct.reset(rows)
}

// fill puts what was gathered, under its names, into the partial.
func (f *Folder) fill(p *Partial, b *column.Batch) {
	regions, categories, products := b.Column("region").Dict, b.Column("category").Dict, b.Column("product_id").Dict
	p.customers = slices.Clone(f.customers.hashes)
	p.cells = make([]cell, len(f.cells))
	members := f.inCell.split(len(f.cells))
	f.cellOf.each(func(region, category, id int32) {
		p.cells[id] = cell{regions.Value(region), categories.Value(category), f.cells[id], members[id]}
	})
	p.products = make([]product, len(f.products))
	members = f.inProduct.split(len(f.products))
	for code := range p.products {
		p.products[code] = product{id: products.Value(int32(code)), Totals: f.products[code], customers: members[code]}
	}
	f.shareOf.each(func(code, category, id int32) {
		item := &p.products[code]
		item.categories = append(item.categories, share{categories.Value(category), f.shares[id]})
	})
}
