package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/alecthomas/kong"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/daemon"
	"github.com/saleslake/saleslake/pkg/table"
	"github.com/saleslake/saleslake/pkg/wire"
	"github.com/saleslake/saleslake/services/redshift-loader/preflight"
	"github.com/saleslake/saleslake/services/redshift-loader/warehouse"
	warehousesql "github.com/saleslake/saleslake/sql"
)

type preflightCmd struct {
	Names  []string `arg:"" optional:"" name:"file-or-slice" help:"Files, by path or key of the lake, and slices or tables of the lake, such as gold/fact_sales/day=2026-01-31; all that is loaded when none is named."`
	Schema string   `help:"Schema of files that do not say it, such as silver/sales."`
	Online bool     `help:"Compare with the tables of the warehouse instead of those that the migrations make."`
	JSON   bool     `name:"json" help:"Print JSON."`
}

// Run prints the findings on standard output. Those that would stop a load make the
// command fail.
func (c *preflightCmd) Run(ctx context.Context, k *kong.Kong, d *daemon.Daemon) error {
	tables, err := c.tables(ctx, d)
	if err != nil {
		return err
	}
	bucket, err := blob.Open(ctx, wire.Bucket(d.Settings.Lake, d.Log))
	if err != nil {
		return err
	}
	targets, loaded := warehouse.Targets()
	report, err := preflight.Run(ctx, preflight.Options{Tables: tables, Targets: targets, Loaded: loaded, Bucket: bucket, Schema: c.Schema}, c.Names)
	if err != nil {
		return err
	}
	if err := c.print(k, report); err != nil {
		return err
	}
	if report.Failed() {
		return errors.New("preflight: COPY would not take what is listed as fail")
	}
	return nil
}

func (c *preflightCmd) tables(ctx context.Context, d *daemon.Daemon) (tables map[string][]preflight.Column, err error) {
	migrations, err := warehousesql.Migrations(warehouse.Redshift)
	if err != nil {
		return nil, err
	}
	if tables, err = preflight.Tables(migrations); err != nil || !c.Online {
		return tables, err
	}
	o, err := options(d.Settings.Warehouse, nil, nil)
	if err != nil {
		return nil, err
	}
	w, err := warehouse.Open(o)
	if err != nil {
		return nil, err
	}
	defer closing(w, &err)
	for name := range tables {
		if tables[name], err = w.Columns(ctx, name); err != nil {
			return nil, err
		}
	}
	return tables, nil
}

func (c *preflightCmd) print(k *kong.Kong, report preflight.Report) error {
	if c.JSON {
		e := json.NewEncoder(k.Stdout)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		return e.Encode(report)
	}
	var rows [][]any
	for _, f := range report.Findings {
		row := any(f.Row)
		if f.Row == 0 {
			row = nil
		}
		rows = append(rows, []any{string(f.Outcome), f.File, f.Column, row, f.Problem, f.Remedy})
	}
	if len(rows) > 0 {
		if err := table.Write(k.Stdout, []string{"outcome", "file", "column", "row", "problem", "remedy"}, rows, 0); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(k.Stdout, "%d files checked, %d gone since their manifest, %d findings\n", report.Files, report.Gone, len(report.Findings))
	return err
}
