package gold

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

const (
	goneRetry = 250 * time.Millisecond
	goneLimit = time.Minute
)

// commit is what one Flush made.
type commit struct {
	next    int64
	begun   time.Time
	days    map[*day]version
	command bool       // it was a command's turn
	done    *lake.Done // what is done of it, nil when it waits
}

// Flush makes a new version of each changed day that is [task.ready]. A day with a silver file that
// is gone waits for the newer manifest, which must be on its way, as the file
// was deleted after that was committed. While a day waits, the offset stays where it is.
func (t *task) Flush(ctx context.Context) (stream.Commit, error) {
	started := time.Now()
	if command, before := t.command(started); command != nil {
		return t.flushCommand(ctx, command, before)
	}
	c := &commit{next: t.next, begun: started}
	waiting, err := t.make(ctx, c, t.ready(started), started, func(ctx context.Context, w *worker, d *day) (version, error) {
		return w.refresh(ctx, d, started.UnixMicro())
	})
	if err != nil {
		return stream.Commit{}, err
	}
	if len(c.days) < len(t.changed) {
		c.next = t.committed
	}
	t.flushed = c
	t.metrics.waiting.WithLabelValues(t.label()).Set(float64(waiting))
	return stream.Commit{Next: c.next, Records: t.records(c), Tallies: []stream.Tally{c.tally()}}, nil
}

// make has versions of days made, as many at a time as there are workers, and puts them into the
// commit. It gives how many days wait, as a silver file of theirs is gone.
func (t *task) make(ctx context.Context, c *commit, days []*day, now time.Time, of func(context.Context, *worker, *day) (version, error)) (waiting int, err error) {
	c.days = map[*day]version{}
	var mu sync.Mutex
	var missing []error
	puts := t.Bucket.Puts(ctx)
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(cap(t.workers))
	for _, d := range days {
		group.Go(func() error {
			w, err := t.worker(groupCtx)
			if err != nil {
				return err
			}
			defer func() { t.workers <- w }()
			w.puts = puts
			v, err := of(groupCtx, w, d)
			mu.Lock()
			defer mu.Unlock()
			if errors.Is(err, blob.ErrNotFound) && !errors.Is(err, errOwn) {
				missing = append(missing, t.waitFor(d, now, err))
				return nil
			}
			if err == nil {
				c.days[d] = v
			}
			return err
		})
	}
	if err := puts.Wait(group.Wait()); err != nil {
		return 0, err
	}
	if len(missing) > 0 {
		t.retry = time.Now().Add(goneRetry)
	}
	return len(missing), errors.Join(missing...)
}

// waitFor notes that a day's file is gone; it is an error once that lasts too
// long.
func (t *task) waitFor(d *day, now time.Time, gone error) error {
	since, waits := t.gone[d.name]
	d.urgent = true // it has waited
	if !waits {
		t.gone[d.name] = now
		t.Log.Info("a file is gone, waiting for the newer manifest", zap.String("day", d.name), zap.Error(gone))
		return nil
	}
	if now.Sub(since) < goneLimit {
		return nil
	}
	return fmt.Errorf("no newer manifest of %s has come for %s: %w", d.name, now.Sub(since).Round(time.Second), gone)
}

// refresh makes the next version of a day and writes its files. The day's state is
// out of the cache meanwhile, and comes back as that of the new version: if that is
// not committed, the task ends, and takes its states along.
func (w *worker) refresh(ctx context.Context, d *day, now int64) (version, error) {
	st, err := w.current(ctx, d, w.states.take(d))
	if err != nil {
		return version{}, fmt.Errorf("aggregate %s: %w", d.name, err)
	}
	return w.write(ctx, d, st, now, d.published(now, w.Settle))
}

// write makes a day's version of a state, and says what that restates if it restates anything.
func (w *worker) write(ctx context.Context, d *day, st *state, now int64, restates bool) (version, error) {
	v := d.manifests(w.cluster, now)
	for i := range tables {
		if tables[i].rows == nil {
			continue
		}
		rows := tables[i].rows(st.day)
		err := w.writeFile(i, rows, sum(rows, tables[i].money), v[i])
		if err == nil && i == dailySales {
			err = w.restate(ctx, d, v, rows, restates)
		}
		if err != nil {
			return version{}, fmt.Errorf("write %s: %w", d.name, err)
		}
	}
	w.states.put(d, st)
	return v, nil
}

// records gives the manifests in the order of their days, and what is done of a command.
func (t *task) records(c *commit) []stream.Record {
	var records []stream.Record
	for _, d := range slices.SortedFunc(maps.Keys(c.days), func(a, b *day) int { return int(a.date - b.date) }) {
		for _, m := range c.days[d] {
			records = append(records, stream.Record{Topic: sales.TopicGold, Partition: t.partition, Key: []byte(m.Key()), Value: m.Encode()})
		}
	}
	if c.done != nil {
		records = append(records, stream.Record{Topic: sales.TopicGold, Partition: t.partition, Key: []byte(c.done.Key()), Value: c.done.Encode()})
	}
	return records
}
