package loader

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/cenkalti/backoff/v5"
	"go.uber.org/zap"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/services/redshift-loader/warehouse"
)

// task loads the slices of one partition of lake.verdicts.
type task struct {
	*stage
	id        int32
	partition string // the same, as a label
	log       *zap.Logger
	next      int64
	added     bool                     // records that no commit covers
	since     time.Time                // when the first of them came
	pending   map[string]*lake.Verdict // newest passing one of each slice that is not loaded
	gone      map[string]*wait         // of those that lack a file, by slice
	loaded    time.Time                // when the last load ended
}

// wait is how long a slice has lacked a file, and when it is tried again.
type wait struct {
	since, retry time.Time
	pauses       *backoff.ExponentialBackOff
}

// A slice that lacks a file is tried again after pauses from the first to the last, and is a
// warning when it has waited longer than any newer version takes to come.
const (
	firstGonePause = time.Second
	lastGonePause  = 10 * time.Minute
	goneTooLong    = 5 * time.Minute
)

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
	if !v.Passed() {
		t.metrics.held(v)
		t.log.Info("held: the verdict is not to load, dq-checker's log says why", zap.String("slice", v.Key()), zap.Int64("version", v.Manifest.Version))
		return
	}
	if other := t.pending[v.Key()]; other == nil || v.Manifest.Version > other.Manifest.Version {
		t.pending[v.Key()] = v
		delete(t.gone, v.Key())
	}
}

// Due is when the clock next shows a multiple of LoadEvery, so that the partitions wake the
// warehouse together, or when it has rested then; the first load of a task is as soon as it has caught up. Slices that
// lack a file are tried at such times, too.
func (t *task) Due(now time.Time, caughtUp bool) time.Time {
	due, retry := time.Time{}, t.nextRetry()
	switch {
	case t.added && caughtUp && t.loaded.IsZero():
		due = now
	case t.added:
		due = t.tick(t.since)
	}
	if due.IsZero() || !retry.IsZero() && retry.Before(due) {
		due = retry
	}
	if rested := t.rest.end(); !due.IsZero() && rested.After(due) {
		return rested
	}
	return due
}

// tick is the first time to load after another.
func (t *task) tick(after time.Time) time.Time {
	return after.Truncate(t.LoadEvery).Add(t.LoadEvery)
}

// nextRetry is when the first of the slices that lack a file is tried again.
func (t *task) nextRetry() (next time.Time) {
	for _, w := range t.gone {
		if next.IsZero() || w.retry.Before(next) {
			next = w.retry
		}
	}
	return next
}

// Flush loads what is pending, and publishes what the warehouse's ledger then says of it. The
// offset is committed also of slices that lack a file, which a later Open finds by that ledger.
func (t *task) Flush(ctx context.Context) (stream.Commit, error) {
	start := time.Now()
	verdicts := make([]*lake.Verdict, 0, len(t.pending))
	for key, v := range t.pending {
		if w := t.gone[key]; w == nil || !w.retry.After(start) {
			verdicts = append(verdicts, v)
		}
	}
	r, err := t.Warehouse.Load(ctx, verdicts)
	if err != nil {
		t.metrics.failures.Inc()
		return stream.Commit{}, t.failed(err)
	}
	t.Waiting("")
	t.loaded = time.Now()
	t.settle(verdicts, r.Gone)
	t.report(ctx, r)
	commit := stream.Commit{Next: t.next, Tallies: tallies(r.Loaded)}
	if len(verdicts) == 0 {
		return commit, nil
	}
	loaded, err := t.Warehouse.Loaded(ctx, verdicts)
	if err != nil {
		return commit, t.failed(err)
	}
	commit.Records = t.loads(verdicts, loaded)
	return commit, nil
}

// loads tells which of the verdicts' slices the warehouse holds, also those that it held
// before: a crash may have come between its commit and Kafka's.
func (t *task) loads(verdicts []*lake.Verdict, loaded map[string]warehouse.Slice) []stream.Record {
	var records []stream.Record
	for _, v := range verdicts {
		s, ok := loaded[v.Key()]
		if !ok || s.Version < v.Manifest.Version {
			continue
		}
		l := lake.Loaded{Format: lake.Format, Table: s.Table, Slice: s.Slice, Version: s.Version, Count: s.Count, Loaded: t.loaded.UnixMicro()}
		records = append(records, stream.Record{Topic: sales.TopicLoads, Partition: t.id, Key: []byte(l.Key()), Value: l.Encode()})
	}
	return records
}

// settle keeps of the verdicts those whose slice lacks a file.
func (t *task) settle(verdicts []*lake.Verdict, gone []warehouse.GoneSlice) {
	before := t.gone
	t.gone = maps.Clone(before)
	kept := map[string]*lake.Verdict{}
	for _, v := range verdicts {
		kept[v.Key()] = v
		delete(t.pending, v.Key())
		delete(t.gone, v.Key())
	}
	for _, s := range gone {
		key := s.Key()
		w := before[key]
		if w == nil {
			w = &wait{since: t.loaded, pauses: backoff.NewExponentialBackOff()}
			w.pauses.InitialInterval, w.pauses.MaxInterval, w.pauses.RandomizationFactor = firstGonePause, lastGonePause, 0
		}
		w.retry = t.tick(t.loaded.Add(w.pauses.NextBackOff()))
		t.pending[key], t.gone[key] = kept[key], w
		t.tell(s, w)
	}
	t.metrics.gone.WithLabelValues(t.partition).Set(float64(len(t.gone)))
}

// tell says that a slice lacks a file, and when that does not pass, what to do.
func (t *task) tell(s warehouse.GoneSlice, w *wait) {
	waits := t.loaded.Sub(w.since)
	fields := []zap.Field{zap.String("slice", s.Key()), zap.Int64("version", s.Version), zap.String("file", s.File),
		zap.Duration("since", waits), zap.Time("next_try", w.retry)}
	if waits < goneTooLong {
		t.log.Info("a file is gone: waiting for the verdict on the version that replaced it", fields...)
		return
	}
	t.log.Warn("a slice cannot be loaded, as a file of its newest version is gone", append(fields,
		zap.String("remedy", "restore the file from the bucket's versions or a backup, or make a newer version of the slice: docs/runbooks/held-slice.md"))...)
}

// failed makes the verdicts come again where waiting helps; anything else stops the
// load, which must not go on past a slice that does not add up.
func (t *task) failed(err error) error {
	if errors.Is(err, warehouse.ErrUnavailable) {
		t.Waiting(err.Error())
		return fmt.Errorf("%w: %w", stream.ErrRetry, err)
	}
	return err
}

func (t *task) report(ctx context.Context, r warehouse.Result) {
	t.metrics.loaded(r)
	if len(r.Loaded) == 0 {
		return
	}
	totals, err := t.Warehouse.Totals(ctx)
	if err != nil {
		t.log.Warn("the ledger's totals are not shown", zap.Error(err)) // the load itself is done
		return
	}
	t.metrics.totals(totals)
}

func (t *task) Committed() { t.added = false }

// Close takes the partition's slices out of the metrics: another instance shows them.
func (t *task) Close() { t.metrics.gone.DeleteLabelValues(t.partition) }
