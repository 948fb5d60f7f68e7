package history

import (
	"fmt"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/saleslake/saleslake/pkg/stream"
)

// Times are µs UTC.
const (
	start = int64(1_767_225_600_000_000) // 2026-01-01T00:00:00Z
	hour  = int64(3_600_000_000)
	day   = 24 * hour
	y2000 = int64(946_684_800_000_000)
)

// event is a row of bronze: what was sent, and from where.
type event struct {
	orderID, eventID, customer, product, category, region, status, payment, currency string

	orderTS, eventTS, ingest, price, revenue int64
	quantity                                 int32
	source                                   int // of sources
	partition                                int32
	offset                                   int64
}

// sources are a topic and two files.
var sources = []string{"sales_events", "file:000000000000000a", "file:000000000000000b"}

// action is what a step does.
type action int

const (
	land         action = iota // the next rows of a source's partition become a bronze file
	take                       // the task takes a record
	commit                     // it takes what there is, and commits
	dieUploaded                // so, but dies before the transaction
	dieCommitted               // so, but dies behind it
	freeze                     // it takes what there is, and is replaced without knowing it
	thaw                       // replaced tasks wake up, and upload what nobody will publish
	compact                    // the stage's output topic
)

func (a action) String() string {
	return [...]string{"land", "take", "commit", "die uploaded", "die committed", "freeze", "thaw", "compact"}[a]
}

// step is one of a history's. Numbers are taken modulo what there is.
type step struct {
	action
	gold  bool // else silver
	which int  // source or partition
	rows  int  // to land
}

// history is all that a run depends on.
type history struct {
	partitions int
	horizon    time.Duration
	maxRows    int
	target     int64
	cache      int
	grace      time.Duration
	settle     time.Duration
	again      bool // gold is made from nothing, too, at the end
	events     []event
	steps      []step
}

var histories = rapid.Custom(func(t *rapid.T) history {
	h := history{
		partitions: rapid.IntRange(1, 2).Draw(t, "partitions"),
		horizon:    time.Duration(rapid.SampledFrom([]int{0, 1, 90}).Draw(t, "horizon")) * 24 * time.Hour,
		maxRows:    rapid.SampledFrom([]int{1_000_000, 1, 4}).Draw(t, "max rows"),
		target:     rapid.SampledFrom([]int64{128 << 20, 1}).Draw(t, "target"),
		cache:      rapid.SampledFrom([]int{1 << 20, 10_000, 0}).Draw(t, "cache"),
		grace:      rapid.SampledFrom([]time.Duration{0, time.Hour}).Draw(t, "grace"),
		settle:     rapid.SampledFrom([]time.Duration{0, 100 * 365 * 24 * time.Hour}).Draw(t, "settle"),
		again:      rapid.IntRange(0, 3).Draw(t, "again") == 3,
	}
	drafts := rapid.SliceOfN(draft, rapid.SampledFrom([]int{1, 12, 40}).Draw(t, "least"), 60).Draw(t, "events")
	h.events = place(drafts, h.partitions)
	h.steps = rapid.SliceOfN(rapid.Custom(drawStep), rapid.SampledFrom([]int{0, 6, 16}).Draw(t, "least steps"), 24).Draw(t, "steps")
	return h
})

func drawStep(t *rapid.T) step {
	return step{
		action: rapid.SampledFrom([]action{land, land, land, take, commit, commit, commit, dieUploaded, dieCommitted, freeze, thaw, compact}).Draw(t, "action"),
		gold:   rapid.Bool().Draw(t, "gold"),
		which:  rapid.IntRange(0, 5).Draw(t, "which"),
		rows:   rapid.IntRange(1, 12).Draw(t, "rows"),
	}
}

// drafted is an event, or the repetition of one that came before.
type drafted struct {
	event
	back int // so many events before; 0 for none
	gap  int64
}

// draft gives few orders, times and ids.
var draft = rapid.Custom(func(t *rapid.T) drafted {
	pick := func(name string, values ...string) string { return rapid.SampledFrom(values).Draw(t, name) }
	e := event{
		orderID: fmt.Sprint("order-", rapid.IntRange(0, 11).Draw(t, "order")),
		eventID: pick("event", "e1", "e10", "e2", "F", "é"),
		eventTS: start + rapid.SampledFrom([]int64{0, 0, 1, hour, day, 40 * day}).Draw(t, "event_ts"),
		orderTS: start + rapid.SampledFrom([]int64{0, 5 * hour, 6*hour - 1, -1, -100 * day}).Draw(t, "order_ts"),
		ingest:  start + 40*day + hour,
		// "Unknown" is in no catalogue
		category: pick("category", "Books", "BOOKS", " books\t", "home  & garden", "Home & Garden", "Un  known", "un known"),
		region:   pick("region", "Europe", "EUROPE ", "asia\tpacific"),
		product:  pick("product", "p1", "p2", "p10"), customer: pick("customer", "c1", "c2", "C1"),
		status:  pick("status", "completed", "refunded", "pending", "cancelled", "completed"),
		payment: pick("payment", "", "card"), currency: "USD",
		quantity: rapid.Int32Range(1, 3).Draw(t, "quantity"), price: rapid.Int64Range(0, 1).Draw(t, "price"),
		revenue: rapid.SampledFrom([]int64{0, 1, 250, 1 << 50}).Draw(t, "revenue"),
		source:  rapid.IntRange(0, len(sources)-1).Draw(t, "source"),
	}
	faults[rapid.IntRange(0, 60).Draw(t, "fault")%len(faults)](&e)
	return drafted{e, max(0, rapid.IntRange(-6, 4).Draw(t, "back")), rapid.Int64Range(0, 1).Draw(t, "gap")}
})

// faults are those of silver, each at its border and just within.
var faults = append(make([]func(*event), 0, 60),
	fine, fine, fine, fine, fine, fine, fine, fine, fine, fine, fine, fine, fine, fine, fine, fine, fine, fine, fine, fine,
	fine, fine, fine, fine, fine, fine, fine, fine, fine, fine,
	func(e *event) { e.quantity = 0 },
	func(e *event) { e.price = -1 },
	func(e *event) { e.revenue = -1 },
	func(e *event) { e.status = "Completed" },
	func(e *event) { e.currency = "EUR" },
	func(e *event) { e.ingest = max(e.eventTS, e.orderTS) - day },
	func(e *event) { e.ingest = max(e.eventTS, e.orderTS) - day - 1 },
	func(e *event) { e.orderTS = e.ingest + day + 1 },
	func(e *event) { e.orderTS = y2000 },
	func(e *event) { e.orderTS = y2000 - 1 },
	func(e *event) { e.eventTS = y2000 - 1 },
	func(e *event) { e.quantity, e.price, e.revenue, e.status = -1, -2, -3, "" },
)

func fine(*event) {}

// place gives the events their partitions and offsets. Those of different
// sources differ, or two events could be equal in all that decides.
func place(drafts []drafted, partitions int) []event {
	events := make([]event, len(drafts))
	ends := map[string]int64{}
	for i, d := range drafts {
		e := d.event
		if d.back > 0 && d.back <= i {
			e = events[i-d.back]
			e.source, e.payment = d.source, d.payment
		}
		e.partition = stream.PartitionFor([]byte(e.orderID), partitions)
		at := fmt.Sprint(e.source, e.partition)
		ends[at] += 1 + d.gap
		e.offset = ends[at]*int64(len(sources)) + int64(e.source)
		events[i] = e
	}
	return events
}

// GoString is what rapid prints.
func (h history) GoString() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d partitions, horizon %s, at most %d rows, target %d bytes, cache %d, grace %s, settle %s, again %t\n",
		h.partitions, h.horizon, h.maxRows, h.target, h.cache, h.grace, h.settle, h.again)
	at := func(micros int64) string { return time.UnixMicro(micros).UTC().Format(time.RFC3339Nano) }
	for _, e := range h.events {
		fmt.Fprintf(&b, "  %s/%d@%d %s %q at %s, order_ts %s, ingest %s: %s %s %q %q %s %q, %d × %d = %d %s\n", sources[e.source], e.partition, e.offset,
			e.orderID, e.eventID, at(e.eventTS), at(e.orderTS), at(e.ingest), e.customer, e.product, e.category, e.region, e.status, e.payment,
			e.quantity, e.price, e.revenue, e.currency)
	}
	for _, s := range h.steps {
		stage := map[bool]string{true: "gold", false: "silver"}[s.gold]
		fmt.Fprintf(&b, "  %s (%s, which %d, rows %d)\n", s.action, stage, s.which, s.rows)
	}
	return b.String()
}
