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
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

const (
	goneRetry = 250 * time.Millisecond
	goneLimit = time.Minute
)

// commit is what one Flush made.
type commit struct {
	next int64
	days map[*day]version
}

// Flush makes a new version of each changed day. A day with a silver file that
// is gone waits for the newer manifest, which must be on its way, as the file
// was deleted after that was committed; until then the offset stays where it is.
func (t *task) Flush(ctx context.Context) (stream.Commit, error) {
	started := time.Now()
	c := &commit{next: t.next, days: map[*day]version{}}
	var mu sync.Mutex
	var missing []error
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(cap(t.workers))
	for _, d := range t.changed {
		group.Go(func() error {
			v, err := t.build(groupCtx, d, started.UnixMicro())
			mu.Lock()
			defer mu.Unlock()
			if errors.Is(err, blob.ErrNotFound) {
				missing = append(missing, t.waitFor(d, started, err))
				return nil
			}
			if err == nil {
				c.days[d] = v
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return stream.Commit{}, err
	}
	if err := errors.Join(missing...); err != nil {
		return stream.Commit{}, err
	}
	if len(missing) > 0 {
		c.next, t.retry = t.committed, time.Now().Add(goneRetry)
	}
	t.flushed = c
	t.metrics.waiting.WithLabelValues(t.label()).Set(float64(len(missing)))
	t.metrics.flush.Observe(time.Since(started).Seconds())
	return stream.Commit{Next: c.next, Records: t.records(c)}, nil
}

// waitFor notes that a day's file is gone; it is an error once that lasts too
// long.
func (t *task) waitFor(d *day, now time.Time, gone error) error {
	since, waits := t.gone[d.name]
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

// build makes the next version of a day and writes its files. The day's state is
// out of the cache meanwhile, and comes back as that of the new version: if that is
// not committed, the task ends, and takes its states along.
func (t *task) build(ctx context.Context, d *day, now int64) (version, error) {
	w, err := t.worker(ctx)
	if err != nil {
		return version{}, err
	}
	defer func() { t.workers <- w }()
	st, err := w.current(ctx, d, t.states.take(d))
	if err != nil {
		return version{}, fmt.Errorf("aggregate %s: %w", d.name, err)
	}
	v := d.manifests(t.cluster, now)
	if err := w.writeTables(ctx, d, st, v); err != nil {
		return version{}, fmt.Errorf("write %s: %w", d.name, err)
	}
	t.states.put(d, st)
	return v, nil
}

// writeTables writes the rows of a day's tables, and names their files in its manifests.
func (w *worker) writeTables(ctx context.Context, d *day, st *state, v version) error {
	for i := range tables {
		if tables[i].rows == nil {
			continue
		}
		rows := tables[i].rows(st.day)
		if err := w.write(ctx, i, rows, sum(rows, tables[i].money), v[i]); err != nil {
			return err
		}
		if i == dailySales {
			if err := w.restate(ctx, d, v, rows); err != nil {
				return err
			}
		}
	}
	return nil
}

// records gives the manifests in the order of their days.
func (t *task) records(c *commit) []stream.Record {
	var records []stream.Record
	for _, d := range slices.SortedFunc(maps.Keys(c.days), func(a, b *day) int { return int(a.date - b.date) }) {
		for _, m := range c.days[d] {
			records = append(records, stream.Record{Topic: sales.TopicGold, Partition: t.partition, Key: []byte(m.Key()), Value: m.Encode()})
		}
	}
	return records
}
