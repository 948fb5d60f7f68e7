package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"go.uber.org/zap"

	"github.com/saleslake/saleslake/pkg/daemon"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/services/bronze-writer/bronze"
	"github.com/saleslake/saleslake/services/bronze-writer/decode"
)

type ingest struct {
	Files       []string  `arg:"" name:"file" help:"CSV file with a header row, or NDJSON (.ndjson, .jsonl) with one event a line."`
	Dataset     string    `default:"sales_events" enum:"sales_events,customer_updates" help:"What the files hold: ${enum}."`
	EffectiveAt time.Time `help:"Time of the events of rows without event_ts, RFC 3339, for a file of corrections. Their order_ts when not given." placeholder:"TIME"`
}

// Run ingests the files in their order and stops at the first that fails.
func (c *ingest) Run(ctx context.Context, d *daemon.Daemon) error {
	if c.Dataset != sales.TopicEvents && !c.EffectiveAt.IsZero() {
		return daemon.UsageError{Err: fmt.Errorf("--effective-at is for rows of %s without event_ts; %s has none: leave it out", sales.TopicEvents, c.Dataset)}
	}
	for _, path := range c.Files { // a wrong name is told before anything is waited for
		if _, err := os.Stat(path); err != nil {
			return daemon.UsageError{Err: err}
		}
	}
	o, err := options(ctx, d)
	if err != nil {
		return err
	}
	for _, path := range c.Files {
		if err := c.one(ctx, d, o, path); err != nil {
			return err
		}
	}
	return nil
}

func (c *ingest) one(ctx context.Context, d *daemon.Daemon, o bronze.Options, path string) error {
	begun := time.Now()
	progress, end := bar(os.Stderr, filepath.Base(path))
	res, err := bronze.Ingest(ctx, o, bronze.IngestOptions{Path: path, Dataset: c.Dataset, EffectiveAt: c.EffectiveAt, Progress: progress})
	end()
	if errors.Is(err, decode.ErrUnusable) {
		return daemon.UsageError{Err: err}
	}
	if err != nil {
		return err
	}
	d.Log.Info("ingested", zap.String("file", path), zap.String("source", res.Source), zap.Int64("rows", res.Rows), zap.Int64("cents", res.Cents),
		zap.Any("rejected", res.Rejected), zap.Int("files", res.Files), zap.Int("skipped", res.Skipped), zap.Duration("took", time.Since(begun)))
	return nil
}

// bar shows the progress when a person looks on.
func bar(out *os.File, name string) (progress func(done, size int64), end func()) {
	info, err := out.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return nil, func() {}
	}
	p := mpb.New(mpb.WithOutput(io.Writer(out)), mpb.WithWidth(60))
	b := p.AddBar(0, mpb.PrependDecorators(decor.Name(name+" ")),
		mpb.AppendDecorators(decor.CountersKibiByte("% .1f / % .1f"), decor.Name(" "), decor.Percentage()))
	return func(done, size int64) { b.SetTotal(size, false); b.SetCurrent(done) },
		func() { b.Abort(false); p.Wait() }
}
