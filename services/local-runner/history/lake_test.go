package history

import (
	"context"
	"fmt"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/services/gold-aggregator/gold"
	"github.com/saleslake/saleslake/services/silver-etl/silver"
)

// lakeOf is a history's lake while it is played.
type lakeOf struct {
	history
	t            require.TestingT
	bucket       *blob.Bucket
	topics       topics
	silver, gold *service
	waiting      [][]event        // rows to land, by source and partition
	ends         map[string]int64 // next offset, by source and partition
}

func newLake(t require.TestingT, h history, folder string) *lakeOf {
	bucket, err := blob.Open(context.Background(), blob.Options{URL: "file://" + folder, Create: true})
	require.NoError(t, err)
	l := &lakeOf{history: h, t: t, bucket: bucket, topics: topics{}, ends: map[string]int64{}}
	for _, name := range []string{sales.TopicBronze, sales.TopicSilver, sales.TopicGold} {
		l.topics[name] = make(topic, h.partitions)
	}
	silverStage, err := silver.NewStage(silver.Options{
		Bucket: bucket, Log: zap.NewNop(), Registry: prometheus.NewRegistry(), Instance: "one", Partitions: h.partitions,
		MaxRows: h.maxRows, Grace: h.grace, TargetBytes: h.target, Horizon: h.horizon, IndexBytes: 1 << 20,
		Categories: []string{"Books", "Home & Garden"}, Regions: []string{"Europe", "Asia Pacific"},
	}, "cluster", l.topics.read)
	require.NoError(t, err)
	goldStage, err := gold.NewStage(gold.Options{
		Bucket: bucket, Log: zap.NewNop(), Registry: prometheus.NewRegistry(), Instance: "one", Partitions: h.partitions,
		Grace: h.grace, Settle: h.settle, CacheBytes: h.cache,
	}, "cluster", l.topics.read)
	require.NoError(t, err)
	l.silver = newService(t, silverStage, l.topics, sales.TopicBronze, sales.TopicSilver)
	l.gold = newService(t, goldStage, l.topics, sales.TopicSilver, sales.TopicGold)
	l.queue()
	return l
}

// queue sorts the events by source and partition.
func (l *lakeOf) queue() {
	place := map[string]int{}
	for _, e := range l.events {
		key := fmt.Sprint(e.source, e.partition)
		if _, known := place[key]; !known {
			place[key] = len(l.waiting)
			l.waiting = append(l.waiting, nil)
		}
		l.waiting[place[key]] = append(l.waiting[place[key]], e)
	}
}

// play takes the history's steps, and then what is left.
func (l *lakeOf) play() []entry {
	for _, st := range l.steps {
		switch {
		case st.action == land:
			l.land(st.which, st.rows)
		case st.gold:
			l.gold.do(st)
		default:
			l.silver.do(st)
		}
	}
	for len(l.waiting) > 0 {
		l.land(0, len(l.waiting[0]))
	}
	l.silver.drain()
	l.gold.drain()
	defer l.silver.stop()
	defer l.gold.stop()
	found := l.found()
	l.checkRestatements()
	if l.again {
		l.gold.forget()
		l.forgetCopies()
		l.gold.drain()
		require.ElementsMatch(l.t, found, l.found(), "gold that was kept, and gold made from silver's files")
	}
	return found
}

// forgetCopies deletes what the lake has of gold's topic: with it, a gold that starts
// from nothing would stop, as its topic must have been lost.
func (l *lakeOf) forgetCopies() {
	for object, err := range l.bucket.List(context.Background(), "_manifests/") {
		require.NoError(l.t, err)
		if strings.Contains(object.Key, "/gold") {
			require.NoError(l.t, l.bucket.Delete(context.Background(), object.Key))
		}
	}
}

// land makes a bronze file of the next rows of a source's partition.
func (l *lakeOf) land(which, rows int) {
	if len(l.waiting) == 0 {
		return
	}
	which %= len(l.waiting)
	events := l.waiting[which][:min(rows, len(l.waiting[which]))]
	if l.waiting[which] = l.waiting[which][len(events):]; len(l.waiting[which]) == 0 {
		l.waiting = append(l.waiting[:which], l.waiting[which+1:]...)
	}
	e, source := events[0], sources[events[0].source]
	key := fmt.Sprint(e.source, e.partition)
	first := l.ends[key]
	l.ends[key] = events[len(events)-1].offset + 1
	slice := lake.BronzeSlice(sales.DayOf(e.ingest), e.partition, lake.Hash([]byte(source))[:8], first)
	file := l.write(lake.BronzeKey(sales.TableBronze, slice), events)
	m := &lake.Manifest{Format: lake.Format, Table: sales.TableBronze, Slice: slice, Partition: e.partition,
		Files: []lake.File{file}, Count: file.Count, Source: &lake.Source{Name: source, TopicID: "id of " + source,
			Partition: e.partition, First: first, Next: l.ends[key], Records: int64(len(events))}}
	l.topics[sales.TopicBronze].publish([]stream.Record{{Topic: sales.TopicBronze, Partition: e.partition, Key: []byte(m.Key()), Value: m.Encode()}})
}

func (l *lakeOf) write(key string, events []event) lake.File {
	encoder, err := lake.NewEncoder(sales.Bronze, lake.Encoding{})
	require.NoError(l.t, err)
	b, count := column.NewBatch(sales.Bronze, len(events)), lake.Count{}
	for _, e := range events {
		e.appendTo(b)
		count = count.Add(lake.Count{Rows: 1, Cents: e.revenue})
	}
	data, err := encoder.Encode(nil, b)
	require.NoError(l.t, err)
	require.NoError(l.t, l.bucket.PutNew(context.Background(), key, data))
	return lake.NewFile(key, data, count)
}

// appendTo adds the event to a batch; columns that it does not have are left
// empty.
func (e *event) appendTo(b *column.Batch) {
	texts := map[string]string{"event_id": e.eventID, "order_id": e.orderID, "customer_id": e.customer, "product_id": e.product,
		"category": e.category, "region": e.region, "status": e.status, "payment_method": e.payment, "currency": e.currency,
		"_source": sources[e.source]}
	numbers := map[string]int64{"event_ts": e.eventTS, "order_ts": e.orderTS, "unit_price": e.price, "revenue": e.revenue,
		"quantity": int64(e.quantity), "schema_version": 1, "_partition": int64(e.partition), "_offset": e.offset, "_ingest_ts": e.ingest}
	for i, f := range b.Schema.Fields {
		switch f.Type {
		case column.String, column.Symbol:
			b.Columns[i].AppendString(texts[f.Name])
		default:
			b.Columns[i].AppendDefaults(numbers[f.Name], 1)
		}
	}
}
