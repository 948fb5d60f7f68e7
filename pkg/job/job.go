package job

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/saleslake/saleslake/pkg/control"
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

// Flags are those where services do the command.
type Flags struct {
	Days
	Wait bool `help:"Return when all partitions have done it, and say what changed."`
}

// Work is what a stage does with a command.
type Work struct {
	Kafka       stream.Config
	Replication int    // of lake.control if it must be made, -1 = the broker's default
	Partitions  int    // of every topic
	Topic       string // of the slices, which tells what is done
	Plan        func(context.Context, *lake.Command) ([]*lake.Done, error)
}

// Do plans the command, or issues it, and prints what changes, or its id if nobody waits
// for that.
func (f Flags) Do(ctx context.Context, out io.Writer, w Work, command *lake.Command) (err error) {
	var done []*lake.Done
	switch {
	case f.Plan:
		done, err = w.Plan(ctx, command)
	case f.Wait:
		done, err = f.wait(ctx, w, command)
	default:
		if err = control.Issue(ctx, w.Kafka, w.Replication, command); err == nil {
			_, err = fmt.Fprintln(out, command.ID)
		}
		return err
	}
	if err != nil {
		return err
	}
	return Print(out, command.Kind, lake.SumDays(done), f.JSON)
}

// wait shows how many partitions are done when a person looks on.
func (f Flags) wait(ctx context.Context, w Work, command *lake.Command) ([]*lake.Done, error) {
	if err := control.Issue(ctx, w.Kafka, w.Replication, command); err != nil {
		return nil, err
	}
	progress := func(int) {}
	if info, err := os.Stderr.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 && !f.JSON {
		progress = func(n int) { fmt.Fprintf(os.Stderr, "\r%d of %d partitions have done it", n, w.Partitions) }
		defer fmt.Fprintln(os.Stderr)
	}
	progress(0)
	return control.Wait(ctx, w.Kafka, w.Topic, command, w.Partitions, progress)
}
