package bronze

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/services/bronze-writer/decode"
)

// Group is the stage's consumer group.
const Group = "bronze-writer"

// Options is what the stage works with.
type Options struct {
	Kafka       stream.Config
	Bucket      Bucket
	Log         *zap.Logger
	Registry    prometheus.Registerer
	Instance    string // stable name of this instance
	Partitions  int    // of every topic
	Replication int    // of topics that must be made, -1 = the broker's default
	Bronze      Limits
	Compression string // of Parquet pages: snappy or zstd

	TransactionTimeout time.Duration     // 0 = stream's default
	SessionTimeout     time.Duration     // 0 = stream's default
	OnReady            func()            // called once the stage is about to consume
	Fault              func(step string) // test hook of stream
}

// Limits says when a file is closed, and what is refused.
type Limits struct {
	MaxRows       int           // records of a file
	MaxAge        time.Duration // files are closed at its multiples on the clock: no record waits longer
	MaxEventBytes int           // of one event; more is too_large
	QueueBytes    int           // fetched and not handled yet, of the whole instance
	Heartbeat     time.Duration // between two heartbeats, 0 = none
}

// Run lands the events of all datasets until the context ends. It returns nil
// then, or an error that a restart must cure.
func Run(ctx context.Context, o Options) error {
	s, err := newStage(ctx, o)
	if err != nil {
		return err
	}
	if o.OnReady != nil {
		o.OnReady()
	}
	return stream.Run(ctx, o.Kafka, stream.RunConfig{
		Group: Group, TransactionalID: Group + "-" + o.Instance, Topics: Topics(),
		QueueBytes: o.Bronze.QueueBytes, TransactionTimeout: o.TransactionTimeout, SessionTimeout: o.SessionTimeout,
		Fault: o.Fault, Metrics: s.metrics.stream,
		Heartbeats: map[string]string{sales.TopicEvents: sales.TopicBronze}, HeartbeatEvery: o.Bronze.Heartbeat,
	}, s)
}

// stage makes the tasks.
type stage struct {
	Options
	metrics *metrics
	cluster string             // id of the Kafka cluster
	sources map[string]*source // by topic
	tasks   atomic.Int64
}

func newStage(ctx context.Context, o Options) (*stage, error) {
	if err := ensureTopics(ctx, o); err != nil {
		return nil, err
	}
	s := &stage{Options: o, metrics: newMetrics(o.Registry), sources: map[string]*source{}}
	var err error
	if s.cluster, err = stream.ClusterID(ctx, o.Kafka); err != nil {
		return nil, fmt.Errorf("ask for the cluster's id: %w", err)
	}
	for _, d := range datasets {
		id, err := stream.TopicID(ctx, o.Kafka, d.topic)
		if err != nil {
			return nil, fmt.Errorf("ask for the topic's id: %w", err)
		}
		s.sources[d.topic] = &source{d, id, newStore(o, d, s.metrics)}
	}
	return s, nil
}

func ensureTopics(ctx context.Context, o Options) error {
	specs := []stream.TopicSpec{{Name: sales.TopicBronze, Partitions: o.Partitions, Compacted: true}}
	for _, d := range datasets {
		specs = append(specs, d.topics(o.Partitions)...)
	}
	if err := stream.EnsureTopics(ctx, o.Kafka, o.Replication, specs...); err != nil {
		return fmt.Errorf("ensure topics: %w", err)
	}
	return nil
}

// pendingShare is how many times bronze.queue_bytes the batches of all
// partitions may hold together, in bytes as they came.
const pendingShare = 4

// batchBytes is the size at which a partition's batch is closed: the fewer
// partitions an instance has, the larger.
func (s *stage) batchBytes() int {
	return pendingShare * s.Bronze.QueueBytes / int(max(s.tasks.Load(), 1))
}

// Open implements stream.Stage: it takes up the partition's ledger.
func (s *stage) Open(ctx context.Context, p stream.Partition, next int64) (stream.Task, error) {
	src := s.sources[p.Topic]
	past, err := s.readPast(ctx, p)
	if err != nil {
		return nil, err
	}
	if err := s.agrees(ctx, past, p, next, src.id); err != nil {
		return nil, err
	}
	t := &task{
		stage: s, source: src, origin: decode.Origin{Source: p.Topic, Partition: p.ID}, pending: newBatch(src.dataset), ledger: past.ledger,
		log: s.Log.With(zap.Stringer("partition", p)), ctx: context.WithoutCancel(ctx),
		json: decode.NewJSON(src.Dataset, decode.Options{MaxBytes: s.Bronze.MaxEventBytes, Owns: func(key []byte) bool {
			return stream.PartitionFor(key, s.Partitions) == p.ID
		}}),
	}
	s.tasks.Add(1)
	if past.last != nil {
		t.mirror(past.last)
	}
	return t, nil
}

// records gives what is published with a landed file.
func (s *stage) records(l *landed, ledger *lake.Ledger) []stream.Record {
	m := l.manifest(s.cluster, time.Now().UnixMicro())
	p := l.source.Partition
	return append([]stream.Record{
		{Topic: sales.TopicBronze, Partition: p, Key: []byte(m.Key()), Value: m.Encode()},
		{Topic: sales.TopicBronze, Partition: p, Key: []byte(ledger.Key()), Value: ledger.Encode()},
	}, l.deadLetters()...)
}
