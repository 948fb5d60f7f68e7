package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

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
	Show   bool   `help:"Print the query's SQL, which Redshift, PostgreSQL and DuckDB run as it is, instead of its answer."`
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
	text, err := warehouse.QueryText(q.Name)
	if errors.Is(err, warehouse.ErrNoQuery) {
		return daemon.UsageError{Err: err}
	}
	if err != nil {
		return err
	}
	if q.Show {
		_, err := io.WriteString(k.Stdout, text)
		return err
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

// list writes the queries by topic: what each answers, and what a row is for.
func list(out io.Writer) error {
	questions, err := warehouse.Questions()
	if err != nil {
		return err
	}
	slices.SortStableFunc(questions, func(a, b warehouse.Question) int { return strings.Compare(a.Topic, b.Topic) })
	var text strings.Builder
	for i, q := range questions {
		if i == 0 || q.Topic != questions[i-1].Topic {
			fmt.Fprintf(&text, "%s\n", q.Topic)
		}
		fmt.Fprintf(&text, "  %-30s %s\n%33s%s\n", q.Name, q.Text, "a row: ", q.Grain)
	}
	_, err = io.WriteString(out, text.String())
	return err
}

// closing closes the warehouse, and lets that fail the command.
func closing(w *warehouse.Warehouse, err *error) { *err = errors.Join(*err, w.Close()) }
