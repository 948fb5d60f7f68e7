package dq

import (
	"context"
	"fmt"
	"sync"
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

// Group is the consumer group on the topics that the stage takes records of.
const Group = "dq-checker"

// Topics are those that the group consumes.
func Topics() []string { return []string{sales.TopicGold, sales.TopicSilver, sales.TopicLoads} }

// followed are the topics that every instance reads all of.
var followed = []string{sales.TopicBronze, sales.TopicSilver, sales.TopicVerdicts, sales.TopicControl}

// Options is what the stage needs. Kafka, Bucket, Log, Registry, Instance and
// Partitions are required.
type Options struct {
	Kafka         stream.Config
	Bucket        *blob.Bucket
	Log           *zap.Logger
	Registry      prometheus.Registerer
	Instance      string            // stable name of this instance
	Encoding      lake.Encoding     // of the files of dq/
	Partitions    int               // of every topic
	Replication   int               // of topics that must be made, -1 = the broker's default
	Rules         string            // file of the declared rules, empty for those compiled in
	CustomTimeout time.Duration     // of the statement of a custom rule
	CustomMemory  int               // bytes that it may take
	ReadBytes     int               // of objects that are read at the same time
	CacheBytes    int               // of what is kept of files that have been read
	Products      string            // products.csv that foreign keys refer to, empty for none
	Samples       int               // most rows that are sampled for a rule and slice version
	MaxAge        time.Duration     // how long a manifest may wait for others to be audited with it
	Transaction   time.Duration     // timeout, 0 = stream's default
	Session       time.Duration     // timeout, 0 = stream's default
	OnReady       func()            // called once the ledger has been read
	Fault         func(step string) // test hook of stream
}

// Run audits until the context ends. It returns nil then, or an error that a
// restart must cure.
func Run(ctx context.Context, o Options) error {
	set, err := LoadRules(o.Rules)
	if err != nil {
		return err
	}
	if err := stream.EnsureTopics(ctx, o.Kafka, o.Replication,
		stream.TopicSpec{Name: sales.TopicBronze, Partitions: o.Partitions, Compacted: true},
		stream.TopicSpec{Name: sales.TopicSilver, Partitions: o.Partitions, Compacted: true},
		stream.TopicSpec{Name: sales.TopicGold, Partitions: o.Partitions, Compacted: true},
		stream.TopicSpec{Name: sales.TopicVerdicts, Partitions: o.Partitions, Compacted: true},
		stream.TopicSpec{Name: sales.TopicLoads, Partitions: o.Partitions, Compacted: true},
		control.Topic,
	); err != nil {
		return fmt.Errorf("ensure topics: %w", err)
	}
	auditor := NewAuditor(set, AuditorOptions{Objects: o.Bucket, Products: o.Products, Samples: o.Samples,
		CustomTimeout: o.CustomTimeout, CustomMemory: o.CustomMemory, ReadBytes: o.ReadBytes, CacheBytes: o.CacheBytes})
	keeper := NewKeeper()
	s := &stage{Options: o, keeper: keeper, verdicts: NewVerdicts(), accepted: control.NewBoard(lake.Accept), auditor: auditor,
		caughtUp: make(chan struct{}), metrics: newMetrics(o.Registry, set), standing: newStanding(keeper)}
	o.Registry.MustRegister(s.standing)
	group, ctx := errgroup.WithContext(ctx)
	followCtx, stopFollowing := context.WithCancel(context.WithoutCancel(ctx))
	group.Go(func() error {
		var ready sync.Once
		caughtUp := func() {
			s.keeper.CaughtUp()
			ready.Do(func() {
				close(s.caughtUp)
				if o.OnReady != nil {
					o.OnReady()
				}
			})
		}
		if err := stream.Follow(followCtx, o.Kafka, followed, s.follow, caughtUp); err != nil && followCtx.Err() == nil {
			return fmt.Errorf("follow the ledger: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		defer stopFollowing() // last: the final flush still needs the ledger
		return stream.Run(ctx, o.Kafka, stream.RunConfig{
			Group: Group, TransactionalID: Group + "-" + o.Instance, Topics: Topics(),
			TransactionTimeout: o.Transaction, SessionTimeout: o.Session,
			Fault: o.Fault, Metrics: s.metrics.stream, Heartbeats: map[string]string{sales.TopicGold: sales.TopicVerdicts},
		}, s)
	})
	return group.Wait()
}

type stage struct {
	Options
	keeper   *Keeper
	auditor  *Auditor
	verdicts *Verdicts
	accepted *control.Board
	caughtUp chan struct{} // closed when the topics have been read to their end once
	metrics  *metrics
	standing *standing
	merging  sync.Mutex // held by the task that merges files of dq/
}

// follow takes a record of a followed topic.
func (s *stage) follow(r stream.Record) error {
	switch r.Topic {
	case sales.TopicVerdicts:
		return s.verdicts.Add(r)
	case sales.TopicControl:
		if err := s.accepted.Add(r); err != nil {
			return fmt.Errorf("%s/%d offset %d: %w", r.Topic, r.Partition, r.Offset, err)
		}
		return nil
	}
	if err := s.auditor.Follow(r); err != nil {
		return err
	}
	return s.keeper.Add(r)
}
