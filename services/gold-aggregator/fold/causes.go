package fold

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/zeebo/xxh3"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/sales"
)

// maxNamed is how many order_ids a restated cell names.
const maxNamed = 10

var causeColumns = []string{"order_id", "customer_id", "category", "region", "quantity", "revenue", "status"}

// What Causes.Take reads of a silver file and of a file of changes.
var (
	CauseInput   = sales.Silver.Project(causeColumns...)
	CauseChanged = sales.Changes.Project(append([]string{"_op"}, causeColumns...)...)
)

// Causes finds the orders whose part in a cell of daily_sales changed. It holds
// all orders that it is given, about 100 bytes each.
type Causes struct {
	cells map[[2]string]map[string]uint64 // by order_id: hashes of its rows put on, less those of rows taken off
}

// NewCauses gives causes that have seen no row.
func NewCauses() *Causes { return &Causes{cells: map[[2]string]map[string]uint64{}} }

// Take puts a batch of CauseInput on (sign 1) or takes it off (-1); a batch of
// CauseChanged has sign 1, and its column _op decides. Rows that come and go
// alike, in any order, are no cause.
func (c *Causes) Take(b *column.Batch, sign int64) error {
	signs, ops := []int64{sign}, make([]int32, b.Rows())
	if at := b.Schema.Index("_op"); at >= 0 {
		var err error
		if signs, err = signsOf(b.Columns[at].Dict); err != nil {
			return err
		}
		ops = b.Columns[at].I32
	}
	classes, err := classesOf(b.Column("status").Dict)
	if err != nil {
		return err
	}
	regions, categories, orders := b.Column("region"), b.Column("category"), b.Column("order_id")
	quantities, revenues, customers := b.Column("quantity").I32, b.Column("revenue").I64, &b.Column("customer_id").Text
	var part []byte
	for i, code := range b.Column("status").I32 {
		cell := [2]string{regions.String(i), categories.String(i)}
		if c.cells[cell] == nil {
			c.cells[cell] = map[string]uint64{}
		}
		part = append(part[:0], byte(classes[code]))
		if classes[code] >= completed {
			part = binary.LittleEndian.AppendUint32(part, uint32(quantities[i]))
			part = binary.LittleEndian.AppendUint64(part, uint64(revenues[i]))
			part = append(part, customers.At(i)...)
		}
		c.cells[cell][orders.String(i)] += uint64(signs[ops[i]]) * xxh3.Hash(part)
	}
	return nil
}

// of gives the number of orders that changed a cell, and the JSON array of the first of them.
func (c *Causes) of(cell [2]string) (int64, string) {
	var orders []string
	for _, id := range slices.Sorted(maps.Keys(c.cells[cell])) {
		if c.cells[cell][id] != 0 {
			orders = append(orders, id)
		}
	}
	if len(orders) == 0 {
		return 0, "[]"
	}
	named, err := json.Marshal(orders[:min(len(orders), maxNamed)])
	if err != nil {
		panic(fmt.Sprintf("fold: encode order_ids: %v", err)) // strings have a JSON form
	}
	return int64(len(orders)), string(named)
}
