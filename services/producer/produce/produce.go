package produce

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

// burst is how many records are handed over at once at most, and so bounds
// the memory besides the client's own queue.
const burst = 1_000

// tick is how long nothing is handed over when all that was due is.
const tick = 20 * time.Millisecond

// flushEvery bounds the time for which a lost record goes unnoticed.
const flushEvery = time.Second

// Source makes records, one after the other.
type Source interface {
	// Next fills topic, key and value, whose bytes may be overwritten by the next
	// call; it is false at the end. Wrong tells to send the record to a
	// partition that is not its key's.
	Next() (r Event, ok bool, err error)
}

// Event is one record to send.
type Event struct {
	Topic      string
	Key, Value []byte
	Wrong      bool
}

// Options is what Run needs. Rate 0 is as fast as possible; Duration and
// Events 0 are no limit.
type Options struct {
	Kafka       stream.Config
	Log         *zap.Logger
	Registry    prometheus.Registerer
	Partitions  int
	Replication int
	Rate        int // events per second, of both topics
	Duration    time.Duration
	Events      int64
	OnReady     func()
}

// Run sends the source's events until it ends, a limit is reached, or the
// context ends, and gives the number that arrived. Events that were made have
// then all arrived, or the error says how many did not.
//
// With a rate, event n is due n/Rate seconds after the call. What a slow broker or a
// busy machine held up is caught up with, so that the times of generated events stay
// those of the clock.
func Run(ctx context.Context, o Options, s Source) (sent int64, err error) {
	began := time.Now()
	err = stream.EnsureTopics(ctx, o.Kafka, o.Replication,
		stream.TopicSpec{Name: sales.TopicEvents, Partitions: o.Partitions}, stream.TopicSpec{Name: sales.TopicCustomers, Partitions: o.Partitions})
	if err != nil {
		return 0, fmt.Errorf("ensure topics: %w", err)
	}
	p, err := stream.NewPublisher(o.Kafka)
	if err != nil {
		return 0, err
	}
	defer p.Close()
	if o.OnReady != nil {
		o.OnReady()
	}
	r := &runner{Options: o, source: s, publisher: p, metrics: newMetrics(o.Registry), began: began, flushed: time.Now()}
	if o.Duration > 0 {
		r.until = began.Add(o.Duration)
	}
	err = r.send(ctx)
	flushCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	if flushErr := p.Flush(flushCtx); flushErr != nil {
		return r.sent, errors.Join(err, fmt.Errorf("flush: %w", flushErr))
	}
	return r.sent, err
}

type runner struct {
	Options
	source    Source
	publisher *stream.Publisher
	metrics   *metrics
	sent      int64
	began     time.Time
	until     time.Time
	flushed   time.Time
}

// send paces and publishes. A context that ends is a normal end.
func (r *runner) send(ctx context.Context) error {
	pause := time.NewTicker(tick)
	defer pause.Stop()
	for ctx.Err() == nil && (r.until.IsZero() || time.Now().Before(r.until)) {
		if r.Events > 0 && r.sent >= r.Events {
			return nil
		}
		n := r.due(time.Now())
		if n == 0 {
			select {
			case <-ctx.Done():
			case <-pause.C:
			}
			continue
		}
		if more, err := r.batch(ctx, n); err != nil || !more {
			return err
		}
	}
	return nil
}

// due is how many events to send at once, at most burst.
func (r *runner) due(now time.Time) int {
	n := int64(burst)
	if r.Rate > 0 {
		n = min(n, int64(now.Sub(r.began).Seconds()*float64(r.Rate))-r.sent)
	}
	if r.Events > 0 {
		n = min(n, r.Events-r.sent)
	}
	return int(max(0, n))
}

// batch publishes the next n events; it is false at the source's end.
func (r *runner) batch(ctx context.Context, n int) (more bool, err error) {
	for range n {
		e, ok, err := r.source.Next()
		if err != nil || !ok {
			return false, err
		}
		record := stream.Record{Topic: e.Topic, Partition: -1, Key: e.Key, Value: e.Value}
		if e.Wrong {
			record.Partition = (stream.PartitionFor(e.Key, r.Partitions) + 1) % int32(r.Partitions)
		}
		// Made is sent: the truth already counts it, so the end of the context must not drop it.
		if err := r.publisher.Publish(context.WithoutCancel(ctx), record); err != nil {
			return false, fmt.Errorf("publish event %d: %w", r.sent+1, err)
		}
		r.sent++
		r.metrics.sent(len(e.Value))
	}
	if time.Since(r.flushed) > flushEvery {
		r.flushed = time.Now()
		return true, r.publisher.Flush(context.WithoutCancel(ctx))
	}
	return true, nil
}

type metrics struct{ events, bytes prometheus.Counter }

func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{
		events: prometheus.NewCounter(prometheus.CounterOpts{Name: "sales_producer_events_total", Help: "Events handed to the Kafka client."}),
		bytes:  prometheus.NewCounter(prometheus.CounterOpts{Name: "sales_producer_bytes_total", Help: "Bytes of the values of these events."}),
	}
	if reg != nil {
		reg.MustRegister(m.events, m.bytes)
	}
	return m
}

func (m *metrics) sent(bytes int) {
	m.events.Inc()
	m.bytes.Add(float64(bytes))
}
