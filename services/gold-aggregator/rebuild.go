package main

import (
	"context"
	"os"

	"github.com/saleslake/saleslake/pkg/control"
	"github.com/saleslake/saleslake/pkg/daemon"
	"github.com/saleslake/saleslake/pkg/job"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/services/gold-aggregator/gold"
)

type rebuild struct{ job.Flags }

// Run plans the command, or issues it to the running services.
func (r rebuild) Run(ctx context.Context, d *daemon.Daemon) error {
	command, err := control.NewCommand(lake.Rebuild, r.From, r.To)
	if err != nil {
		return daemon.UsageError{Err: err}
	}
	o, err := options(ctx, d)
	if err != nil {
		return err
	}
	return r.Do(ctx, os.Stdout, job.Work{Kafka: o.Kafka, Replication: o.Replication, Partitions: o.Partitions, Topic: sales.TopicGold,
		Plan: func(ctx context.Context, c *lake.Command) ([]*lake.Done, error) { return gold.Plan(ctx, o, c) }}, command)
}
