package gold

import (
	"context"
	"errors"
	"fmt"

	"go.uber.org/zap"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/services/gold-aggregator/fold"
)

// errApart says that changes do not lead from what a state has to what a manifest says.
var errApart = errors.New("the changes do not lead to the manifest's rows")

// state is a day's aggregates, and the silver slices that are in them.
type state struct {
	day    *fold.Day
	slices map[string]part
}

// part is what a state has of a slice.
type part struct {
	version int64
	lake.Count
}

func newState(date int32) *state { return &state{fold.NewDay(date), map[string]part{}} }

// current gives a day's state with the newest version of each slice. st is the state that is
// there, nil for none; it must not be used again. Where changes do not lead on
// from it, the day is made from its files.
func (w *worker) current(ctx context.Context, d *day, st *state) (*state, error) {
	if st != nil {
		err := w.advance(ctx, d, st)
		if err == nil {
			return st, nil
		}
		if !errors.Is(err, errApart) && !errors.Is(err, fold.ErrApart) && !errors.Is(err, blob.ErrNotFound) {
			return nil, err
		}
		w.Log.Info("a day is made from its files, as its changes do not lead on", zap.String("day", d.name), zap.Error(err))
	}
	w.metrics.rebuilt.Inc()
	st = newState(d.date)
	for _, m := range d.slices() {
		if err := w.putOn(ctx, st, m); err != nil {
			return nil, err
		}
	}
	return st, nil
}

// advance brings each slice in a state to its newest version.
func (w *worker) advance(ctx context.Context, d *day, st *state) error {
	for _, m := range d.slices() {
		have := st.slices[m.Slice]
		if have.version == m.Version {
			continue
		}
		if have.Rows == 0 { // nothing is to be taken off
			if err := w.putOn(ctx, st, m); err != nil {
				return err
			}
			continue
		}
		changes, ok := m.Since(have.version)
		if !ok {
			return fmt.Errorf("%w: %s does not say what changed since version %d", errApart, m.Key(), have.version)
		}
		if err := w.change(ctx, st, m, changes); err != nil {
			return err
		}
	}
	return nil
}

// putOn adds all rows of a slice.
func (w *worker) putOn(ctx context.Context, st *state, m *lake.Manifest) error {
	held := part{version: m.Version}
	for _, f := range m.Files {
		sum, err := w.apply(ctx, st, f, w.rows)
		if err != nil {
			return err
		}
		if sum.Cents != f.Cents {
			return fmt.Errorf("%s: %w: revenue of %s, its manifest says %s", f.Key, lake.ErrCorrupt,
				sales.FormatCents(sum.Cents), sales.FormatCents(f.Cents))
		}
		held.Count = held.Add(sum)
	}
	if held.Count != m.Count {
		return fmt.Errorf("%s: %w: its files hold %d rows and %d cents, its manifest says %d and %d", m.Key(), lake.ErrCorrupt,
			held.Rows, held.Cents, m.Rows, m.Cents)
	}
	st.slices[m.Slice] = held
	return nil
}

// change takes the changes of a slice since the version that the state has.
func (w *worker) change(ctx context.Context, st *state, m *lake.Manifest, changes []lake.Change) error {
	held := part{m.Version, st.slices[m.Slice].Count}
	for _, c := range changes {
		for _, f := range c.Added {
			if err := w.applyTo(ctx, st, f, w.rows, &held); err != nil {
				return err
			}
		}
		for _, f := range c.Changed {
			if err := w.applyTo(ctx, st, f, w.changed, &held); err != nil {
				return err
			}
		}
	}
	if held.Count != m.Count {
		return fmt.Errorf("%w: %s has %d rows and %d cents by its changes, its manifest says %d and %d", errApart, m.Key(),
			held.Rows, held.Cents, m.Rows, m.Cents)
	}
	st.slices[m.Slice] = held
	return nil
}

func (w *worker) applyTo(ctx context.Context, st *state, f lake.File, rows *column.Batch, held *part) error {
	sum, err := w.apply(ctx, st, f, rows)
	held.Count = held.Add(sum)
	return err
}

// apply takes a file into the state, by way of a batch of the columns to read.
func (w *worker) apply(ctx context.Context, st *state, f lake.File, rows *column.Batch) (lake.Count, error) {
	if err := w.read(ctx, f, rows); err != nil {
		return lake.Count{}, err
	}
	sum, err := st.day.Apply(rows)
	if err != nil {
		return sum, fmt.Errorf("%s: %w", f.Key, err)
	}
	w.metrics.files.Inc()
	w.metrics.rows.Add(float64(f.Rows))
	return sum, nil
}
