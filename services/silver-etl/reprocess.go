package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"

	"github.com/saleslake/saleslake/pkg/control"
	"github.com/saleslake/saleslake/pkg/daemon"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/table"
	"github.com/saleslake/saleslake/services/silver-etl/silver"
)

type reprocess struct {
	From string `required:"" placeholder:"DAY" help:"First day of order_ts, YYYY-MM-DD in UTC."`
	To   string `required:"" placeholder:"DAY" help:"Last day, included."`
	Plan bool   `help:"Change nothing, and say what would change: rows, money and rejects of each day."`
	Wait bool   `help:"Return when all partitions have done it, and say what changed."`
	JSON bool   `name:"json" help:"Print an object for each day, and nothing else."`
}

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
	var done map[int32]*lake.Done
	switch {
	case r.Plan:
		done, err = silver.Plan(ctx, o, command)
	case r.Wait:
		done, err = r.issue(ctx, o, command)
	default:
		if err = control.Issue(ctx, o.Kafka, o.Replication, command); err == nil {
			_, err = fmt.Println(command.ID)
		}
		return err
	}
	if err != nil {
		return err
	}
	return r.print(os.Stdout, lake.SumDays(done))
}

// issue waits for the partitions, and shows how many are done when a person looks on.
func (r reprocess) issue(ctx context.Context, o silver.Options, command *lake.Command) (map[int32]*lake.Done, error) {
	if err := control.Issue(ctx, o.Kafka, o.Replication, command); err != nil {
		return nil, err
	}
	progress := func(int) {}
	if !r.JSON && term.IsTerminal(int(os.Stderr.Fd())) {
		p := mpb.New(mpb.WithOutput(os.Stderr), mpb.WithWidth(40))
		b := p.AddBar(int64(o.Partitions), mpb.PrependDecorators(decor.Name("partitions "), decor.CountersNoUnit("%d / %d")),
			mpb.AppendDecorators(decor.Elapsed(decor.ET_STYLE_GO)))
		defer func() { b.Abort(false); p.Wait() }()
		progress = func(n int) { b.SetCurrent(int64(n)) }
	}
	return control.Wait(ctx, o.Kafka, sales.TopicSilver, command, o.Partitions, progress)
}

func (r reprocess) print(w io.Writer, days []lake.DayChange) error {
	if r.JSON {
		e := json.NewEncoder(w)
		for _, d := range days {
			if err := e.Encode(d); err != nil {
				return fmt.Errorf("print: %w", err)
			}
		}
		return nil
	}
	if len(days) == 0 {
		_, err := fmt.Fprintln(w, "Nothing changes.")
		return err
	}
	columns := []string{"day", "rows", "revenue", "added", "removed", "changed", "rejected", "accepted", "rows then", "revenue then", "difference"}
	var rows [][]any
	var sum lake.DayChange
	for _, d := range days {
		rows = append(rows, line(d))
		sum.Add(d)
	}
	if sum.Day = "all"; len(days) > 1 {
		rows = append(rows, line(sum))
	}
	return table.Write(w, columns, rows, 0)
}

func line(d lake.DayChange) []any {
	total := func(by map[sales.Code]lake.Count) (sum int64) {
		for _, n := range by {
			sum += n.Rows
		}
		return sum
	}
	money := func(cents int64) any { return json.Number(sales.FormatCents(cents)) }
	return []any{d.Day, d.Before.Rows, money(d.Before.Cents), d.Added.Rows, d.Removed.Rows, d.Changed, total(d.Rejected), total(d.Accepted),
		d.After.Rows, money(d.After.Cents), money(d.After.Cents - d.Before.Cents)}
}
