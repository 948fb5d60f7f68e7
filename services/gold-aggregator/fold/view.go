package fold

import (
	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/sales"
)

// view is a batch's vectors, and what its dictionaries' codes are in the day.
type view struct {
	ordered, emitted, revenues []int64 // order_ts, event_ts
	customers                  *column.Text
	products, category, region []int32
	quantities, statuses, ops  []int32

	midnight   int64 // of the day, µs UTC
	signs      []int64
	classes    []int
	items      []uint32
	categories []uint32
	regions    []uint32
	seen       pairIndex // region and category
	cells      []uint32  // by number in seen
	pairs      pairIndex // product and category
	shares     []int64   // rows, by number in pairs
}

// view makes the day know all names of the batch.
func (d *Day) view(b *column.Batch) (*view, error) {
	v := &view{ordered: b.Column("order_ts").I64, emitted: b.Column("event_ts").I64, revenues: b.Column("revenue").I64,
		customers: &b.Column("customer_id").Text, products: b.Column("product_id").I32, category: b.Column("category").I32,
		region: b.Column("region").I32, quantities: b.Column("quantity").I32, statuses: b.Column("status").I32,
		midnight: int64(d.date) * sales.MicrosPerDay}
	var err error
	if v.classes, err = classesOf(b.Column("status").Dict); err != nil {
		return nil, err
	}
	if at := b.Schema.Index("_op"); at >= 0 {
		v.ops = b.Columns[at].I32
		if v.signs, err = signsOf(b.Columns[at].Dict); err != nil {
			return nil, err
		}
	} else {
		v.ops, v.signs = make([]int32, b.Rows()), []int64{1}
	}
	v.items = mapped(b.Column("product_id").Dict, d.products)
	d.items = append(d.items, make([]item, d.products.Len()-len(d.items))...)
	v.categories, v.regions = mapped(b.Column("category").Dict, d.category), mapped(b.Column("region").Dict, d.regions)
	v.seen.reset(len(v.regions), len(v.categories))
	v.pairs.reset(len(v.items), len(v.categories))
	return v, nil
}

// mapped gives the codes in another dictionary, by code.
func mapped(from, to *column.Dict) []uint32 {
	codes := make([]uint32, from.Len())
	for i := range codes {
		codes[i] = uint32(to.CodeString(from.Value(int32(i))))
	}
	return codes
}

// cell gives the number of row i's cell, making it when it is new.
func (v *view) cell(d *Day, i int) uint32 {
	id := v.seen.id(v.region[i], v.category[i])
	if int(id) == len(v.cells) {
		v.cells = append(v.cells, d.cell(v.regions[v.region[i]], v.categories[v.category[i]]))
	}
	return v.cells[id]
}

// share counts row i for its product's categories.
func (v *view) share(i int, sign int64) {
	id := v.pairs.id(v.products[i], v.category[i])
	if int(id) == len(v.shares) {
		v.shares = append(v.shares, 0)
	}
	v.shares[id] += sign
}

func (d *Day) cell(region, category uint32) uint32 {
	id, known := d.cellOf[pair{region, category}]
	if !known {
		id = uint32(len(d.cells))
		d.cellOf[pair{region, category}] = id
		d.cells = append(d.cells, cell{region: int32(region), category: int32(category)})
	}
	return id
}
