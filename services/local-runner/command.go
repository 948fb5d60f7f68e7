package main

import (
	"context"
	"os"

	"github.com/saleslake/saleslake/pkg/control"
	"github.com/saleslake/saleslake/pkg/daemon"
	"github.com/saleslake/saleslake/pkg/job"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/services/local-runner/local"
)

// onLake is a command on days of a lake that no run is using.
type onLake struct {
	job.Days
	Lake string `default:"data/local_lake" name:"lake" help:"Folder of the lake."`
}

type (
	reprocess struct{ onLake }
	rebuild   struct{ onLake }
)

// Run has silver-etl do it, and the stages after it follow.
func (r reprocess) Run(ctx context.Context, d *daemon.Daemon) error {
	return r.do(ctx, d, lake.Reprocess)
}

// Run has gold-aggregator do it, and the stages after it follow.
func (r rebuild) Run(ctx context.Context, d *daemon.Daemon) error {
	return r.do(ctx, d, lake.Rebuild)
}

// do plans the command, or prints what it changes and then the report of the lake.
func (c onLake) do(ctx context.Context, d *daemon.Daemon, kind lake.Kind) error {
	command, err := control.NewCommand(kind, c.From, c.To)
	if err != nil {
		return daemon.UsageError{Err: err}
	}
	o, err := onFolder(d, c.Lake)
	if err != nil {
		return daemon.UsageError{Err: err}
	}
	o.Command = command
	if c.Plan {
		days, err := local.Plan(ctx, o)
		if err != nil {
			return err
		}
		return job.Print(os.Stdout, kind, days, c.JSON)
	}
	return show(ctx, o, c.JSON)
}
