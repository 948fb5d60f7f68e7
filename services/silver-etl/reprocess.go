package main

import (
	"context"
	"os"

	"github.com/saleslake/saleslake/pkg/control"
	"github.com/saleslake/saleslake/pkg/daemon"
	"github.com/saleslake/saleslake/pkg/job"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/services/silver-etl/silver"
)

type reprocess struct{ job.Flags }

// Run plans the command, or issues it to the running services.
func (r reprocess) Run(ctx context.Context, d *daemon.Daemon) error {
	command, err := control.NewCommand(lake.Reprocess, r.From, r.To)
	if err != nil {
		return daemon.UsageError{Err: err}
	}
	o, err := options(ctx, d)
	if err != nil {
		return err
	}
	return r.Do(ctx, os.Stdout, job.Work{Kafka: o.Kafka, Replication: o.Replication, Partitions: o.Partitions, Topic: sales.TopicSilver,
		Plan: func(ctx context.Context, c *lake.Command) ([]*lake.Done, error) {
			return silver.Plan(ctx, o, c)
		}}, command)
}
