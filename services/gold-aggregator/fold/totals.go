package fold

import (
	"fmt"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// The classes that a row's status puts it in.
const (
	pending = iota
	cancelled
	completed
	refunded
)

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

// signsOf gives what each value of _op does to the sums.
func signsOf(d *column.Dict) ([]int64, error) {
	known := map[string]int64{sales.OpUpsert: 1, sales.OpBefore: -1, sales.OpDelete: -1}
	signs := make([]int64, d.Len())
	for code := range signs {
		sign, ok := known[d.Value(int32(code))]
		if !ok {
			return nil, fmt.Errorf("%w: _op %q, want upsert, before or delete", lake.ErrCorrupt, d.Value(int32(code)))
		}
		signs[code] = sign
	}
	return signs, nil
}

// Totals are the measures of a group of rows that can be added up.
type Totals struct {
	Orders    int64 // completed and refunded
	Units     int64 // of those orders
	Gross     int64 // revenue of those orders, cents
	Refunded  int64 // revenue of refunded orders, cents
	Pending   int64 // orders
	Cancelled int64 // orders
}

func (t *Totals) count(r *row) {
	switch r.class {
	case pending:
		t.Pending += r.sign
	case cancelled:
		t.Cancelled += r.sign
	default:
		t.Orders += r.sign
		t.Units += r.sign * r.units
		t.Gross += r.sign * r.cents
		if r.class == refunded {
			t.Refunded += r.sign * r.cents
		}
	}
}

func (t *Totals) add(o *Totals) {
	t.Orders += o.Orders
	t.Units += o.Units
	t.Gross += o.Gross
	t.Refunded += o.Refunded
	t.Pending += o.Pending
	t.Cancelled += o.Cancelled
}

// empty tells whether the group has no row.
func (t *Totals) empty() bool { return t.Orders == 0 && t.Pending == 0 && t.Cancelled == 0 }

// valid tells whether the group can be one of rows.
func (t *Totals) valid() bool { return t.Orders >= 0 && t.Pending >= 0 && t.Cancelled >= 0 }

// figures gives the measures in the order of sales.Measures.
func (t *Totals) figures(customers int64) figures {
	return figures{t.Orders, t.Units, t.Gross, t.Refunded, t.Gross - t.Refunded, customers, t.Pending, t.Cancelled}
}
