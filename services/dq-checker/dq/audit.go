package dq

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// sampleRows is how many rows a finding names.
const sampleRows = 3

// Facts is what the checker counted itself in a day's fact files.
type Facts struct {
	lake.Count
	Sold       lake.Count // completed and refunded orders
	Refunded   lake.Count
	NoOrderID  samples
	NoRevenue  samples
	Duplicates samples  // rows whose order_id another row of the day has
	Strays     samples  // rows of another day
	Unreadable []string // errors that name file and fault
	Excess     string   // names the greatest amount of a day whose money is over maxCents
	openOrders int64    // pending and cancelled
	greatest   amount
	money      int64 // cents of the day, up to the first that is over maxCents
	ordersSeen map[string]struct{}
}

// maxCents is the most that a DECIMAL(18,2) holds. Sums over it would wrap, here, in
// the aggregates and in the ledger alike, so that they would still agree.
const maxCents = 1e18 - 1

// amount is the revenue of a row.
type amount struct {
	cents int64
	key   string // of the file
	row   int64  // from 1
}

func (f *Facts) addMoney(key string, row, cents int64) {
	if cents > f.greatest.cents {
		f.greatest = amount{cents, key, row + 1}
	}
	if f.money <= maxCents {
		f.money += max(cents, 0)
	}
}

// weigh sets Excess.
func (f *Facts) weigh() {
	if f.money > maxCents {
		f.Excess = fmt.Sprintf("%s in %s row %d", sales.FormatCents(f.greatest.cents), f.greatest.key, f.greatest.row)
	}
}

// samples counts faulty rows and names the first few.
type samples struct {
	n     int64
	names []string
}

func (s *samples) add(format string, args ...any) {
	if s.n++; len(s.names) < sampleRows {
		s.names = append(s.names, fmt.Sprintf(format, args...))
	}
}

// AuditFacts reads the files of a gold/fact_sales manifest again from the
// store. A file that cannot be read whole is in Facts.Unreadable; an error is
// only the store's.
func AuditFacts(ctx context.Context, o lake.Objects, m *lake.Manifest) (*Facts, error) {
	day, err := sales.ParseDay(m.Day)
	if err != nil {
		return nil, fmt.Errorf("day of manifest %s: %w", m.Key(), err)
	}
	f := &Facts{ordersSeen: make(map[string]struct{}, m.Rows)}
	for _, file := range m.Files {
		data, err := o.Get(ctx, file.Key)
		if err != nil {
			return nil, fmt.Errorf("audit %s: %w", m.Key(), err)
		}
		if err := f.addFile(data, file, day); err != nil {
			f.Unreadable = append(f.Unreadable, err.Error())
		}
	}
	f.ordersSeen = nil
	f.weigh()
	return f, f.auditChanges(ctx, o, m)
}

// auditChanges reads the files of changes, which a load follows instead of the day's
// files where it can. One that is gone is no fault: the load takes the day's files then.
func (f *Facts) auditChanges(ctx context.Context, o lake.Objects, m *lake.Manifest) error {
	read := map[string]bool{}
	for _, file := range m.Files {
		read[file.Key] = true
	}
	for _, in := range m.Inputs {
		for _, change := range in.Changes {
			for _, file := range slices.Concat(change.Added, change.Changed) {
				if read[file.Key] {
					continue
				}
				data, err := o.Get(ctx, file.Key)
				if errors.Is(err, blob.ErrNotFound) {
					continue
				}
				if err != nil {
					return fmt.Errorf("audit %s: %w", m.Key(), err)
				}
				if err := checkRevenue(data, file); err != nil {
					f.Unreadable = append(f.Unreadable, err.Error())
				}
			}
		}
	}
	return nil
}

// checkRevenue reads a file whole as ReadFile does, and compares its money.
func checkRevenue(data []byte, file lake.File) error {
	t, err := ReadFile(data, file)
	if err != nil {
		return err
	}
	sum := lake.Count{}
	if err := t.Ints("revenue", func(_, cents int64, _ bool) { sum = sum.Add(lake.Count{Rows: 1, Cents: cents}) }); err != nil {
		return err
	}
	return sameCount(sum, file)
}

func sameCount(found lake.Count, file lake.File) error {
	if found == file.Count {
		return nil
	}
	return fmt.Errorf("%s: %w: holds %d rows and %s, its manifest says %d and %s", file.Key, lake.ErrCorrupt,
		found.Rows, sales.FormatCents(found.Cents), file.Rows, sales.FormatCents(file.Cents))
}

func (f *Facts) addFile(data []byte, file lake.File, day int32) error {
	t, err := ReadFile(data, file)
	if err != nil {
		return err
	}
	revenue := make([]int64, t.rows)
	var sum lake.Count
	if err := t.Ints("revenue", func(row, v int64, null bool) {
		if null {
			f.NoRevenue.add("%s row %d", file.Key, row+1)
		}
		revenue[row] = v
		f.addMoney(file.Key, row, v)
		sum = sum.Add(lake.Count{Rows: 1, Cents: v})
	}); err != nil {
		return err
	}
	if err := sameCount(sum, file); err != nil {
		return err
	}
	f.Count = f.Count.Add(sum)
	if err := t.Strings("order_id", func(row int64, id string) { f.addOrder(file.Key, row, id) }); err != nil {
		return err
	}
	if err := t.Ints("order_ts", func(row, ts int64, null bool) {
		if null || sales.DayOf(ts) != day {
			f.Strays.add("%s row %d", file.Key, row+1)
		}
	}); err != nil {
		return err
	}
	return t.Strings("status", func(row int64, status string) { f.addStatus(status, revenue[row]) })
}

func (f *Facts) addOrder(key string, row int64, id string) {
	if id == "" {
		f.NoOrderID.add("%s row %d", key, row+1)
		return
	}
	if _, seen := f.ordersSeen[id]; seen {
		f.Duplicates.add("%s row %d (order %s)", key, row+1, id)
	}
	f.ordersSeen[id] = struct{}{}
}

func (f *Facts) addStatus(status string, cents int64) {
	one := lake.Count{Rows: 1, Cents: cents}
	switch status {
	case sales.Refunded:
		f.Refunded, f.Sold = f.Refunded.Add(one), f.Sold.Add(one)
	case sales.Completed:
		f.Sold = f.Sold.Add(one)
	default:
		f.openOrders++
	}
}

// Cells is what the checker summed over an aggregate's files. Those of gold/restatements
// are what they add to the day.
type Cells struct {
	Rows       int64
	Orders     int64
	Open       int64               // pending and cancelled orders
	Gross      int64               // cents
	Refunds    int64               // orders, of gold/refunds_by_day only
	Refunded   int64               // cents
	Net        int64               // cents
	Sold       map[cell]lake.Count // of gold/daily_sales; of gold/restatements, what the manifest's own version made of cells
	Unreadable []string
}

// cell is a region and a category.
type cell [2]string

// AuditCells reads the files of an aggregate's manifest again from the store, with
// the errors of AuditFacts.
func AuditCells(ctx context.Context, o lake.Objects, m *lake.Manifest) (*Cells, error) {
	c := &Cells{Sold: map[cell]lake.Count{}}
	for _, file := range m.Files {
		data, err := o.Get(ctx, file.Key)
		if err != nil {
			return nil, fmt.Errorf("audit %s: %w", m.Key(), err)
		}
		if err := c.addFile(data, file, m); err != nil {
			c.Unreadable = append(c.Unreadable, err.Error())
		}
	}
	return c, nil
}

// total is a column to be added to a sum, or taken off.
type total struct {
	column string
	sum    *int64
	sign   int64
}

func (c *Cells) totals(table string) []total {
	switch table {
	case sales.TableRefundsByDay:
		return []total{{"refunds", &c.Refunds, 1}, {"refunded_revenue", &c.Refunded, 1}}
	case sales.TableRestatements:
		return []total{
			{"new_orders", &c.Orders, 1}, {"new_gross_revenue", &c.Gross, 1}, {"new_refunded_revenue", &c.Refunded, 1}, {"new_net_revenue", &c.Net, 1},
			{"old_orders", &c.Orders, -1}, {"old_gross_revenue", &c.Gross, -1}, {"old_refunded_revenue", &c.Refunded, -1}, {"old_net_revenue", &c.Net, -1},
		}
	default:
		return []total{
			{"orders", &c.Orders, 1}, {"pending_orders", &c.Open, 1}, {"cancelled_orders", &c.Open, 1},
			{"gross_revenue", &c.Gross, 1}, {"refunded_revenue", &c.Refunded, 1}, {"net_revenue", &c.Net, 1},
		}
	}
}

func (c *Cells) addFile(data []byte, file lake.File, m *lake.Manifest) error {
	t, err := ReadFile(data, file)
	if err != nil {
		return err
	}
	c.Rows += t.rows
	read := map[string][]int64{} // by column, as a column can be read once
	for _, s := range c.totals(m.Table) {
		values := make([]int64, t.rows)
		if err := t.Ints(s.column, func(row, v int64, _ bool) { values[row] = v }); err != nil {
			return err
		}
		for _, v := range values {
			*s.sum += s.sign * v
		}
		read[s.column] = values
	}
	switch m.Table {
	case sales.TableDailySales:
		return c.addSold(t, read["orders"], read["gross_revenue"], 0)
	case sales.TableRestatements:
		return c.addSold(t, read["new_orders"], read["new_gross_revenue"], m.Version)
	default:
		return nil
	}
}

// addSold notes the orders and the gross revenue of each cell, of one version unless it is 0.
func (c *Cells) addSold(t *Table, orders, gross []int64, version int64) error {
	cells, others := make([]cell, t.rows), make([]bool, t.rows)
	err := errors.Join(
		t.Strings("region", func(row int64, v string) { cells[row][0] = v }),
		t.Strings("category", func(row int64, v string) { cells[row][1] = v }))
	if version != 0 {
		err = errors.Join(err, t.Ints("version", func(row, v int64, _ bool) { others[row] = v != version }))
	}
	for row, other := range others {
		if !other {
			c.Sold[cells[row]] = lake.Count{Rows: orders[row], Cents: gross[row]}
		}
	}
	return err
}
