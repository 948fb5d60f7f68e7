package fold

import (
	"unsafe"

	"github.com/zeebo/xxh3"
)

// Totals are the measures of a group of rows that can be added up.
type Totals struct {
	Orders    int64 // completed and refunded
	Units     int64 // of those orders
	Gross     int64 // revenue of those orders, cents
	Refunded  int64 // revenue of refunded orders, cents
	Pending   int64 // orders
	Cancelled int64 // orders
}

func (t *Totals) add(o Totals) {
	t.Orders += o.Orders
	t.Units += o.Units
	t.Gross += o.Gross
	t.Refunded += o.Refunded
	t.Pending += o.Pending
	t.Cancelled += o.Cancelled
}

// Partial is the aggregate of one file. It never changes.
type Partial struct {
	Rows  int64
	Cents int64 // revenue of all rows, whatever their status

	cells     []cell
	products  []product
	customers []xxh3.Uint128 // of completed and refunded orders, by code
}

// cell is a region and category with any row.
type cell struct {
	region, category string
	Totals
	customers []uint32 // distinct codes
}

// product is a product with any row.
type product struct {
	id string
	Totals
	customers  []uint32 // distinct codes
	categories []share
}

// share is how many of a product's rows are in a category.
type share struct {
	category string
	rows     int64
}

// Bytes is about the memory that the partial holds.
func (p *Partial) Bytes() int {
	const text = 16 // of a name; names of one file share their memory
	n := len(p.customers)*int(unsafe.Sizeof(xxh3.Uint128{})) +
		len(p.cells)*int(unsafe.Sizeof(cell{})) + len(p.products)*int(unsafe.Sizeof(product{}))
	for i := range p.cells {
		n += 4*len(p.cells[i].customers) + 2*text
	}
	for i := range p.products {
		n += 4*len(p.products[i].customers) + text + len(p.products[i].categories)*int(unsafe.Sizeof(share{}))
	}
	return n
}
