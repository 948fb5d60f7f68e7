package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/alecthomas/kong"
	"go.uber.org/zap"

	"github.com/saleslake/saleslake/pkg/daemon"
	"github.com/saleslake/saleslake/services/redshift-loader/warehouse"
)

type migrate struct{}

// Run waits for the database and applies the migrations that it lacks.
func (migrate) Run(ctx context.Context, d *daemon.Daemon) (err error) {
	w, err := open(ctx, d, nil, nil)
	if err != nil {
		return err
	}
	defer closing(w, &err)
	var applied []string
	err = daemon.WaitFor(ctx, d, "warehouse", func(ctx context.Context) error {
		applied, err = w.Migrate(ctx)
		return passing(err)
	})
	if err != nil {
		return err
	}
	d.Log.Info("the schema is up to date", zap.Strings("applied", applied))
	return nil
}

type query struct {
	Name   string `arg:"" optional:"" help:"Name of the query, see --list."`
	List   bool   `help:"List the queries with the question that each answers."`
	Format string `enum:"table,csv,json" default:"table" help:"Form of the result: table, csv or json."`
	Limit  int    `default:"0" help:"Rows of the table to show; 0 for all."`
}

// Run prints the result on standard output.
func (q *query) Run(ctx context.Context, k *kong.Kong, d *daemon.Daemon) (err error) {
	if q.List {
		return list(k.Stdout)
	}
	if q.Name == "" {
		return daemon.UsageError{Err: errors.New("name a query, or use --list")}
	}
	o, err := options(d.Settings.Warehouse, nil, nil)
	if err != nil {
		return err
	}
	w, err := warehouse.Open(o)
	if err != nil {
		return err
	}
	defer closing(w, &err)
	answer, err := w.Query(ctx, q.Name)
	if errors.Is(err, warehouse.ErrNoQuery) {
		return daemon.UsageError{Err: err}
	}
	if err != nil {
		return err
	}
	switch q.Format {
	case "csv":
		return answer.CSV(k.Stdout)
	case "json":
		return answer.JSON(k.Stdout)
	default:
		return answer.Table(k.Stdout, q.Limit)
	}
}

func list(out io.Writer) error {
	queries, err := warehouse.Queries()
	if err != nil {
		return err
	}
	for _, q := range queries {
		if _, err := fmt.Fprintf(out, "%-24s %s\n", q[0], q[1]); err != nil {
			return err
		}
	}
	return nil
}

// closing closes the warehouse, and lets that fail the command.
func closing(w *warehouse.Warehouse, err *error) { *err = errors.Join(*err, w.Close()) }
