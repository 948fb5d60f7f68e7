package silver

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/control"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/services/silver-etl/clean"
)

// Group is the consumer group of sales on lake.bronze; the other datasets' begin
// with it, see [Groups].
const Group = "silver-etl"

const (
	stageName = "silver"            // in ledgers and in the lake
	remedy    = "silver-etl resync" // writes lake.silver back
)

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
	Rules       string // file of the declared rules, empty for those compiled in; of severity quarantine they refuse rows
	Encoding    lake.Encoding
	Transaction time.Duration // timeout, 0 = stream's default
	Session     time.Duration // timeout, 0 = stream's default
	OnReady     func()        // called once the stage is about to consume
	Fault       func(step string)
}

// Run keeps silver up to date until the context ends. It returns nil then, or
// an error that a restart must cure.
func Run(ctx context.Context, o Options) error {
	if err := ensureTopics(ctx, o); err != nil {
		return err
	}
	cluster, err := stream.ClusterID(ctx, o.Kafka)
	if err != nil {
		return fmt.Errorf("name the cluster: %w", err)
	}
	inputID, err := stream.TopicID(ctx, o.Kafka, sales.TopicBronze)
	if err != nil {
		return err
	}
	stages, turn := make([]*stage, len(datasets)), newTurn()
	for i, d := range datasets {
		if stages[i], err = newStage(o, d, cluster, stream.NewReader(o.Kafka), turn); err != nil {
			return err
		}
		stages[i].inputID = inputID
	}
	if o.OnReady != nil {
		o.OnReady()
	}
	m := newStreamMetrics(o.Registry)
	group, ctx := errgroup.WithContext(ctx)
	for _, s := range stages {
		group.Go(func() error { return s.run(ctx, m) })
	}
	return group.Wait()
}

// run keeps the dataset's table up to date until the context ends.
func (s *stage) run(ctx context.Context, m *stream.Metrics) error {
	group, ctx := errgroup.WithContext(ctx)
	followCtx, stopFollowing := context.WithCancel(ctx)
	if s.commands {
		group.Go(func() error { return s.board.Follow(followCtx, s.Kafka) })
	}
	group.Go(func() error {
		defer stopFollowing()
		return stream.Run(ctx, s.Kafka, stream.RunConfig{
			Group: s.group, TransactionalID: s.group + "-" + s.Instance, Topics: []string{sales.TopicBronze},
			TransactionTimeout: s.Transaction, SessionTimeout: s.Session,
			Fault: s.Fault, Metrics: m, Heartbeats: s.heartbeats,
		}, s)
	})
	return group.Wait()
}

func ensureTopics(ctx context.Context, o Options) error {
	if err := stream.EnsureTopics(ctx, o.Kafka, o.Replication,
		stream.TopicSpec{Name: sales.TopicBronze, Partitions: o.Partitions, Compacted: true},
		stream.TopicSpec{Name: sales.TopicSilver, Partitions: o.Partitions, Compacted: true},
		control.Topic,
	); err != nil {
		return fmt.Errorf("ensure topics: %w", err)
	}
	return nil
}

// NewStage gives the stage of sales that Run runs, for a caller that hands it the
// records and publishes its commits. read reads lake.bronze and lake.silver;
// o.Kafka is not used, nor is what Run needs of a group.
func NewStage(o Options, cluster string, read stream.Reader) (stream.Stage, error) {
	return newStage(o, salesEvents, cluster, read, newTurn())
}

// stage is what the tasks of an instance share that are of one dataset.
type stage struct {
	Options
	*dataset
	cluster   string
	inputID   string // of lake.bronze
	readTopic stream.Reader
	board     *control.Board
	clean     func(bronze *column.Batch) clean.Result
	metrics   *metrics
	writers   chan *writer // as many as there are processors; taken while a file is made
	stepDays  int          // most days of a command that a commit takes
	turn      *semaphore.Weighted
}

// stepDays is small enough for what is said of the days to fit in a message.
const stepDays = 500

// newStage makes the stage of a dataset, which takes turns with those of others.
func newStage(o Options, d *dataset, cluster string, read stream.Reader, turn *semaphore.Weighted) (*stage, error) {
	cleaner, err := d.cleaner(o)
	if err != nil {
		return nil, err
	}
	s := &stage{Options: o, dataset: d, cluster: cluster, readTopic: read, metrics: newMetrics(o.Registry, d.name),
		clean: cleaner.Clean, board: control.NewBoard(lake.Reprocess),
		writers: make(chan *writer, runtime.GOMAXPROCS(0)), stepDays: stepDays, turn: turn}
	for range cap(s.writers) {
		w, err := newWriter(d, o.Encoding)
		if err != nil {
			return nil, err
		}
		s.writers <- w
	}
	return s, nil
}

// turns are what is shared out among the tasks of an instance: a commit of no more than half of what one may hold takes one, so that
// it is merged while the files of another are on their way, and whatever is greater takes both. That bounds the memory.
const turns = 2

func newTurn() *semaphore.Weighted { return semaphore.NewWeighted(turns) }

// alone waits until no other task of the instance commits or rebuilds, and runs f.
func (s *stage) alone(ctx context.Context, f func() error) error { return s.inTurn(ctx, turns, f) }

// inTurn waits for as many of the instance's turns and runs f in them.
func (s *stage) inTurn(ctx context.Context, n int64, f func() error) error {
	if err := s.turn.Acquire(ctx, n); err != nil {
		return err
	}
	defer s.turn.Release(n)
	return f()
}
