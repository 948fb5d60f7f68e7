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
	t.made = c
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
		t.Log.Info("a silver file is gone, waiting for the newer manifest", zap.String("day", d.name), zap.Error(gone))
		return nil
	}
	if now.Sub(since) < goneLimit {
		return nil
	}
	return fmt.Errorf("no newer manifest of %s has come for %s: %w", d.name, now.Sub(since).Round(time.Second), gone)
}

// build makes the next version of a day and writes its files.
func (t *task) build(ctx context.Context, d *day, now int64) (version, error) {
	var w *worker
	select {
	case w = <-t.workers:
	case <-ctx.Done():
		return version{}, ctx.Err()
	}
	defer func() { t.workers <- w }()
	v := d.manifests(t.cluster, now)
	folded, err := w.fold(ctx, d.date, v[0])
	if err != nil {
		return v, fmt.Errorf("aggregate %s: %w", d.name, err)
	}
	if folded.Silver != v[0].Count {
		return v, fmt.Errorf("aggregate %s: %w: its silver files hold %d rows and %d cents, their manifests say %d and %d", d.name,
			lake.ErrCorrupt, folded.Silver.Rows, folded.Silver.Cents, v[0].Rows, v[0].Cents)
	}
	if err := w.write(ctx, w.sales, folded.Sales, folded.Gross, v[1]); err != nil {
		return v, err
	}
	return v, w.write(ctx, w.products, folded.Products, folded.Gross, v[2])
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
