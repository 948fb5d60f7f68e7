package fold

import (
	"cmp"
	"maps"
	"slices"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// Restatement is a version of a published day.
type Restatement struct {
	Version  int64
	Previous int64
	Made     int64   // µs UTC
	Causes   *Causes // without rows when they cannot be known
}

// Restate gives the rows of sales.Restatements by region and category: one for
// each cell that differs between two versions of a day, both batches of
// sales.DailySales.
func Restate(date int32, before, after *column.Batch, r Restatement) *column.Batch {
	old, now := cellsOf(before), cellsOf(after)
	cells := maps.Clone(old)
	maps.Copy(cells, now)
	order := slices.SortedFunc(maps.Keys(cells), func(x, y [2]string) int {
		return cmp.Or(cmp.Compare(x[0], y[0]), cmp.Compare(x[1], y[1]))
	})
	b := column.NewBatch(sales.Restatements, 0)
	putOld, putNew := measures(b, "old_"), measures(b, "new_")
	for _, cell := range order {
		if old[cell] == now[cell] {
			continue
		}
		n, causes := r.Causes.of(cell)
		appendDate(b, "order_date", date)
		b.Column("region").AppendString(cell[0])
		b.Column("category").AppendString(cell[1])
		for name, v := range map[string]int64{"version": r.Version, "previous_version": r.Previous, "restated_ts": r.Made, "cause_orders": n} {
			b.Column(name).I64 = append(b.Column(name).I64, v)
		}
		b.Column("causes").AppendString(causes)
		putOld(old[cell])
		putNew(now[cell])
	}
	return b
}

func cellsOf(b *column.Batch) map[[2]string]figures {
	cells := make(map[[2]string]figures, b.Rows())
	for i := range b.Rows() {
		var f figures
		for m := range f {
			f[m] = b.Column(sales.Measures[m].Name).I64[i]
		}
		cells[[2]string{b.Column("region").String(i), b.Column("category").String(i)}] = f
	}
	return cells
}

// Compare counts the cells that differ between two versions of a day, both batches
// of sales.DailySales. A count's cents are gross revenue.
func Compare(before, after *column.Batch) lake.DayChange {
	old, now := cellsOf(before), cellsOf(after)
	change := lake.DayChange{Before: total(old), After: total(now)}
	for cell, f := range old {
		if is, there := now[cell]; !there {
			change.Removed = change.Removed.Add(f.count())
		} else if is != f {
			change.Changed++
		}
	}
	for cell, f := range now {
		if _, there := old[cell]; !there {
			change.Added = change.Added.Add(f.count())
		}
	}
	return change
}

func total(cells map[[2]string]figures) (sum lake.Count) {
	for _, f := range cells {
		sum = sum.Add(f.count())
	}
	return sum
}

// count is that of one cell.
func (f figures) count() lake.Count { return lake.Count{Rows: 1, Cents: f[gross]} }

// Same tells whether two batches of one schema have the same rows in the same order.
func Same(a, b *column.Batch) bool {
	if a.Rows() != b.Rows() {
		return false
	}
	for i := range a.Columns {
		x, y := &a.Columns[i], &b.Columns[i]
		for row := range a.Rows() {
			if x.Type == column.Symbol && x.String(row) != y.String(row) {
				return false
			}
		}
		if x.Type != column.Symbol && !(slices.Equal(x.I32, y.I32) && slices.Equal(x.I64, y.I64)) {
			return false
		}
	}
	return true
}
