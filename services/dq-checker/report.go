package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/alecthomas/kong"
	"go.uber.org/zap"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/daemon"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/wire"
	"github.com/saleslake/saleslake/services/dq-checker/report"
)

// sinceDays is how many run dates are read unless --since says otherwise.
const sinceDays = 30

type showReport struct {
	Date   day    `help:"Only this day of the slices, UTC." placeholder:"DATE" xor:"from,to"`
	From   day    `help:"Only this day of the slices and later ones." placeholder:"DATE" xor:"from"`
	To     day    `help:"Only this day of the slices and earlier ones." placeholder:"DATE" xor:"to"`
	Since  day    `help:"Oldest run date that is read: what was judged before is not seen. 30 days ago when not given." placeholder:"DATE"`
	Table  string `help:"Only rules and samples of this table, such as gold/fact_sales; the ledger is always whole." placeholder:"TABLE"`
	Format string `enum:"table,json,html" default:"table" help:"table, json or html."`
	Limit  int    `default:"40" help:"Lines of each table on a terminal; 0 for all."`
	Out    string `default:"-" help:"File to write, or to replace; - for standard output." placeholder:"FILE"`
}

// day is a date on the command line.
type day struct {
	given bool
	at    int32
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *day) UnmarshalText(text []byte) (err error) {
	if d.at, err = sales.ParseDay(string(text)); err != nil {
		return fmt.Errorf("%q is no date: write YYYY-MM-DD", text)
	}
	d.given = true
	return nil
}

// Run writes the report.
func (c *showReport) Run(ctx context.Context, d *daemon.Daemon, k *kong.Kong) error {
	query, err := c.query(time.Now())
	if err != nil {
		return daemon.UsageError{Err: err}
	}
	bucket, err := blob.Open(ctx, wire.Bucket(d.Settings.Lake, d.Log))
	if err != nil {
		return err
	}
	r, err := report.Read(ctx, bucket, query)
	if errors.Is(err, report.ErrTooMuch) {
		return daemon.UsageError{Err: err}
	}
	if err != nil {
		return err
	}
	if c.Out == "-" {
		return c.write(r, k.Stdout)
	}
	file, err := os.Create(c.Out)
	if err != nil {
		return daemon.UsageError{Err: err}
	}
	if err := errors.Join(c.write(r, file), file.Close()); err != nil {
		return err
	}
	d.Log.Info("report written", zap.String("out", c.Out), zap.Int64("pass", r.Slices.Pass), zap.Int64("warn", r.Slices.Warn), zap.Int64("fail", r.Slices.Fail))
	return nil
}

// query says what is asked for at a time.
func (c *showReport) query(now time.Time) (report.Query, error) {
	q := report.Query{From: report.AnyDay, To: report.AnyDayTo, Table: c.Table, Since: sales.DayOf(now.UnixMicro()) - sinceDays, Now: now}
	if c.From.given {
		q.From = c.From.at
	}
	if c.To.given {
		q.To = c.To.at
	}
	if c.Date.given {
		q.From, q.To = c.Date.at, c.Date.at
	}
	if c.Since.given {
		q.Since = c.Since.at
	}
	if q.From > q.To {
		return q, fmt.Errorf("--from %s is after --to %s", sales.FormatDay(q.From), sales.FormatDay(q.To))
	}
	return q, nil
}

func (c *showReport) write(r *report.Report, out io.Writer) error {
	switch c.Format {
	case "json":
		return r.JSON(out)
	case "html":
		return r.HTML(out)
	default:
		return r.Text(out, c.Limit)
	}
}
