package job

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/alecthomas/kong"

	"github.com/saleslake/saleslake/pkg/control"
	"github.com/saleslake/saleslake/pkg/daemon"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/stream"
)

// Days are the flags of a command.
type Days struct {
	From string `required:"" placeholder:"DAY" help:"First day of order_ts, YYYY-MM-DD in UTC."`
	To   string `required:"" placeholder:"DAY" help:"Last day, included."`
	Plan bool   `help:"Change nothing, and say what would change of each day."`
	JSON bool   `name:"json" help:"Print an object for each day, and nothing else."`
}

// Command is the command line where services do the command.
type Command struct {
	Days
	Wait bool `help:"Return when all partitions have done it, and say what changed."`

	kind lake.Kind
	work func(context.Context, *daemon.Daemon) (Work, error)
}

// For gives the command line of a kind of command; work makes of the settings what a
// stage does with it.
func For(kind lake.Kind, work func(context.Context, *daemon.Daemon) (Work, error)) Command {
	return Command{kind: kind, work: work}
}

// Work is what a stage does with a command.
type Work struct {
	Kafka       stream.Config
	Replication int    // of lake.control if it must be made, -1 = the broker's default
	Partitions  int    // of every topic
	Topic       string // of the slices, which tells what is done
	Group       string // of the stage
	Plan        func(context.Context, *lake.Command) ([]*lake.Done, error)
}

// Run plans the command, or issues it to the running services, and prints what
// changes, or its id if nobody waits for that.
func (c Command) Run(ctx context.Context, d *daemon.Daemon, k *kong.Kong) error {
	command, err := control.NewCommand(c.kind, c.From, c.To)
	if err != nil {
		return daemon.UsageError{Err: err}
	}
	w, err := c.work(ctx, d)
	if err != nil {
		return err
	}
	var done []*lake.Done
	switch {
	case c.Plan:
		done, err = w.Plan(ctx, command)
	case c.Wait:
		done, err = c.wait(ctx, w, command)
	default:
		if err = control.Issue(ctx, w.Kafka, w.Replication, command); err == nil {
			_, err = fmt.Fprintln(k.Stdout, command.ID)
		}
		return err
	}
	if err != nil {
		return err
	}
	return errors.Join(Print(k.Stdout, c.kind, lake.SumDays(done), c.JSON), lake.Failures(done))
}

// Withdraw is the command line that takes a command back.
type Withdraw struct {
	ID string `arg:"" help:"Id of the command, as it was printed when it was issued."`

	work func(context.Context, *daemon.Daemon) (Work, error)
}

// ForWithdrawal gives the command line; work is that of For.
func ForWithdrawal(work func(context.Context, *daemon.Daemon) (Work, error)) Withdraw {
	return Withdraw{work: work}
}

// Run withdraws the command. Days that are done stay as they are.
func (w Withdraw) Run(ctx context.Context, d *daemon.Daemon) error {
	of, err := w.work(ctx, d)
	if err != nil {
		return err
	}
	return control.Withdraw(ctx, of.Kafka, w.ID)
}

// wait shows how many partitions are done when a person looks on.
func (c Command) wait(ctx context.Context, w Work, command *lake.Command) ([]*lake.Done, error) {
	if err := control.Issue(ctx, w.Kafka, w.Replication, command); err != nil {
		return nil, err
	}
	if !c.JSON {
		fmt.Fprintf(os.Stderr, "issued %s %s\n", c.kind, command.ID)
	}
	if stream.Vacant(ctx, w.Kafka, w.Group) == nil {
		fmt.Fprintf(os.Stderr, "no instance of %s runs: it is done when one does\n", w.Group)
	}
	progress := func(int) {}
	if info, err := os.Stderr.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 && !c.JSON {
		progress = func(n int) { fmt.Fprintf(os.Stderr, "\r%d of %d partitions have done it", n, w.Partitions) }
		defer fmt.Fprintln(os.Stderr)
	}
	progress(0)
	return control.Wait(ctx, w.Kafka, w.Topic, command, w.Partitions, progress)
}
