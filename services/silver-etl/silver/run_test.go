package silver

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/pkg/stream/streamtest"
)

const patience = 60 * time.Second

// randomEvents are versions of about n/2 orders over 30 days, a few of them faulty.
func randomEvents(random *rand.Rand, n, partitions int) []event {
	events := make([]event, n)
	next := map[string]int64{}
	categories := []string{"Books", "BOOKS", " books", "home  & garden", "Unknown"}
	for i := range events {
		e := &events[i]
		*e = event{
			orderID: fmt.Sprint("order-", random.IntN(n/2+1)), eventID: fmt.Sprint("event-", random.IntN(n)),
			eventTS: midnight + random.Int64N(20)*hour, orderTS: midnight - random.Int64N(30)*day,
			category: categories[random.IntN(len(categories))], region: "EUROPE ", product: fmt.Sprint("p", random.IntN(50)),
			customer: fmt.Sprint("c", random.IntN(500)), status: []string{"pending", "completed", "refunded"}[random.IntN(3)],
			payment: []string{"", "card"}[random.IntN(2)], currency: "USD", quantity: random.Int32N(5) + 1,
			price: random.Int64N(10_000), revenue: random.Int64N(50_000), ingest: midnight, source: "sales_events",
		}
		spoil(e, random.IntN(200))
		e.partition = stream.PartitionFor([]byte(e.orderID), partitions)
		key := sourceKey(e.source, e.partition)
		e.offset = next[key]
		next[key]++
	}
	return events
}

// byPartition splits events into their partitions, in order.
func byPartition(events []event, partitions int) [][]event {
	split := make([][]event, partitions)
	for _, e := range events {
		split[e.partition] = append(split[e.partition], e)
	}
	return split
}

// instance is a Run in the background.
type instance struct {
	stop context.CancelFunc
	done chan error
}

func start(o Options) *instance {
	ctx, cancel := context.WithCancel(context.Background())
	i := &instance{cancel, make(chan error, 1)}
	o.Registry = prometheus.NewRegistry()
	go func() { i.done <- Run(ctx, o) }()
	return i
}

func (i *instance) end(t *testing.T) {
	i.stop()
	select {
	case err := <-i.done:
		require.NoError(t, err)
	case <-time.After(patience):
		require.Fail(t, "the stage does not end")
	}
}

// The whole stage in its group: it starts, is restarted, shares its partitions
// with a second instance and loses it, while bronze goes on.
func TestRunThroughRestartsAndRebalances(t *testing.T) {
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) }) // the last to run, after the broker's end
	const partitions, files = 3, 12
	o := newOptions(t, tempLake(t, 0), partitions)
	o.Kafka = stream.Config{Brokers: []string{streamtest.Cluster(t)}, ClientID: "test"}
	o.MaxRows = 400 // several commits
	var commits atomic.Int64
	o.Fault = func(step string) {
		if step == stream.StepCommitted {
			commits.Add(1)
		}
	}
	events := randomEvents(rand.New(rand.NewPCG(1, 2)), 6000, partitions)
	split := byPartition(events, partitions)
	ctx := context.Background()
	require.NoError(t, stream.EnsureTopics(ctx, o.Kafka, 1,
		stream.TopicSpec{Name: sales.TopicBronze, Partitions: partitions, Compacted: true}))
	ends := make([]int64, partitions)
	land := func(part int) {
		for p, all := range split {
			piece := all[part*len(all)/files : (part+1)*len(all)/files]
			m := writeBronze(t, o.Bucket, piece, ends[p])
			ends[p] = m.Source.Next
			require.NoError(t, stream.Transact(ctx, o.Kafka, "bronze", []stream.Record{
				{Topic: sales.TopicBronze, Partition: int32(p), Key: []byte(m.Key()), Value: m.Encode()}}))
		}
	}
	grow := func(from, to int) { // lands files, waiting for a commit after each
		for part := from; part < to; part++ {
			before := commits.Load()
			land(part)
			require.Eventually(t, func() bool { return commits.Load() > before }, patience, 5*time.Millisecond)
		}
	}
	first := start(o)
	grow(0, 3)
	first.end(t)
	first = start(o)
	grow(3, 5)
	o2 := o
	o2.Instance = "second"
	second := start(o2)
	grow(5, 8)
	first.end(t)
	grow(8, files)
	from := &kafkaTopic{kafka: o.Kafka}
	require.Eventually(t, func() bool {
		in := int64(0)
		for _, l := range readTopic(t, from, o).ledgers {
			in += l.In.Rows
		}
		return in == int64(len(events))
	}, patience, 50*time.Millisecond)
	second.end(t)
	requireOracle(t, from, o, events)
}

func TestTalliesTellWhatBecameOfTheRows(t *testing.T) {
	h := newHarness(t, &memoryTopic{}, tempLake(t, 0), 1)
	defer h.close()
	events := randomEvents(rand.New(rand.NewPCG(3, 4)), 2000, 1)
	h.land(events[:1000])
	h.drain()
	h.land(events[1000:])
	h.drain()
	got := requireOracle(t, h.topic, h.options, events)
	l, m := got.ledgers["sales_events/0"], h.stage.metrics
	rows, rejects := map[string]int64{}, map[string]int64{}
	for _, tally := range h.tallies {
		require.Equal(t, sales.TopicEvents, tally.Dataset)
		for outcome, n := range tally.Rows {
			rows[outcome] += n
		}
		for code, n := range tally.Rejects {
			rejects[code] += n
		}
	}
	require.Equal(t, map[string]int64{stream.Out: l.Out.Rows, stream.Duplicate: l.Duplicate.Rows, stream.Superseded: l.Superseded.Rows}, rows)
	require.Len(t, rejects, len(l.Rejected))
	for code, n := range l.Rejected {
		require.Equal(t, n.Rows, rejects[string(code)], code)
	}
	require.Equal(t, float64(l.Out.Rows), testutil.ToFloat64(m.orders.WithLabelValues("0")))
	require.Positive(t, testutil.ToFloat64(m.filesWritten))
	require.Positive(t, testutil.ToFloat64(m.rowsRewritten))
	problems, err := testutil.GatherAndLint(h.options.Registry.(*prometheus.Registry))
	require.NoError(t, err)
	require.Empty(t, problems)
}
