package loader

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/services/redshift-loader/warehouse"
)

// Group is the consumer group on lake.verdicts.
const Group = "redshift-loader"

// Warehouse is what verdicts are loaded into: a warehouse.Warehouse. Errors that wrap
// warehouse.ErrUnavailable pass by themselves; loading the same verdicts again is harmless.
type Warehouse interface {
	Migrate(ctx context.Context) (applied []string, err error)
	LoadProducts(ctx context.Context, path string) (rows int, err error)
	Load(ctx context.Context, verdicts []*lake.Verdict) (warehouse.Result, error)
	Ledger(ctx context.Context) ([]warehouse.Slice, error)
	Loaded(ctx context.Context, verdicts []*lake.Verdict) (map[string]warehouse.Slice, error)
	Totals(ctx context.Context) (map[string]lake.Count, error)
}

// Options is what the stage needs. Kafka, Warehouse, Log, Instance and Partitions are
// required.
type Options struct {
	Kafka       stream.Config
	Warehouse   Warehouse
	Log         *zap.Logger
	Registry    prometheus.Registerer
	Instance    string        // stable name of this instance
	Partitions  int           // of every topic
	Replication int           // of topics that must be made, -1 = the broker's default
	LoadEvery   time.Duration // loads begin at its multiples on the clock, and after a rest of that at most, 0 = at once
	Products    string        // path of products.csv, empty for none
	Transaction time.Duration // Kafka's timeout, 0 = stream's default
	Session     time.Duration // Kafka's timeout, 0 = stream's default
	OnReady     func()        // called once the stage is about to consume
	Waiting     func(reason string)
	Fault       func(step string) // test hook of stream
}

// Run prepares the warehouse, waiting for it if it must, and loads until the context
// ends. It returns nil then, or an error that a restart must cure.
func Run(ctx context.Context, o Options) error {
	if o.Waiting == nil {
		o.Waiting = func(string) {}
	}
	err := stream.EnsureTopics(ctx, o.Kafka, o.Replication,
		stream.TopicSpec{Name: sales.TopicVerdicts, Partitions: o.Partitions, Compacted: true},
		stream.TopicSpec{Name: sales.TopicLoads, Partitions: o.Partitions, Compacted: true})
	if err != nil {
		return fmt.Errorf("ensure topics: %w", err)
	}
	if err := o.untilAvailable(ctx, o.prepare); err != nil {
		return fmt.Errorf("prepare the warehouse: %w", err)
	}
	if o.OnReady != nil {
		o.OnReady()
	}
	s := &stage{Options: o, metrics: newMetrics(o.Registry), rest: rest{most: o.LoadEvery}}
	s.Warehouse = newJoint(o.Warehouse, &s.rest)
	s.metrics.every.Set(o.LoadEvery.Seconds())
	return stream.Run(ctx, o.Kafka, stream.RunConfig{
		Group: Group, TransactionalID: Group + "-" + o.Instance, Topics: []string{sales.TopicVerdicts},
		TransactionTimeout: o.Transaction, SessionTimeout: o.Session,
		Fault: o.Fault, Metrics: s.metrics.stream, Heartbeats: map[string]string{sales.TopicVerdicts: ""},
	}, s)
}

// prepare brings the schema up to date and the products in.
func (o *Options) prepare(ctx context.Context) error {
	applied, err := o.Warehouse.Migrate(ctx)
	if err != nil {
		return err
	}
	for _, name := range applied {
		o.Log.Info("migrated", zap.String("migration", name))
	}
	if o.Products == "" {
		return nil
	}
	rows, err := o.Warehouse.LoadProducts(ctx, o.Products)
	if err != nil {
		return err
	}
	o.Log.Info("loaded products", zap.String("file", o.Products), zap.Int("rows", rows))
	return nil
}

// The pauses between two tries.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = 5 * time.Second
)

// untilAvailable calls f again while the warehouse is not available.
func (o *Options) untilAvailable(ctx context.Context, f func(context.Context) error) error {
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval, pauses.MaxInterval = firstPause, lastPause
	for {
		err := f(ctx)
		if !errors.Is(err, warehouse.ErrUnavailable) {
			o.Waiting("")
			return err
		}
		o.Waiting(err.Error())
		o.Log.Warn("waiting for the warehouse", zap.Error(err))
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w (last answer: %w)", ctx.Err(), err)
		case <-time.After(pauses.NextBackOff()):
		}
	}
}

type stage struct {
	Options
	metrics *metrics
	rest    rest
}

// Open takes up what is not loaded of the verdicts that were consumed: slices that waited
// for a file, or that the warehouse has lost since, with its ledger.
func (s *stage) Open(ctx context.Context, p stream.Partition, next int64) (stream.Task, error) {
	t := &task{stage: s, id: p.ID, partition: fmt.Sprint(p.ID), next: next, pending: map[string]*lake.Verdict{}, gone: map[string]*wait{},
		log: s.Log.With(zap.Stringer("partition", p))}
	if next == 0 {
		return t, nil
	}
	ledger, err := s.Warehouse.Ledger(ctx)
	if err != nil {
		return nil, t.failed(err)
	}
	loaded := make(map[string]int64, len(ledger))
	for i := range ledger {
		loaded[ledger[i].Key()] = ledger[i].Version
	}
	err = stream.ReadToEnd(ctx, s.Kafka, p.Topic, []int32{p.ID}, func(r stream.Record) error {
		if r.Offset >= next || len(r.Value) == 0 {
			return nil
		}
		v, err := lake.DecodeVerdict(r.Value)
		if err != nil {
			return fmt.Errorf("offset %d: %w", r.Offset, err)
		}
		if version, ok := loaded[v.Key()]; v.Passed() && (!ok || version < v.Manifest.Version) {
			t.keep(v)
		}
		return nil
	})
	if len(t.pending) > 0 {
		t.added, t.since = true, time.Now()
		t.log.Info("slices that were not loaded are taken up", zap.Int("slices", len(t.pending)))
	}
	return t, err
}
