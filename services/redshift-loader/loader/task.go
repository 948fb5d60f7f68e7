package loader

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/services/redshift-loader/warehouse"
)

// task loads the slices of one partition of lake.verdicts.
type task struct {
	*stage
	log     *zap.Logger
	next    int64
	added   bool                     // records that no commit covers
	since   time.Time                // when the first of them came
	pending map[string]*lake.Verdict // newest passing one of each slice
	loaded  time.Time                // when the last load ended
}

// Add keeps the newest passing verdict of each slice.
func (t *task) Add(_ context.Context, records []stream.Record) error {
	for _, r := range records {
		t.next = r.Offset + 1
		if !t.added {
			t.added, t.since = true, time.Now()
		}
		if len(r.Value) == 0 {
			continue // a deleted key
		}
		v, err := lake.DecodeVerdict(r.Value)
		if err != nil {
			return fmt.Errorf("offset %d: %w", r.Offset, err)
		}
		t.keep(v)
	}
	return nil
}

func (t *task) keep(v *lake.Verdict) {
	if v.Outcome != lake.Pass && v.Outcome != lake.Warn {
		t.metrics.held(v)
		t.log.Warn("held: the verdict is not to load", zap.String("slice", v.Key()),
			zap.Int64("version", v.Manifest.Version), zap.Any("findings", v.Findings))
		return
	}
	if other := t.pending[v.Key()]; other == nil || v.Manifest.Version > other.Manifest.Version {
		t.pending[v.Key()] = v
	}
}

// Due leaves LoadEvery between two loads, and while there is more to read LoadEvery for
// it to gather.
func (t *task) Due(now time.Time, caughtUp bool) time.Time {
	switch {
	case !t.added:
		return time.Time{}
	case !caughtUp:
		return t.since.Add(t.LoadEvery)
	case t.loaded.IsZero():
		return now
	}
	return t.loaded.Add(t.LoadEvery)
}

// Flush loads what is pending. The verdicts are not published again: the commit holds
// just the offset.
func (t *task) Flush(ctx context.Context) (stream.Commit, error) {
	verdicts := make([]*lake.Verdict, 0, len(t.pending))
	for _, v := range t.pending {
		verdicts = append(verdicts, v)
	}
	start := time.Now()
	r, err := t.Warehouse.Load(ctx, verdicts)
	if err != nil {
		return stream.Commit{}, t.failed(err)
	}
	t.Waiting("")
	t.loaded = time.Now()
	t.report(ctx, r, t.loaded.Sub(start))
	return stream.Commit{Next: t.next}, nil
}

// failed makes the verdicts come again where waiting helps; anything else stops the
// load, which must not go on past a slice that does not add up.
func (t *task) failed(err error) error {
	t.metrics.failures.Inc()
	if errors.Is(err, warehouse.ErrUnavailable) {
		t.Waiting(err.Error())
		return fmt.Errorf("%w: %w", stream.ErrRetry, err)
	}
	return err
}

func (t *task) report(ctx context.Context, r warehouse.Result, took time.Duration) {
	for _, s := range r.Gone {
		t.log.Warn("a file is gone: waiting for the verdict on the version that replaced it",
			zap.String("table", s.Table), zap.String("slice", s.Slice), zap.Int64("version", s.Version))
	}
	t.metrics.loaded(r, took)
	if len(r.Loaded) == 0 {
		return
	}
	t.log.Info("loaded", zap.Int("slices", len(r.Loaded)), zap.Duration("took", took))
	totals, err := t.Warehouse.Totals(ctx)
	if err != nil {
		t.log.Warn("the ledger's totals are not shown", zap.Error(err)) // the load itself is done
		return
	}
	t.metrics.totals(totals)
}

// Committed forgets what is loaded.
func (t *task) Committed() {
	t.added = false
	clear(t.pending)
}

func (t *task) Close() {}
