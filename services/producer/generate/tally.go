package generate

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// Tally adds up truths in their order of arrival. It keeps the current event of each order, so its memory grows with the
// number of orders.
type Tally struct {
	rows, bronzeCents, rescued int64

	rejected         map[string]int64
	rejectedByBronze int64
	refused          Sum
	valid            Sum
	standing         map[uint64]kept // the current event of each order

	categories, regions, statuses, payments, currencies names
}

// NewTally starts at nothing.
func NewTally() *Tally {
	return &Tally{rejected: map[string]int64{}, standing: map[uint64]kept{}}
}

// Add counts the next item's truth.
func (t *Tally) Add(truth *Truth) {
	t.rows++
	if truth.Code != "" {
		t.rejected[truth.Code]++
	}
	if truth.Stage == Bronze {
		t.rejectedByBronze++
		return
	}
	if truth.Rescued {
		t.rescued++
	}
	t.bronzeCents += truth.Event.Revenue
	if truth.Stage == Silver {
		t.refused.add(truth.Event.Revenue)
		return
	}
	t.valid.add(truth.Event.Revenue)
	current, known := t.standing[truth.Event.Order]
	if !known || current.olderThan(&truth.Event) {
		t.standing[truth.Event.Order] = t.keep(&truth.Event)
	}
}

// Current are the current events of all orders, by order.
func (t *Tally) Current() []Event {
	events := make([]Event, 0, len(t.standing))
	for order, k := range t.standing {
		events = append(events, t.event(order, &k))
	}
	slices.SortFunc(events, func(a, b Event) int { return cmp.Compare(a.Order, b.Order) })
	return events
}

// Run gives the answer for what was added. The options are those of the stream: they tell which ids are listed.
func (t *Tally) Run(o Options) (Run, error) {
	o, err := o.withDefaults()
	if err != nil {
		return Run{}, err
	}
	r := Run{
		Rows: t.rows, Rejected: maps.Clone(t.rejected), BronzeRows: t.rows - t.rejectedByBronze, BronzeCents: t.bronzeCents,
		RescuedRows: t.rescued, Refused: t.refused, ByStatus: map[string]Sum{},
	}
	customers, products := map[uint32]bool{}, map[uint32]bool{}
	cells := newCells()
	for order, k := range t.standing {
		e := t.event(order, &k)
		r.Silver.add(e.Revenue)
		status := r.ByStatus[e.Status]
		status.add(e.Revenue)
		r.ByStatus[e.Status] = status
		if int(e.Customer) >= o.Customers-unlistedCustomers {
			customers[e.Customer] = true
		}
		if int(e.Product) >= o.Products-unlistedProducts {
			products[e.Product] = true
		}
		cells.add(&e)
	}
	r.UnlistedCustomers, r.UnlistedProducts = int64(len(customers)), int64(len(products))
	r.Deduplicated = Sum{Rows: t.valid.Rows - r.Silver.Rows, Cents: t.valid.Cents - r.Silver.Cents}
	r.Cells = cells.sorted()
	return r, nil
}

// cells groups current events as daily_sales does.
type cells struct{ byKey map[cellKey]*cell }

type cellKey struct {
	day              int64 // microseconds UTC of its midnight
	region, category string
}

type cell struct {
	Cell
	customers map[uint32]bool
}

func newCells() *cells { return &cells{byKey: map[cellKey]*cell{}} }

func (c *cells) add(e *Event) {
	key := cellKey{floorTo(e.OrderTS, day), e.Region, e.Category}
	to := c.byKey[key]
	if to == nil {
		to = &cell{
			Cell:      Cell{Date: string(appendDate(nil, e.OrderTS)), Region: e.Region, Category: e.Category},
			customers: map[uint32]bool{},
		}
		c.byKey[key] = to
	}
	switch e.Status {
	case Pending:
		to.Pending++
		return
	case Cancelled:
		to.Cancelled++
		return
	case Refunded:
		to.Refunded += e.Revenue
	}
	to.Orders++
	to.Units += int64(e.Quantity)
	to.Gross += e.Revenue
	to.customers[e.Customer] = true
}

func (c *cells) sorted() []Cell {
	list := make([]Cell, 0, len(c.byKey))
	for _, one := range c.byKey {
		one.Net = one.Gross - one.Cell.Refunded
		one.Cell.Customers = int64(len(one.customers))
		list = append(list, one.Cell)
	}
	slices.SortFunc(list, func(a, b Cell) int {
		return cmp.Or(strings.Compare(a.Date, b.Date), strings.Compare(a.Region, b.Region), strings.Compare(a.Category, b.Category))
	})
	return list
}
