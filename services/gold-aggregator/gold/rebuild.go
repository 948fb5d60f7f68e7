package gold

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/services/gold-aggregator/fold"
)

// stepDays is how many days of a command one commit takes: refreshes wait for it.
const stepDays = 4

// sit takes up the commands.
func (t *task) sit() { t.seat = t.board.Sit(t.done) }

// flushCommand makes the tables of a command's next days again. All of them wait
// when a silver file of one is gone; its refresh comes first then.
func (t *task) flushCommand(ctx context.Context, command *lake.Command, before *lake.Done) (stream.Commit, error) {
	started := time.Now()
	c := &commit{next: t.committed, command: true}
	if c.done = t.board.Failed(command, t.partition); c.done != nil {
		t.flushed = c
		return stream.Commit{Next: c.next, Records: t.records(c)}, nil
	}
	days, done, err := t.step(command, before, started.UnixMicro())
	if err != nil {
		return stream.Commit{}, err
	}
	var mu sync.Mutex
	waiting, err := t.make(ctx, c, days, started, func(ctx context.Context, w *worker, d *day) (version, error) {
		v, change, err := w.rebuild(ctx, d, started.UnixMicro())
		mu.Lock()
		defer mu.Unlock()
		done.Days = append(done.Days, change)
		return v, err
	})
	if err != nil && ctx.Err() == nil {
		err = t.board.Fail(command, t.partition, err)
	}
	if err != nil {
		return stream.Commit{}, err
	}
	if waiting > 0 {
		clear(c.days)
	} else {
		c.done = done
		slices.SortFunc(done.Days, func(a, b lake.DayChange) int { return cmp.Compare(a.Day, b.Day) })
		t.Log.Info("rebuilt", zap.String("command", command.ID), zap.Stringer("partition", stream.Partition{Topic: sales.TopicSilver, ID: t.partition}), zap.String("through", done.Through),
			zap.Int("days", len(days)), zap.Duration("took", time.Since(started)))
	}
	t.flushed = c
	return stream.Commit{Next: c.next, Records: t.records(c)}, nil
}

// step gives the next days of a command, and what is done with them.
func (t *task) step(command *lake.Command, before *lake.Done, now int64) ([]*day, *lake.Done, error) {
	done := &lake.Done{Format: lake.Format, ID: command.ID, Kind: command.Kind, Partition: t.partition, Through: command.To, Created: now}
	from, to, err := command.Days()
	if err == nil && before != nil {
		from, err = sales.ParseDay(before.Through)
		from++
	}
	if err != nil {
		return nil, nil, err
	}
	days := t.between(from, to)
	if len(days) > stepDays {
		days = days[:stepDays]
		done.Through = days[stepDays-1].name
	}
	return days, done, nil
}

// between gives the partition's days from one to another, both included, in their order.
func (t *task) between(from, to int32) (days []*day) {
	for _, d := range t.days {
		if d.date >= from && d.date <= to {
			days = append(days, d)
		}
	}
	slices.SortFunc(days, func(a, b *day) int { return cmp.Compare(a.date, b.date) })
	return days
}

// rebuild makes the next version of a day from silver's files alone, and gives what differs from
// the version before.
func (w *worker) rebuild(ctx context.Context, d *day, now int64) (version, lake.DayChange, error) {
	w.states.take(d)
	st, change, readable, err := w.compare(ctx, d)
	if err != nil {
		return version{}, change, err
	}
	v, err := w.write(ctx, d, st, now, readable && d.published(now, w.Settle))
	return v, change, err
}

// compare makes a day's state from silver's files, and holds the rows of its tables against
// the published ones. A table of which a file cannot be read counts as without rows; readable tells
// whether that of daily_sales can be, so that what the next version restates can be said.
func (w *worker) compare(ctx context.Context, d *day) (st *state, change lake.DayChange, readable bool, err error) {
	if st, err = w.current(ctx, d, nil); err != nil {
		return nil, change, false, fmt.Errorf("aggregate %s: %w", d.name, err)
	}
	var others []string
	for i := range tables {
		if tables[i].rows == nil {
			continue
		}
		old, whole, err := w.published(ctx, d, i)
		if err != nil {
			return nil, change, false, fmt.Errorf("read what was published: %w", err)
		}
		now := tables[i].rows(st.day)
		if !whole || !fold.Same(old, now) {
			others = append(others, tables[i].name)
		}
		if i == dailySales {
			readable, change = whole, fold.Compare(old, now)
		}
	}
	change.Day, change.Tables = d.name, others
	return st, change, readable, nil
}

// published gives the rows of a table's newest version, none if a file of it is lost or damaged.
func (w *worker) published(ctx context.Context, d *day, table int) (rows *column.Batch, whole bool, err error) {
	m := d.gold[table]
	if m == nil {
		return column.NewBatch(tables[table].schema, 0), true, nil
	}
	rows, err = w.readOwn(ctx, m, tables[table].schema)
	if errors.Is(err, blob.ErrNotFound) || errors.Is(err, lake.ErrCorrupt) {
		w.Log.Warn("a published table cannot be read", zap.String("slice", m.Key()), zap.Error(err))
		return column.NewBatch(tables[table].schema, 0), false, nil
	}
	return rows, err == nil, err
}
