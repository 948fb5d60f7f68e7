// Command silver-etl cleans bronze rows and keeps one current row per order, and
// every version of a customer.
package main

import (
	"context"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/daemon"
	"github.com/saleslake/saleslake/pkg/fault"
	"github.com/saleslake/saleslake/pkg/job"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/registry"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/wire"
	"github.com/saleslake/saleslake/services/silver-etl/silver"
)

func main() {
	daemon.Main("silver-etl", "Cleans, validates and deduplicates bronze rows: one current row per order, and every version of a customer.", &cli{
		Reprocess: job.For(lake.Reprocess, work),
		Withdraw:  job.ForWithdrawal(work),
		Resync:    job.ForTopic(sales.TopicSilver, options, silver.Resync),
	})
}

type run struct{}

// Run opens what the stage needs, in the order a record meets it.
func (run) Run(ctx context.Context, d *daemon.Daemon) error {
	o, err := options(ctx, d)
	if err != nil {
		return err
	}
	if err := registry.Register(ctx, o.Bucket, schemas...); err != nil {
		return err
	}
	o.OnReady, o.Fault = func() { d.Ready(true) }, fault.Hook()
	return silver.Run(ctx, o)
}

// schemas are those of the rows that the service reads and writes.
var schemas = []*column.Schema{sales.Bronze, sales.Silver, sales.Changes, sales.BronzeCustomers, sales.SilverCustomers, sales.CustomerChanges}

// options opens what every command works with, once the lake agrees with the
// schemas.
func options(ctx context.Context, d *daemon.Daemon) (silver.Options, error) {
	s := d.Settings
	if err := sales.Extend(s.Schema.Columns); err != nil {
		return silver.Options{}, daemon.UsageError{Err: err}
	}
	kafka, bucket, err := wire.Open(ctx, d)
	if err == nil {
		err = registry.Check(ctx, bucket, schemas...)
	}
	return silver.Options{
		Kafka: kafka, Bucket: bucket, Log: d.Log, Registry: d.Registry, Instance: s.Kafka.Instance,
		Partitions: s.Lake.Partitions, Replication: s.Kafka.Replication,
		Transaction: s.Kafka.TransactionTimeout, Session: s.Kafka.SessionTimeout,
		MaxRows: s.Silver.MaxRows, MaxAge: s.Silver.MaxAge, Grace: s.Silver.Grace,
		TargetBytes: int64(s.Silver.TargetBytes), Horizon: s.Silver.DedupHorizon, IndexBytes: s.Silver.IndexBytes,
		Categories: s.Catalogue.Categories, Regions: s.Catalogue.Regions, Rules: s.DQ.Rules, Encoding: lake.Encoding{Compression: s.Lake.Compression},
	}, err
}

// work is what the stage does with a command.
func work(ctx context.Context, d *daemon.Daemon) (job.Work, error) {
	o, err := options(ctx, d)
	return job.Work{Kafka: o.Kafka, Replication: o.Replication, Partitions: o.Partitions, Group: silver.Group, Topic: sales.TopicSilver,
		Plan: func(ctx context.Context, c *lake.Command) ([]*lake.Done, error) {
			return silver.Plan(ctx, o, c)
		}}, err
}
