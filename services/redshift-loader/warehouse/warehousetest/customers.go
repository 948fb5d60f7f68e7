package warehousetest

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// intervals loads a history after its orders, and takes it back.
func intervals(t *testing.T, b *bench) {
	at := func(day, clock string) int64 { return instant(t, day+"T"+clock+"Z") }
	jo := Update{ID: "C-1", At: at(monday, "10:00:00"), Name: "Jo", City: "Bern"}
	moved := Update{ID: "C-1", At: at(monday, "12:00:00"), Name: "Jo", City: "Rome"}
	same := Update{ID: "C-1", At: at(monday, "13:00:00"), Name: "Jo", City: "Rome"}
	gone := Update{ID: "C-1", At: at(tuesday, "00:00:00"), Name: "Jo", City: "Rome", Deleted: true}
	back := Update{ID: "C-1", At: at(tuesday, "08:00:00"), Name: "Jo", City: "Oslo"}
	first := []Order{{ID: "A", Day: monday, Version: 1, Cents: 1}, {ID: "B", Day: monday, Micros: at(monday, "12:00:00") - at(monday, "00:00:00"), Version: 1, Cents: 2}}
	later := append(slices.Clone(first), Order{ID: "D", Day: monday, Micros: first[1].Micros, Version: 1, Cents: 4}, Order{ID: "E", Day: monday, Micros: first[1].Micros - 1, Version: 1, Cents: 5})
	b.load(b.lake.Facts(monday, 1, first...),
		b.lake.Facts(tuesday, 1, Order{ID: "C", Day: tuesday, Version: 1, Cents: 3}))
	const keys, dim = "SELECT customer_sk FROM sales.dim_customer ORDER BY valid_from",
		"SELECT valid_from, valid_to, is_current, deleted, inferred, name, city FROM sales.dim_customer ORDER BY valid_from"
	require.Equal(t, []string{"1970-01-01T00:00:00Z <nil> true false true <nil> <nil>"}, b.lines(dim))
	inferredKey := b.lines(keys)

	b.load(b.lake.Customers(monday, 0, 1, jo, moved, same), b.lake.Customers(tuesday, 0, 1, gone, back))
	require.Equal(t, []string{
		"1970-01-01T00:00:00Z 2026-03-30T12:00:00Z false false false Jo Bern",
		"2026-03-30T12:00:00Z 2026-03-31T00:00:00Z false false false Jo Rome",
		"2026-03-31T00:00:00Z 2026-03-31T08:00:00Z false true false <nil> <nil>",
		"2026-03-31T08:00:00Z <nil> true false false Jo Oslo",
	}, b.lines(dim))
	require.Equal(t, inferredKey[0], b.lines(keys)[0], "the inferred member is completed in place")
	const orders = "SELECT order_id, customer_name, customer_city FROM sales.v_orders ORDER BY order_id"
	require.Equal(t, []string{"A Jo Bern", "B Jo Rome", "C <nil> <nil>"}, b.lines(orders))
	b.load(b.lake.Facts(monday, 2, later...))
	require.Equal(t, []string{"A Jo Bern", "B Jo Rome", "C <nil> <nil>", "D Jo Rome", "E Jo Bern"}, b.lines(orders), "at the moment that divides two intervals, and before it")

	before := b.lines(keys)
	b.load(b.lake.Customers(tuesday, 0, 2, back)) // the deletion was wrong
	require.Equal(t, []string{"A Jo Bern", "B Jo Rome", "C Jo Rome", "D Jo Rome", "E Jo Bern"}, b.lines(orders))
	require.Equal(t, []string{before[0], before[1], before[3]}, b.lines(keys), "what still begins at its time keeps its key")

	b.load(b.lake.Customers(monday, 0, 2), b.lake.Customers(tuesday, 0, 3, gone)) // nothing came before the deletion
	require.Equal(t, []string{
		"1970-01-01T00:00:00Z 2026-03-31T00:00:00Z false false true <nil> <nil>",
		"2026-03-31T00:00:00Z <nil> true true false <nil> <nil>",
	}, b.lines(dim))
	require.Equal(t, before[0], b.lines(keys)[0])
	require.Equal(t, []string{"A false", "B false", "C true", "D false", "E false"}, b.lines(`SELECT f.order_id, c.deleted FROM sales.fact_sales AS f
		JOIN sales.dim_customer AS c ON c.customer_sk = f.customer_sk ORDER BY f.order_id`))

	b.load(b.lake.Customers(monday, 0, 3), b.lake.Customers(tuesday, 0, 4)) // as if it had never been
	require.Equal(t, []string{"1970-01-01T00:00:00Z <nil> true false true <nil> <nil>"}, b.lines(dim))
	require.Equal(t, []string{"A <nil> <nil>", "B <nil> <nil>", "C <nil> <nil>", "D <nil> <nil>", "E <nil> <nil>"}, b.lines(orders))
}

func faultyCustomers(t *testing.T, b *bench) {
	jo := Update{ID: "C-1", At: instant(t, monday+"T10:00:00Z"), Name: "Jo"}
	again := jo
	again.City = "Bern"
	require.ErrorContains(t, b.refuse(b.lake.Customers(monday, 0, 1, jo, again)), `silver/customers holds customer "C-1" of 2026-03-30 10:00:00 2 times`)
	short := b.lake.Customers(monday, 0, 1, jo)
	short.Manifest.Rows++
	require.ErrorContains(t, b.refuse(short), "slice silver/customers/day=2026-03-30/p=000 version 1: found 1 rows and 0.00, expected 2 rows and 0.00")
	stray := b.lake.Customers(tuesday, 0, 1, jo)
	require.ErrorContains(t, b.refuse(stray), "slice silver/customers/day=2026-03-31/p=000 version 1: found 0 rows and 0.00, expected 1 rows and 0.00")
}

// model is what the star schema must hold of the customers and orders of one history,
// by the shortest way to say it.
type model struct {
	versions map[string]map[string][]Update // rows of the loaded version, by slice and customer
	orders   map[string][]Order             // of the loaded version, by day
}

// interval is a line of dim_customer.
type interval struct {
	from, to int64 // µs; to is 0 when it is current
	what     string
}

// intervals are those of a customer: every version, in the order of their times, with
// those that say what the one before says left out.
func (m *model) intervals(customer string) (all []interval) {
	var versions []Update
	for _, slice := range m.versions {
		versions = append(versions, slice[customer]...)
	}
	slices.SortFunc(versions, func(a, b Update) int { return int(a.At - b.At) })
	for _, u := range versions {
		what := fmt.Sprintf("false false %s %s", orNil(u.Name), orNil(u.City))
		if u.Deleted {
			what = "true false <nil> <nil>"
		}
		switch n := len(all); {
		case n == 0 && u.Deleted: // who was deleted was there before
			all = append(all, interval{to: u.At, what: nobody}, interval{from: u.At, what: what})
		case n == 0:
			all = append(all, interval{what: what})
		case all[n-1].what != what:
			all[n-1].to = u.At
			all = append(all, interval{from: u.At, what: what})
		}
	}
	if len(all) == 0 {
		return []interval{{what: nobody}}
	}
	return all
}

// nobody is what is known of an inferred member.
const nobody = "false true <nil> <nil>"

// end writes the end of an interval as lines does.
func end(at int64) string {
	if at == 0 {
		return "<nil>"
	}
	return micros(at)
}

func orNil(text string) string {
	if text == "" {
		return "<nil>"
	}
	return text
}

// seen tells whether a customer has a version or an order.
func (m *model) seen(customer string) bool {
	for _, slice := range m.versions {
		if len(slice[customer]) > 0 {
			return true
		}
	}
	for _, day := range m.orders {
		if slices.ContainsFunc(day, func(o Order) bool { return o.Customer == customer }) {
			return true
		}
	}
	return false
}

// anyHistory draws histories of customers and orders, delivers the versions of their
// slices late, twice, out of order or never, and compares all intervals and the interval
// of each fact with the model after every load.
func anyHistory(t *testing.T, b *bench) {
	histories := 0
	rapid.Check(t, func(rt *rapid.T) {
		histories++ // of its own days and customers: the warehouse is one for all
		h := newHistory(rt, b, histories)
		for range rapid.IntRange(1, 6).Draw(rt, "steps") {
			h.step()
			h.compare()
		}
	})
}

// historic is a history on its way into a warehouse.
type historic struct {
	rt       *rapid.T
	b        *bench
	prefix   string
	first    int32 // day
	told     map[string]map[int64]Update
	orders   map[string]Order
	newest   map[string]int64 // version by slice
	pending  []delivery
	loaded   map[string]int64
	model    model
	keys     map[string]string // customer_sk by customer and valid_from, of the load before
	sequence int
}

// delivery is a verdict on its way, and what the model is to make of it.
type delivery struct {
	verdict *lake.Verdict
	apply   func(*model)
}

func newHistory(rt *rapid.T, b *bench, number int) *historic {
	first, err := sales.ParseDay("2001-01-01")
	require.NoError(b.t, err)
	return &historic{rt: rt, b: b, prefix: fmt.Sprintf("H%05d-", number), first: first + int32(number)*4,
		told: map[string]map[int64]Update{}, orders: map[string]Order{}, newest: map[string]int64{}, loaded: map[string]int64{},
		model: model{map[string]map[string][]Update{}, map[string][]Order{}}, keys: map[string]string{}}
}

// step changes the history a few times, and loads some of what is on its way.
func (h *historic) step() {
	for range rapid.IntRange(0, 4).Draw(h.rt, "changes") {
		if rapid.Bool().Draw(h.rt, "an order") {
			h.order()
		} else {
			h.update()
		}
	}
	if len(h.pending) == 0 {
		return
	}
	var verdicts []*lake.Verdict
	for range rapid.IntRange(1, 4).Draw(h.rt, "deliveries") {
		d := h.pending[rapid.IntRange(0, len(h.pending)-1).Draw(h.rt, "delivery")]
		verdicts = append(verdicts, d.verdict)
		if v := d.verdict.Manifest.Version; v > h.loaded[d.verdict.Key()] {
			h.loaded[d.verdict.Key()] = v
			d.apply(&h.model)
		}
	}
	h.b.load(verdicts...)
}

// when draws a time: one of the times of versions, or just before or after one.
func (h *historic) when(label string) int64 {
	const hours8 = sales.MicrosPerDay / 3
	return int64(h.first)*sales.MicrosPerDay + rapid.Int64Range(0, 8).Draw(h.rt, label)*hours8
}

func (h *historic) customer() string {
	return h.prefix + rapid.SampledFrom([]string{"C0", "C1", "C2"}).Draw(h.rt, "customer")
}

// update tells, changes or takes back a version of a customer.
func (h *historic) update() {
	u := Update{ID: h.customer(), At: h.when("updated"), Name: rapid.SampledFrom([]string{"Jo", "Ann", ""}).Draw(h.rt, "name"),
		City: rapid.SampledFrom([]string{"Bern", "Rome"}).Draw(h.rt, "city"), Deleted: rapid.IntRange(0, 4).Draw(h.rt, "deleted") == 0}
	if h.told[u.ID] == nil {
		h.told[u.ID] = map[int64]Update{}
	}
	if rapid.IntRange(0, 5).Draw(h.rt, "taken back") == 0 {
		delete(h.told[u.ID], u.At)
	} else {
		h.told[u.ID][u.At] = u
	}
	day, partition := sales.DayOf(u.At), int32(u.ID[len(u.ID)-1]-'0')%2
	rows := map[string][]Update{}
	var all []Update
	for _, id := range sortedKeys(h.told) {
		for _, at := range slices.Sorted(maps.Keys(h.told[id])) {
			if sales.DayOf(at) == day && int32(id[len(id)-1]-'0')%2 == partition {
				rows[id] = append(rows[id], h.told[id][at])
				all = append(all, h.told[id][at])
			}
		}
	}
	slice := lake.SilverSlice(day, partition)
	h.newest[slice]++
	h.pending = append(h.pending, delivery{h.b.lake.Customers(sales.FormatDay(day), partition, h.newest[slice], all...),
		func(m *model) { m.versions[slice] = rows }})
}

// order places an order, or gives one another customer or time of its day.
func (h *historic) order() {
	id := h.prefix + rapid.SampledFrom([]string{"A", "B", "C", "D"}).Draw(h.rt, "order")
	at := h.when("ordered") + rapid.Int64Range(-1, 1).Draw(h.rt, "just")
	if known, ok := h.orders[id]; ok {
		day, err := sales.ParseDay(known.Day)
		require.NoError(h.b.t, err)
		at = int64(day)*sales.MicrosPerDay + (at%sales.MicrosPerDay+sales.MicrosPerDay)%sales.MicrosPerDay
	}
	h.sequence++
	day := sales.FormatDay(sales.DayOf(at))
	h.orders[id] = Order{ID: id, Day: day, Micros: max(1, at-int64(sales.DayOf(at))*sales.MicrosPerDay), Version: int64(h.sequence), Cents: 1, Customer: h.customer()}
	var orders []Order
	for _, id := range sortedKeys(h.orders) {
		if h.orders[id].Day == day {
			orders = append(orders, h.orders[id])
		}
	}
	h.newest[day]++
	h.pending = append(h.pending, delivery{h.b.lake.Facts(day, h.newest[day], orders...), func(m *model) { m.orders[day] = orders }})
}

// compare holds dim_customer and the facts against the model.
func (h *historic) compare() {
	t := h.b.t
	var want, wantFacts []string
	for _, id := range []string{"C0", "C1", "C2"} {
		if !h.model.seen(h.prefix+id) && len(h.b.lines("SELECT 1 FROM sales.dim_customer WHERE customer_id = $1", h.prefix+id)) == 0 {
			continue // who was known once stays known
		}
		for _, i := range h.model.intervals(h.prefix + id) {
			want = append(want, fmt.Sprintf("%s %s %s %v %s", h.prefix+id, micros(i.from), end(i.to), i.to == 0, i.what))
		}
	}
	found := h.b.lines(`SELECT customer_id, valid_from, valid_to, is_current, deleted, inferred, name, city FROM sales.dim_customer
		WHERE customer_id LIKE $1 ORDER BY customer_id, valid_from`, h.prefix+"%")
	if len(want)+len(found) > 0 {
		require.Equal(t, want, found)
	}
	for _, day := range sortedKeys(h.model.orders) {
		for _, o := range h.model.orders[day] {
			wantFacts = append(wantFacts, fmt.Sprintf("%s %s %s", o.ID, o.Customer, micros(h.intervalOf(o).from)))
		}
	}
	slices.Sort(wantFacts)
	facts := h.b.lines(`SELECT f.order_id, c.customer_id, c.valid_from FROM sales.fact_sales AS f
		JOIN sales.dim_customer AS c ON c.customer_sk = f.customer_sk WHERE f.order_id LIKE $1 ORDER BY f.order_id`, h.prefix+"%")
	if len(wantFacts)+len(facts) > 0 {
		require.Equal(t, wantFacts, facts)
	}
	h.compareKeys()
}

// compareKeys expects an interval that begins when one began before to have its key.
func (h *historic) compareKeys() {
	keys := map[string]string{}
	for _, line := range h.b.lines("SELECT customer_sk, customer_id, valid_from FROM sales.dim_customer WHERE customer_id LIKE $1", h.prefix+"%") {
		var key, id, from string
		_, err := fmt.Sscan(line, &key, &id, &from)
		require.NoError(h.b.t, err)
		keys[id+from] = key
		if before, ok := h.keys[id+from]; ok {
			require.Equal(h.b.t, before, key)
		}
	}
	h.keys = keys
}

func (h *historic) intervalOf(o Order) interval {
	day, err := sales.ParseDay(o.Day)
	require.NoError(h.b.t, err)
	at := int64(day)*sales.MicrosPerDay + o.micros()
	all := h.model.intervals(o.Customer)
	i := slices.IndexFunc(all, func(i interval) bool { return i.from <= at && (i.to == 0 || at < i.to) })
	return all[i]
}
