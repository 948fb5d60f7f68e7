package gold

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/services/gold-aggregator/fold"
)

// warm makes the states of the partition's most recent days, as many as are its
// share of the cache, so that their first refresh costs no more than the next.
func (t *task) warm(ctx context.Context) error {
	recent := t.recent(t.CacheBytes / t.Partitions)
	states := make([]*state, len(recent))
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(cap(t.workers))
	for i, d := range recent {
		group.Go(func() (err error) {
			states[i], err = t.made(groupCtx, d)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for i, d := range slices.Backward(recent) { // the newest is dropped last
		if states[i] != nil {
			t.states.put(d, states[i])
		}
	}
	return nil
}

// recent gives the newest days, the newest first, until they take a number of bytes.
func (t *task) recent(bytes int) []*day {
	all := slices.SortedFunc(maps.Values(t.days), func(a, b *day) int { return cmp.Compare(b.date, a.date) })
	for i, d := range all {
		if bytes <= 0 {
			return all[:i]
		}
		for _, m := range d.silver {
			bytes -= int(m.Rows) * fold.RowBytes
		}
	}
	return all
}

// made gives a day's state from its files; nil when one of these is gone, as a newer manifest
// is on its way then.
func (t *task) made(ctx context.Context, d *day) (*state, error) {
	w, err := t.worker(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { t.workers <- w }()
	st, err := w.current(ctx, d, nil)
	switch {
	case errors.Is(err, blob.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("aggregate %s: %w", d.name, err)
	}
	return st, nil
}
