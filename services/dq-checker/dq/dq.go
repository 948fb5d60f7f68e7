package dq

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

// Group is the consumer group on lake.gold.
const Group = "dq-checker"

// Options is what the stage needs. Kafka, Bucket, Log, Registry, Instance and
// Partitions are required.
type Options struct {
	Kafka       stream.Config
	Bucket      *blob.Bucket
	Log         *zap.Logger
	Registry    prometheus.Registerer
	Instance    string // stable name of this instance
	Partitions  int    // of every topic
	Replication int    // of topics that must be made, -1 = the broker's default
	Thresholds  Thresholds
	MaxAge      time.Duration     // how long a manifest may wait for others to be audited with it
	Transaction time.Duration     // timeout, 0 = stream's default
	Session     time.Duration     // timeout, 0 = stream's default
	OnReady     func()            // called once the stage is about to consume
	Fault       func(step string) // test hook of stream
}

// Run audits until the context ends. It returns nil then, or an error that a
// restart must cure.
func Run(ctx context.Context, o Options) error {
	if err := stream.EnsureTopics(ctx, o.Kafka, o.Replication,
		stream.TopicSpec{Name: sales.TopicBronze, Partitions: o.Partitions, Compacted: true},
		stream.TopicSpec{Name: sales.TopicSilver, Partitions: o.Partitions, Compacted: true},
		stream.TopicSpec{Name: sales.TopicGold, Partitions: o.Partitions, Compacted: true},
		stream.TopicSpec{Name: sales.TopicVerdicts, Partitions: o.Partitions, Compacted: true},
	); err != nil {
		return fmt.Errorf("ensure topics: %w", err)
	}
	s := &stage{Options: o, keeper: NewKeeper(), metrics: newMetrics(o.Registry)}
	group, ctx := errgroup.WithContext(ctx)
	followCtx, stopFollowing := context.WithCancel(ctx)
	group.Go(func() error {
		if err := stream.Follow(followCtx, o.Kafka, []string{sales.TopicBronze, sales.TopicSilver}, s.keeper.Add, func() {}); err != nil && followCtx.Err() == nil {
			return fmt.Errorf("follow the ledger: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		defer stopFollowing() // last: the final flush still needs the ledger
		return stream.Run(ctx, o.Kafka, stream.RunConfig{
			Group: Group, TransactionalID: Group + "-" + o.Instance, Topics: []string{sales.TopicGold},
			TransactionTimeout: o.Transaction, SessionTimeout: o.Session,
			Fault: o.Fault, Metrics: stream.NewMetrics(o.Registry, "dq"),
		}, s)
	})
	if o.OnReady != nil {
		o.OnReady()
	}
	return group.Wait()
}

type stage struct {
	Options
	keeper  *Keeper
	metrics *metrics
}

// Open starts without state: a manifest is complete, and those before next
// have their verdict.
func (s *stage) Open(_ context.Context, p stream.Partition, next int64) (stream.Task, error) {
	return &task{stage: s, partition: p.ID, next: next, pending: map[string]*lake.Manifest{}}, nil
}

// task gives the verdicts of one partition of lake.gold.
type task struct {
	*stage
	partition int32
	next      int64
	pending   map[string]*lake.Manifest // newest version by slice
	since     time.Time                 // when the oldest pending arrived
	given     []*lake.Verdict           // by the last flush
}

func (t *task) Add(_ context.Context, records []stream.Record) error {
	for _, r := range records {
		t.next = r.Offset + 1
		if len(r.Value) == 0 {
			continue
		}
		m, err := lake.DecodeManifest(r.Value)
		if err != nil {
			return fmt.Errorf("offset %d: %w", r.Offset, err)
		}
		if len(t.pending) == 0 {
			t.since = time.Now()
		}
		t.pending[m.Key()] = m
	}
	return nil
}

func (t *task) Due(now time.Time, caughtUp bool) time.Time {
	switch {
	case len(t.pending) == 0:
		return time.Time{}
	case caughtUp:
		return now
	}
	return t.since.Add(t.MaxAge)
}

func (t *task) Committed() {
	for _, v := range t.given {
		t.metrics.verdict(v)
	}
	t.given = nil
}

func (t *task) Close() {}
