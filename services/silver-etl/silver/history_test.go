package silver

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/services/silver-etl/dedup"
)

const midnight = int64(1_767_225_600_000_000) // 2026-01-01T00:00:00Z

const (
	hour = int64(3_600_000_000)
	day  = 24 * hour
)

// drawEvents gives few orders, times and event_ids, so that every kind of tie,
// repetition, move between days and reject happens.
func drawEvents(t *rapid.T, partitions int) []event {
	one := rapid.Custom(func(t *rapid.T) event {
		pick := func(name string, values ...string) string { return rapid.SampledFrom(values).Draw(t, name) }
		e := event{
			orderID: fmt.Sprint("order-", rapid.IntRange(0, 11).Draw(t, "order")),
			eventID: pick("event", "e1", "e10", "f"),
			eventTS: midnight + rapid.Int64Range(0, 2).Draw(t, "event_ts")*hour,
			orderTS: midnight - rapid.Int64Range(0, 3).Draw(t, "day")*day,
			// "Unknown" stays as it is
			category: pick("category", "Books", "BOOKS", " books", "home  & garden", "Unknown"),
			region:   pick("region", "Europe", "EUROPE "), product: pick("product", "p1", "p2"), customer: "c1",
			status: pick("status", "pending", "completed", "refunded"), payment: pick("payment", "", "card"),
			currency: "USD", quantity: 1, price: 100, revenue: rapid.Int64Range(0, 3).Draw(t, "cents"),
			ingest: midnight + 4*hour, source: pick("source", "sales_events", "file:0123456789abcdef"),
			rescued: pick("rescued", "", `{"x":1}`),
		}
		spoil(&e, rapid.IntRange(0, 30).Draw(t, "fault"))
		return e
	})
	events := rapid.SliceOfN(one, rapid.SampledFrom([]int{1, 60}).Draw(t, "least"), 120).Draw(t, "events")
	offsets := map[string]int64{}
	for i := range events {
		e := &events[i]
		e.partition = stream.PartitionFor([]byte(e.orderID), partitions)
		if e.source != "sales_events" { // files have events of their own: the same event from both would tie in all but the offset
			e.eventID += "-file"
		}
		key := sourceKey(e.source, e.partition)
		offsets[key] += rapid.Int64Range(1, 2).Draw(t, "gap")
		e.offset = offsets[key]
	}
	return events
}

func spoil(e *event, fault int) {
	switch fault {
	case 0:
		e.quantity = 0
	case 1:
		e.price = -1
	case 2:
		e.revenue = -5
	case 3:
		e.status = "shipped"
	case 4:
		e.currency = "EUR"
	case 5:
		e.eventTS = e.ingest + day + 1
	case 6:
		e.orderTS = sales.Year2000 - 1
	}
}

// Whatever the order of arrival between the sources, the batching, the commits
// and the crashes: silver is what the oracle says.
func TestSilverEqualsTheOracleForEveryHistory(t *testing.T) {
	run := 0
	rapid.Check(t, func(r *rapid.T) {
		run++
		checkHistory(r, &memoryTopic{}, tempLake(t, run))
	})
}

// The same with a broker, which makes each opening slow: a few histories.
func TestSilverEqualsTheOracleOnABroker(t *testing.T) {
	for i := range 3 {
		r := rapid.Custom(func(r *rapid.T) bool {
			checkHistory(r, newKafkaTopic(t, 2), tempLake(t, i))
			return true
		})
		r.Example(i)
	}
}

func checkHistory(r *rapid.T, topic topic, folder string) {
	const partitions = 2
	h := newHarness(r, topic, folder, partitions)
	defer h.close()
	h.stage.Horizon = time.Duration(rapid.SampledFrom([]int{0, 1, 90}).Draw(r, "horizon")) * 24 * time.Hour
	h.stage.IndexBytes = rapid.SampledFrom([]int{12 * dedup.FilterBytes, 6 * dedup.IndexBytes, 1 << 20}).Draw(r, "bound")
	events := drawEvents(r, partitions)
	landInTurns(r, h, events, func(e event) string { return sourceKey(e.source, e.partition) }, func(events []event) { h.land(events) })
	h.drain()
	requireOracle(r, h.topic, h.options, events)
	for p := range partitions { // what is rebuilt balances, too
		h.drop(p)
		h.open(p)
	}
	h.requireSwept()
}

// landInTurns lands rows, each source's in its order, with commits, crashes and
// zombies between.
func landInTurns[R any](r *rapid.T, h *harness, rows []R, source func(R) string, land func([]R)) {
	rest := map[string][]R{}
	var sources []string
	for _, row := range rows {
		key := source(row)
		if rest[key] == nil {
			sources = append(sources, key)
		}
		rest[key] = append(rest[key], row)
	}
	for len(sources) > 0 {
		i := rapid.IntRange(0, len(sources)-1).Draw(r, "source")
		key := sources[i]
		n := rapid.IntRange(1, min(8, len(rest[key]))).Draw(r, "rows")
		land(rest[key][:n])
		if rest[key] = rest[key][n:]; len(rest[key]) == 0 {
			sources = slices.Delete(sources, i, i+1)
		}
		p := rapid.IntRange(0, h.partitions-1).Draw(r, "partition")
		switch rapid.IntRange(0, 7).Draw(r, "step") {
		case 0: // more lands before anything is read
		case 1:
			h.add(p, 1)
		case 2:
			h.drop(p)
		case 3:
			h.add(p, len(h.bronze[p]))
			h.flush(p, rapid.SampledFrom([]int{crashAfterUpload, crashAfterCommit}).Draw(r, "crash"))
		case 4:
			if _, broker := h.topic.(*kafkaTopic); !broker {
				h.zombie(r, int32(p))
			}
		default:
			h.add(p, len(h.bronze[p]))
			h.flush(p, noCrash)
		}
	}
}

// Many small commits to one day stay few files, and a run without crashes
// leaves exactly the objects that the manifest names.
func TestASliceStaysFewFiles(t *testing.T) {
	h := newHarness(t, newKafkaTopic(t, 1), tempLake(t, 0), 1)
	defer h.close()
	var events []event
	for i := range int64(30) {
		e := event{orderID: fmt.Sprint("order-", i), eventID: fmt.Sprint("e", i), eventTS: midnight, orderTS: midnight,
			category: "Books", region: "Europe", status: "pending", currency: "USD", quantity: 1, revenue: i, ingest: midnight,
			source: "sales_events", offset: i}
		events = append(events, e)
		h.land([]event{e})
		h.drain()
	}
	got := requireOracle(t, h.topic, h.options, events)
	require.Len(t, got.manifests, 1)
	h.drop(0)
	require.Equal(t, h.slice(sales.DayOf(midnight)).Named(), onDisk(t, h.options, sales.DayOf(midnight)))
	require.Len(t, list(t, h.options.Bucket, "_manifests/silver/sales/"), 1)
}
