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
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

// Group is the consumer group on lake.gold and lake.silver.
const Group = "dq-checker"

// Topics are those that the group consumes.
func Topics() []string { return []string{sales.TopicGold, sales.TopicSilver} }

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
	OnReady     func()            // called once the ledger has been read
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
	observe(o.Registry, s.keeper)
	group, ctx := errgroup.WithContext(ctx)
	followCtx, stopFollowing := context.WithCancel(context.WithoutCancel(ctx))
	group.Go(func() error {
		var ready sync.Once
		caughtUp := func() {
			s.keeper.CaughtUp()
			if o.OnReady != nil {
				ready.Do(o.OnReady)
			}
		}
		if err := stream.Follow(followCtx, o.Kafka, []string{sales.TopicBronze, sales.TopicSilver}, s.keeper.Add, caughtUp); err != nil && followCtx.Err() == nil {
			return fmt.Errorf("follow the ledger: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		defer stopFollowing() // last: the final flush still needs the ledger
		return stream.Run(ctx, o.Kafka, stream.RunConfig{
			Group: Group, TransactionalID: Group + "-" + o.Instance, Topics: Topics(),
			TransactionTimeout: o.Transaction, SessionTimeout: o.Session,
			Fault: o.Fault, Metrics: stream.NewMetrics(o.Registry, "dq"),
		}, s)
	})
	return group.Wait()
}

type stage struct {
	Options
	keeper  *Keeper
	metrics *metrics
}
