package fold

import (
	"errors"
	"fmt"

	"github.com/zeebo/xxh3"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// ErrApart says that a row is to be taken off which the day does not have: its
// aggregates are not those of the slice that changed.
var ErrApart = errors.New("a row is taken off that is not there")

var columns = []string{"order_ts", "event_ts", "customer_id", "product_id", "category", "region", "quantity", "revenue", "status"}

// What Apply reads of a silver file and of a file of changes.
var (
	Input   = sales.Silver.Project(columns...)
	Changed = sales.Changes.Project(append([]string{"_op"}, columns...)...)
)

// RowBytes is about the memory of a day for each silver row. Customers who order
// once take most, 16 bytes each for their hash.
const RowBytes = 56

const (
	hours         = 24
	microsPerHour = sales.MicrosPerDay / hours
)

// Day is the aggregates of a day. It is for one goroutine. After an error of
// Apply it must not be used again.
type Day struct {
	date      int32
	regions   *column.Dict
	category  *column.Dict // also of the products
	products  *column.Dict
	cellOf    map[pair]uint32 // by codes of region and category
	cells     []cell
	items     []item         // by code of the product
	shares    map[pair]int64 // rows, by codes of product and category
	refunds   map[refundKey]refund
	customers codes
	inCell    refs
	inItem    refs
}

type pair struct{ first, second uint32 }

// cell is a region and category.
type cell struct {
	region, category int32
	customers        int64
	hours            [hours]Totals
}

// item is a product.
type item struct {
	Totals
	customers int64
}

type refundKey struct {
	date int32 // of the refund
	cell uint32
}

type refund struct{ rows, cents int64 }

// NewDay gives a day without rows. date is in days since 1970-01-01.
func NewDay(date int32) *Day {
	return &Day{date: date, regions: column.NewDict(), category: column.NewDict(), products: column.NewDict(),
		cellOf: map[pair]uint32{}, shares: map[pair]int64{}, refunds: map[refundKey]refund{}}
}

// Apply takes a batch of Input, whose rows are put on, or of Changed, whose column
// _op says which are put on and which are taken off. It gives by how much the
// day's rows and their revenue change. A row that no slice of the day can have is an error
// wrapping lake.ErrCorrupt; one that is to be taken off and is not there is ErrApart.
func (d *Day) Apply(b *column.Batch) (lake.Count, error) {
	v, err := d.view(b)
	if err != nil {
		return lake.Count{}, err
	}
	d.reserve(b.Rows())
	var sum lake.Count
	for i, revenue := range v.revenues {
		r := row{sign: v.signs[v.ops[i]], class: v.classes[v.statuses[i]], units: int64(v.quantities[i]), cents: revenue}
		if r.hour = (v.ordered[i] - v.midnight) / microsPerHour; v.ordered[i] < v.midnight || r.hour >= hours {
			return sum, fmt.Errorf("%w: row %d has an order_ts of another day", lake.ErrCorrupt, i+1)
		}
		r.cell, r.item = v.cell(d, i), v.items[v.products[i]]
		sum = sum.Add(lake.Count{Rows: r.sign, Cents: r.sign * revenue})
		ok := d.count(&r)
		if r.class >= completed {
			ok = ok && d.countCustomer(&r, d.customers.code(xxh3.Hash128(v.customers.At(i))))
		}
		if r.class == refunded {
			ok = ok && d.countRefund(&r, sales.DayOf(v.emitted[i]))
		}
		if !ok {
			return sum, fmt.Errorf("%w (row %d)", ErrApart, i+1)
		}
		v.share(i, r.sign)
	}
	return sum, d.addShares(v)
}

func (d *Day) reserve(rows int) {
	d.customers.reserve(rows)
	d.inCell.reserve(rows)
	d.inItem.reserve(rows)
}

// row is what a row counts for.
type row struct {
	sign         int64 // 1 put on, -1 taken off
	class        int
	hour         int64
	cell, item   uint32
	units, cents int64
}

// count adds the row to its groups; false when one has no such row.
func (d *Day) count(r *row) bool {
	hour, product := &d.cells[r.cell].hours[r.hour], &d.items[r.item].Totals
	hour.count(r)
	product.count(r)
	return r.sign > 0 || hour.valid() && product.valid()
}

func (d *Day) countCustomer(r *row, customer uint32) bool {
	distinct, ok := d.inCell.add(r.cell, customer, r.sign)
	d.cells[r.cell].customers += distinct
	if !ok {
		return false
	}
	distinct, ok = d.inItem.add(r.item, customer, r.sign)
	d.items[r.item].customers += distinct
	return ok
}

func (d *Day) countRefund(r *row, date int32) bool {
	key := refundKey{date, r.cell}
	sum := d.refunds[key]
	sum.rows, sum.cents = sum.rows+r.sign, sum.cents+r.sign*r.cents
	if d.refunds[key] = sum; sum.rows == 0 {
		delete(d.refunds, key)
	}
	return sum.rows >= 0
}

// addShares adds what the batch says of products' categories.
func (d *Day) addShares(v *view) (err error) {
	v.pairs.each(func(product, category, id int32) {
		share := pair{v.items[product], v.categories[category]}
		if d.shares[share] += v.shares[id]; d.shares[share] < 0 {
			err = fmt.Errorf("%w (product %q)", ErrApart, d.products.Value(int32(share.first)))
		}
	})
	return err
}

// Bytes is about the memory that the day holds.
func (d *Day) Bytes() int {
	const (
		cellBytes = 8 + 8 + hours*48
		itemBytes = 56 + 64 // and its name
		mapBytes  = 48      // of an entry, with what is free
	)
	return d.customers.bytes() + d.inCell.bytes() + d.inItem.bytes() + cellBytes*cap(d.cells) + itemBytes*cap(d.items) +
		mapBytes*(len(d.cellOf)+len(d.shares)+len(d.refunds))
}
