package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/cenkalti/backoff/v5"

	"github.com/saleslake/saleslake/pkg/config"
	"github.com/saleslake/saleslake/pkg/daemon"
	"github.com/saleslake/saleslake/services/redshift-loader/warehouse"
)

// cli is the command line: the commands, and the settings that they use.
type cli struct {
	Kafka     config.Kafka     `embed:"" prefix:"kafka-"`
	Lake      config.Lake      `embed:"" prefix:"lake-"`
	Warehouse config.Warehouse `embed:"" prefix:"warehouse-"`

	Run         run                `cmd:"" default:"withargs" help:"Load verdicts until told to stop."`
	Migrate     migrate            `cmd:"" help:"Bring the warehouse's schema up to date, and end."`
	Query       query              `cmd:"" help:"Answer one of the analytics queries."`
	Preflight   preflightCmd       `cmd:"" help:"Tell whether Redshift's COPY can take the lake's files."`
	Healthcheck daemon.Healthcheck `cmd:"" help:"Ask the running service whether it is ready."`
	Version     daemon.Version     `cmd:"" help:"Print what this program was built from."`
}

// options says which warehouse the settings name; files and step are those of
// warehouse.Options.
func options(c config.Warehouse, files warehouse.Files, step func(string)) (warehouse.Options, error) {
	source, err := c.Source()
	if err != nil {
		return warehouse.Options{}, fmt.Errorf("read warehouse.dsn: %w", err)
	}
	return warehouse.Options{Dialect: c.Dialect(), Source: source.Reveal(), IAMRole: c.IAMRole, Files: files, Step: step}, nil
}

// open opens the warehouse, and waits while another process has its file.
func open(ctx context.Context, d *daemon.Daemon, files warehouse.Files, step func(string)) (w *warehouse.Warehouse, err error) {
	o, err := options(d.Settings.Warehouse, files, step)
	if err != nil {
		return nil, err
	}
	err = daemon.WaitFor(ctx, d, "warehouse", func(context.Context) error {
		w, err = warehouse.Open(o)
		return passing(err)
	})
	return w, err
}

// passing ends a wait on an error that does not pass by itself.
func passing(err error) error {
	if err != nil && !errors.Is(err, warehouse.ErrUnavailable) {
		return backoff.Permanent(err)
	}
	return err
}
