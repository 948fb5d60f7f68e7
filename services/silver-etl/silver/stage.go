package silver

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/control"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/services/silver-etl/clean"
)

// Group is the consumer group on lake.bronze.
const Group = "silver-etl"

// Options is what the stage needs. Kafka, Bucket, Log, Registry, Instance,
// Partitions, TargetBytes and IndexBytes are required.
type Options struct {
	Kafka       stream.Config
	Bucket      *blob.Bucket
	Log         *zap.Logger
	Registry    prometheus.Registerer
	Instance    string        // stable name of this instance
	Partitions  int           // of every topic
	Replication int           // of topics that must be made, -1 = the broker's default
	MaxRows     int           // after which a partition is committed
	MaxAge      time.Duration // of the oldest input, after which it is committed
	Grace       time.Duration // after which a replaced file is deleted
	TargetBytes int64         // of a file, from which it is not merged with others
	Horizon     time.Duration // days of orders in the index, back from the newest, as far as IndexBytes allows
	IndexBytes  int           // bound of index and filter of a partition
	Categories  []string      // the catalogue's spelling
	Regions     []string
	Encoding    lake.Encoding
	Transaction time.Duration // timeout, 0 = stream's default
	Session     time.Duration // timeout, 0 = stream's default
	OnReady     func()        // called once the stage is about to consume
	Fault       func(step string)
}

// Run keeps silver up to date until the context ends. It returns nil then, or
// an error that a restart must cure.
func Run(ctx context.Context, o Options) error {
	if err := stream.EnsureTopics(ctx, o.Kafka, o.Replication,
		stream.TopicSpec{Name: sales.TopicBronze, Partitions: o.Partitions, Compacted: true},
		stream.TopicSpec{Name: sales.TopicSilver, Partitions: o.Partitions, Compacted: true},
		control.Topic,
	); err != nil {
		return fmt.Errorf("ensure topics: %w", err)
	}
	cluster, err := stream.ClusterID(ctx, o.Kafka)
	if err != nil {
		return fmt.Errorf("name the cluster: %w", err)
	}
	s, err := newStage(o, cluster)
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
			Group: Group, TransactionalID: Group + "-" + o.Instance, Topics: []string{sales.TopicBronze},
			TransactionTimeout: o.Transaction, SessionTimeout: o.Session,
			Fault: o.Fault, Metrics: stream.NewMetrics(o.Registry, "silver"),
		}, s)
	})
	return group.Wait()
}

// stage is what the tasks of an instance share.
type stage struct {
	Options
	cluster string
	history func(context.Context, func(stream.Record) error) error        // reads lake.silver to its end
	landed  func(context.Context, int32, func(stream.Record) error) error // reads a partition of lake.bronze to its end
	board   *control.Board
	clean   func(bronze *column.Batch) clean.Result
	metrics *metrics
	writers chan *writer  // as many as there are processors; taken while a file is made
	turn    chan struct{} // holds the task whose flush or rebuild runs: one bounds the memory, and uses all processors
}

func newStage(o Options, cluster string) (*stage, error) {
	s := &stage{Options: o, cluster: cluster, metrics: newMetrics(o.Registry),
		clean: clean.NewCleaner(o.Categories, o.Regions).Clean, board: control.NewBoard(lake.Reprocess),
		writers: make(chan *writer, runtime.GOMAXPROCS(0)), turn: make(chan struct{}, 1)}
	s.history = func(ctx context.Context, restore func(stream.Record) error) error {
		return stream.ReadToEnd(ctx, o.Kafka, sales.TopicSilver, nil, restore)
	}
	s.landed = func(ctx context.Context, partition int32, add func(stream.Record) error) error {
		return stream.ReadToEnd(ctx, o.Kafka, sales.TopicBronze, []int32{partition}, add)
	}
	for range cap(s.writers) {
		w, err := newWriter(o.Encoding)
		if err != nil {
			return nil, err
		}
		s.writers <- w
	}
	return s, nil
}

// alone waits for the instance's turn and runs f in it.
func (s *stage) alone(ctx context.Context, f func() error) error {
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-s.turn }()
	return f()
}
