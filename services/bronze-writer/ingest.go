package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"github.com/vbauerster/mpb/v8"
	"go.uber.org/zap"
	"golang.org/x/term"

	"github.com/saleslake/saleslake/pkg/daemon"
	"github.com/saleslake/saleslake/pkg/registry"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/wire"
	"github.com/saleslake/saleslake/services/bronze-writer/bronze"
	"github.com/saleslake/saleslake/services/bronze-writer/decode"
	"github.com/saleslake/saleslake/services/bronze-writer/files"
	"github.com/saleslake/saleslake/services/bronze-writer/progress"
)

type ingest struct {
	Files       []string  `arg:"" name:"file" help:"CSV file with a header row, or NDJSON (.ndjson, .jsonl) with one event a line; plain, gzip or zstd. Or s3://bucket/key, or a pattern of either, such as 'in/2026-*.csv.gz'."`
	Dataset     string    `default:"sales_events" enum:"sales_events,customer_updates" help:"What the files hold: ${enum}."`
	EffectiveAt time.Time `help:"Time of the events of rows without event_ts, RFC 3339, for a file of corrections. Their order_ts when not given." placeholder:"TIME"`
	JSON        bool      `name:"json" help:"Print an object for each file, and nothing else."`
}

// outcome is what became of a file.
type outcome struct {
	File     string               `json:"file"`
	Source   string               `json:"source"`
	Rows     int64                `json:"rows"`
	Cents    int64                `json:"cents"`
	Rejected map[sales.Code]int64 `json:"rejected"`
	Files    int                  `json:"files"`
	Skipped  int                  `json:"skipped"`
	Seconds  float64              `json:"seconds"`
}

// Run ingests the files in their order and stops at the first that fails.
func (c *ingest) Run(ctx context.Context, d *daemon.Daemon) error {
	if c.Dataset != sales.TopicEvents && !c.EffectiveAt.IsZero() {
		return daemon.UsageError{Err: fmt.Errorf("--effective-at is for rows of %s without event_ts; %s has none: leave it out", sales.TopicEvents, c.Dataset)}
	}
	err := c.run(ctx, d)
	if errors.Is(err, decode.ErrUnusable) {
		return daemon.UsageError{Err: err}
	}
	return err
}

func (c *ingest) run(ctx context.Context, d *daemon.Daemon) error {
	found, err := files.Find(ctx, c.Files, wire.Inbox(d.Settings.Lake, d.Log))
	if err != nil { // a wrong name is told before anything is waited for
		return err
	}
	o, err := options(registry.Register)(ctx, d)
	if err != nil {
		return err
	}
	watch, end := bars(os.Stderr, c.JSON, found)
	done, err := c.each(ctx, d, o, found, watch)
	end()
	if c.forPeople() && len(done) > 0 {
		err = errors.Join(err, printTable(os.Stdout, done))
	}
	return err
}

// each ingests the files, and gives those that are done.
func (c *ingest) each(ctx context.Context, d *daemon.Daemon, o bronze.Options, all []files.File, watch func(files.File) bronze.Progress) (done []outcome, err error) {
	for _, file := range all {
		out, err := c.one(ctx, o, file, watch(file))
		if err != nil {
			return done, err
		}
		done = append(done, out)
		switch {
		case c.JSON:
			if err := json.NewEncoder(os.Stdout).Encode(out); err != nil {
				return done, fmt.Errorf("print the outcome: %w", err)
			}
		case !c.forPeople():
			d.Log.Info("ingested", zap.Any("outcome", out))
		}
	}
	return done, nil
}

// forPeople tells that the outcomes are printed as a table in the end.
func (c *ingest) forPeople() bool { return !c.JSON && isTerminal(os.Stdout) }

func (c *ingest) one(ctx context.Context, o bronze.Options, file files.File, watch bronze.Progress) (outcome, error) {
	begun := time.Now()
	res, err := bronze.Ingest(ctx, o, bronze.IngestOptions{File: file, Dataset: c.Dataset, EffectiveAt: c.EffectiveAt, Progress: watch})
	return outcome{File: file.Name, Source: res.Source, Rows: res.Rows, Cents: res.Cents, Rejected: res.Rejected,
		Files: res.Files, Skipped: res.Skipped, Seconds: time.Since(begun).Seconds()}, err
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// bars shows the progress of each file, and of all together if there is more
// than one, when a person looks on.
func bars(out *os.File, silent bool, all []files.File) (watch func(files.File) bronze.Progress, end func()) {
	if silent || !isTerminal(out) {
		return func(files.File) bronze.Progress { return nil }, func() {}
	}
	p := mpb.New(mpb.WithOutput(out), mpb.WithWidth(40), mpb.PopCompletedMode())
	watch = func(f files.File) bronze.Progress { return progress.File(p, f) }
	if len(all) > 1 {
		counted := progress.Total(p, all)
		watch = func(f files.File) bronze.Progress { return counted(progress.File(p, f)) }
	}
	return watch, p.Shutdown
}

// printTable writes the outcomes for people.
func printTable(w io.Writer, outcomes []outcome) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "file\tsource\trows\trevenue\trejected\tfiles\tskipped\tseconds")
	for _, o := range outcomes {
		rejected := int64(0)
		for _, n := range o.Rejected {
			rejected += n
		}
		fmt.Fprintf(t, "%s\t%s\t%d\t%s\t%d\t%d\t%d\t%.1f\n", o.File, o.Source, o.Rows, sales.FormatCents(o.Cents), rejected, o.Files, o.Skipped, o.Seconds)
	}
	return t.Flush()
}
