// Command gold-aggregator keeps the daily aggregates of sales.
package main

import (
	"context"

	"github.com/saleslake/saleslake/pkg/daemon"
	"github.com/saleslake/saleslake/pkg/fault"
	"github.com/saleslake/saleslake/pkg/job"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/wire"
	"github.com/saleslake/saleslake/services/gold-aggregator/gold"
)

func main() {
	daemon.Main("gold-aggregator", "Aggregates each day of sales that changed, and lists the facts to load.", &cli{
		Rebuild:  job.For(lake.Rebuild, work),
		Withdraw: job.ForWithdrawal(work),
		Resync:   job.ForTopic(sales.TopicGold, options, gold.Resync),
	})
}

type run struct{}

// Run opens what the stage needs, in the order a manifest meets it.
func (run) Run(ctx context.Context, d *daemon.Daemon) error {
	o, err := options(ctx, d)
	if err != nil {
		return err
	}
	o.OnReady, o.Fault = func() { d.Ready(true) }, fault.Hook()
	return gold.Run(ctx, o)
}

func options(ctx context.Context, d *daemon.Daemon) (gold.Options, error) {
	kafka, bucket, err := wire.Open(ctx, d)
	s := d.Settings
	return gold.Options{
		Kafka: kafka, Bucket: bucket, Log: d.Log, Registry: d.Registry, Instance: s.Kafka.Instance,
		Partitions: s.Lake.Partitions, Replication: s.Kafka.Replication,
		Transaction: s.Kafka.TransactionTimeout, Session: s.Kafka.SessionTimeout,
		MaxAge: s.Gold.MaxAge, Linger: s.Gold.Linger, CorrectionsEvery: s.Gold.CorrectionsEvery, Settle: s.Gold.Settle, CacheBytes: s.Gold.CacheBytes, Grace: s.Silver.Grace, Encoding: lake.Encoding{Compression: s.Lake.Compression},
	}, err
}

// work is what the stage does with a command.
func work(ctx context.Context, d *daemon.Daemon) (job.Work, error) {
	o, err := options(ctx, d)
	return job.Work{Kafka: o.Kafka, Replication: o.Replication, Partitions: o.Partitions, Group: gold.Group, Topic: sales.TopicGold,
		Plan: func(ctx context.Context, c *lake.Command) ([]*lake.Done, error) { return gold.Plan(ctx, o, c) }}, err
}
