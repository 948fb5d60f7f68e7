package gold

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/control"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

// Group is the consumer group on lake.silver.
const Group = "gold-aggregator"

// Options is what the stage needs. Kafka, Bucket, Log, Registry, Instance and
// Partitions are required.
type Options struct {
	Kafka            stream.Config
	Bucket           *blob.Bucket
	Log              *zap.Logger
	Registry         prometheus.Registerer
	Instance         string        // stable name of this instance
	Partitions       int           // of every topic
	Replication      int           // of topics that must be made, -1 = the broker's default
	MaxAge           time.Duration // how long a changed day may wait while more changes arrive
	Linger           time.Duration // how long it waits for changes of other partitions when none are there, 0 = not
	CorrectionsEvery time.Duration // least time between two versions of days that are over
	Grace            time.Duration // how long a replaced file is kept for its readers
	Settle           time.Duration // after the end of a day, when it counts as published
	CacheBytes       int           // bound of the days' states, about fold.RowBytes for each silver row
	Encoding         lake.Encoding
	Transaction      time.Duration     // timeout, 0 = stream's default
	Session          time.Duration     // timeout, 0 = stream's default
	OnReady          func()            // called once the stage is about to consume
	Fault            func(step string) // test hook of stream
}

// Run keeps gold up to date until the context ends. It returns nil then, or an
// error that a restart must cure.
func Run(ctx context.Context, o Options) error {
	if err := ensureTopics(ctx, o); err != nil {
		return err
	}
	cluster, err := stream.ClusterID(ctx, o.Kafka)
	if err != nil {
		return fmt.Errorf("name the cluster: %w", err)
	}
	s, err := newStage(o, cluster, stream.NewReader(o.Kafka))
	if err != nil {
		return err
	}
	if o.OnReady != nil {
		o.OnReady()
	}
	group, ctx := errgroup.WithContext(ctx)
	followCtx, stopFollowing := context.WithCancel(ctx)
	group.Go(func() error { return s.board.Follow(followCtx, o.Kafka) })
	group.Go(func() error {
		defer stopFollowing()
		return stream.Run(ctx, o.Kafka, stream.RunConfig{
			Group: Group, TransactionalID: Group + "-" + o.Instance, Topics: []string{sales.TopicSilver},
			TransactionTimeout: o.Transaction, SessionTimeout: o.Session,
			Fault: o.Fault, Metrics: s.metrics.stream, Heartbeats: map[string]string{sales.TopicSilver: sales.TopicGold},
		}, s)
	})
	return group.Wait()
}

// NewStage gives the stage that Run runs, for a caller that hands it the records
// and publishes its commits. read reads lake.silver and lake.gold; o.Kafka is not
// used, nor is what Run needs of a group.
func NewStage(o Options, cluster string, read stream.Reader) (stream.Stage, error) {
	return newStage(o, cluster, read)
}

func ensureTopics(ctx context.Context, o Options) error {
	if err := stream.EnsureTopics(ctx, o.Kafka, o.Replication,
		stream.TopicSpec{Name: sales.TopicSilver, Partitions: o.Partitions, Compacted: true},
		stream.TopicSpec{Name: sales.TopicGold, Partitions: o.Partitions, Compacted: true},
		control.Topic,
	); err != nil {
		return fmt.Errorf("ensure topics: %w", err)
	}
	return nil
}

// stage is what the tasks of an instance share.
type stage struct {
	Options
	cluster   string
	readTopic stream.Reader
	board     *control.Board
	metrics   *metrics
	states    *cache
	workers   chan *worker // taken while a day is made: bounds memory and processors
}

func newStage(o Options, cluster string, read stream.Reader) (*stage, error) {
	m := newMetrics(o.Registry)
	s := &stage{Options: o, cluster: cluster, readTopic: read, board: control.NewBoard(lake.Rebuild), metrics: m,
		states: newCache(o.CacheBytes, m.cacheBytes), workers: make(chan *worker, max(2, runtime.GOMAXPROCS(0)))}
	for range cap(s.workers) {
		w, err := newWorker(s)
		if err != nil {
			return nil, err
		}
		s.workers <- w
	}
	return s, nil
}

// Open takes up the days of the partition.
func (s *stage) Open(ctx context.Context, p stream.Partition, next int64) (stream.Task, error) {
	t := s.newTask(p.ID, next)
	if err := t.read(ctx); err != nil {
		return nil, err
	}
	if err := t.findChanges(); err != nil {
		return nil, err
	}
	if err := t.warm(ctx); err != nil {
		return nil, err
	}
	t.sit()
	t.keeper.Mirror(ctx, t.lastCommit())
	t.sweep(ctx)
	s.Log.Info("partition opened", zap.Stringer("partition", p), zap.Int64("next", next),
		zap.Int("days", len(t.days)), zap.Int("changed", len(t.changed)))
	return t, nil
}

// read takes what the topics say of the partition, to the ends of both: a manifest
// is complete, so one that lies ahead of next may be used at once. The order
// matters: what the lake has a copy of is in lake.gold, what this group published
// is there before its offset is committed, and what that was made from is in
// lake.silver.
func (t *task) read(ctx context.Context) error {
	copied, err := t.copied(ctx, t.partition)
	if err != nil {
		return err
	}
	if err := t.readTopic(ctx, sales.TopicGold, []int32{t.partition}, t.addGold); err != nil {
		return fmt.Errorf("read gold manifests: %w", err)
	}
	if err := lake.CheckWhole(sales.TopicGold, t.ages(), copied, remedy); err != nil {
		return err
	}
	if err := t.readTopic(ctx, sales.TopicSilver, []int32{t.partition}, t.addSilver); err != nil {
		return fmt.Errorf("read silver manifests: %w", err)
	}
	return nil
}
