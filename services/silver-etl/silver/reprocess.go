package silver

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/services/silver-etl/dedup"
)

// reprocess is a command's work for some days of a partition: which bronze rows
// are judged otherwise now, and what their orders' current versions become.
//
// It takes all orders that have a bronze row of these days, and of these orders
// all bronze rows, whatever their days, since each may be the current version.
type reprocess struct {
	*commit
	from, to int32 // days since 1970-01-01
	inputs   []input
	orders   map[dedup.Key]struct{}
	old      map[place]verdict // of the orders' rejects in the quarantine
	rejudged map[place]bool
	files    map[string]string          // the quarantine file that counts, by the bronze slice's rejectKey
	moved    []rejectsOf                // slices with a row that is judged otherwise
	booked   map[dedup.Key]*lake.Ledger // the ledger in which what becomes of an order is booked
	fresh    *dedup.Merge               // of the orders' rows, as judged now
	versions *dedup.Index               // of fresh
	days     map[int32]*lake.DayChange
	added    []dedup.Row // of fresh: current versions from now on
	removed  []dedup.Ref // orders without a valid version
}

// place is a bronze row, in this partition. (A source that was made anew has its offsets
// again.)
type place struct {
	slice  string // its rejectKey
	offset int64
}

// verdict is why a row was rejected before.
type verdict struct {
	code  sales.Code
	field string
}

// flushCommand does a command, or as many of its days as silver.max_rows allows.
// What is pending is left for later: the command sees what is committed.
func (t *task) flushCommand(ctx context.Context, command *lake.Command, before *lake.Done) (stream.Commit, error) {
	start := time.Now()
	c := &commit{task: t, version: t.version, next: t.next, touched: map[string]*lake.Ledger{}, rejected: map[sales.Code]lake.Count{}}
	if len(t.pending) > 0 {
		c.next = t.pending[0].offset
	}
	if c.done = t.board.Failed(command, t.partition); c.done != nil {
		c.done.Version = t.version
		t.made = c
		return stream.Commit{Next: c.next, Records: c.records()}, nil
	}
	err := t.alone(ctx, func() error {
		r, done, err := c.reprocess(ctx, command, before)
		if err != nil {
			return err
		}
		c.done = done
		return r.write(ctx)
	})
	if err != nil && ctx.Err() == nil {
		err = t.board.Fail(command, t.partition, err)
	}
	if err != nil {
		return stream.Commit{}, err
	}
	t.made = c
	t.Log.Info("reprocessed", zap.String("command", command.ID), zap.Stringer("partition", stream.Partition{Topic: sales.TopicBronze, ID: t.partition}), zap.String("through", c.done.Through),
		zap.Int("slices", len(c.manifests)), zap.Duration("took", time.Since(start)))
	return stream.Commit{Next: c.next, Records: c.records(), Tallies: []stream.Tally{c.tally()}}, nil
}

// reprocess finds out what the command, or its next days, would change. Only the
// ledgers in memory are changed by it.
func (c *commit) reprocess(ctx context.Context, command *lake.Command, before *lake.Done) (*reprocess, *lake.Done, error) {
	from, to, err := command.Days()
	if err != nil {
		return nil, nil, err
	}
	done := &lake.Done{Format: lake.Format, ID: command.ID, Kind: command.Kind, Partition: c.partition}
	if before != nil {
		last, err := sales.ParseDay(before.Through)
		if err != nil {
			return nil, nil, fmt.Errorf("last day done: %w", err)
		}
		from = last + 1
	}
	r := &reprocess{commit: c, from: from, to: to, orders: map[dedup.Key]struct{}{}, old: map[place]verdict{}, rejudged: map[place]bool{}, files: map[string]string{},
		booked: map[dedup.Key]*lake.Ledger{}, days: map[int32]*lake.DayChange{}}
	for _, step := range []func(context.Context) error{r.findInputs, r.findOrders, r.findRejects, r.judge, r.compare} {
		if err := step(ctx); err != nil {
			return nil, nil, err
		}
	}
	done.Through, done.Created = sales.FormatDay(r.to), time.Now().UnixMicro()
	for _, day := range slices.Sorted(maps.Keys(r.days)) {
		done.Days = append(done.Days, *r.days[day])
	}
	return r, done, nil
}

// findInputs lists the bronze slices that silver has taken, in their order.
func (r *reprocess) findInputs(ctx context.Context) error {
	seen := taken{}
	return r.readTopic(ctx, sales.TopicBronze, []int32{r.partition}, func(record stream.Record) error {
		if record.Offset >= r.next || len(record.Value) == 0 || lake.IsLedger(record.Key) {
			return nil
		}
		m, err := lake.DecodeManifest(record.Value)
		if err != nil || m.Table != r.bronze.Name {
			return err
		}
		if fresh, err := seen.take(m); err != nil || !fresh {
			return err
		}
		r.inputs = append(r.inputs, input{m, record.Offset})
		return nil
	})
}

// day gives what changes of a day.
func (r *reprocess) day(day int32) *lake.DayChange {
	d := r.days[day]
	if d == nil {
		d = &lake.DayChange{Day: sales.FormatDay(day), Rejected: map[sales.Code]lake.Count{}, Accepted: map[sales.Code]lake.Count{}}
		if s := r.slices[day]; s != nil {
			d.Before, d.After = s.manifest.Count, s.manifest.Count
		}
		r.days[day] = d
	}
	return d
}

// ledger gives a source's ledger, which the commit is about to publish.
func (r *reprocess) ledger(source string) (*lake.Ledger, error) {
	l := r.ledgers[source]
	if l == nil {
		return nil, fmt.Errorf("bronze has rows of %s, of which silver has no ledger", source)
	}
	return l, nil
}
