package gold

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/services/gold-aggregator/fold"
)

const (
	maxHistory  = 8       // files of a day's restatements beyond which they become one
	maxCompared = 262_144 // silver rows beyond which the causes of a restatement are not looked for: 100 bytes each
)

// published tells whether a version made at a time, in µs UTC, changes what was
// published: the day had settled, and had a version.
func (d *day) published(made int64, settle time.Duration) bool {
	return d.gold[dailySales] != nil && d.ended(made, settle)
}

// restate gives the next version the day's restatements, whose files are those of the version
// before, and adds what it does to the cells of daily_sales if it restates anything.
func (w *worker) restate(ctx context.Context, d *day, next version, now *column.Batch, restates bool) error {
	m := next[restatements]
	if before := d.gold[restatements]; before != nil {
		m.Files, m.Count = append(m.Files, before.Files...), before.Count
		m.Base, m.Changes = before.Base, slices.Clone(before.Changes)
	}
	if m.Base == 0 { // nothing leads here
		m.Base = m.Version
	}
	if !restates {
		return nil
	}
	old, err := w.readOwn(ctx, d.gold[dailySales], sales.DailySales)
	if errors.Is(err, errOwn) {
		return fmt.Errorf("%w: make the day again with \"gold-aggregator rebuild --from %s --to %s\"", err, d.name, d.name)
	}
	if err != nil {
		return fmt.Errorf("read what was published: %w", err)
	}
	causes, err := w.causes(ctx, d, next[facts])
	if err != nil {
		return fmt.Errorf("find the causes: %w", err)
	}
	rows := fold.Restate(d.date, old, now, fold.Restatement{Version: m.Version, Previous: d.gold[dailySales].Version, Made: m.Created, Causes: causes})
	w.metrics.restated.Add(float64(rows.Rows()))
	if rows.Rows() > 0 && len(m.Files) >= maxHistory {
		return w.mergeHistory(ctx, rows, m)
	}
	had := len(m.Files)
	if err := w.writeFile(restatements, rows, restated(rows), m); err != nil {
		return err
	}
	if len(m.Files) > had {
		m.Changes = append(m.Changes, lake.Change{Version: m.Version, Added: m.Files[had:]})
	}
	return nil
}

// mergeHistory makes one file of a day's restatements, which are to be taken whole then.
func (w *worker) mergeHistory(ctx context.Context, rows *column.Batch, m *lake.Manifest) error {
	all, err := w.readOwn(ctx, m, sales.Restatements)
	if errors.Is(err, errOwn) {
		return fmt.Errorf("%w: restore it, nothing else tells what was restated", err)
	}
	if err != nil {
		return err
	}
	every := make([]int32, rows.Rows())
	for i := range every {
		every[i] = int32(i)
	}
	all.AppendRows(rows, every)
	m.Files, m.Count, m.Base, m.Changes = []lake.File{}, lake.Count{}, m.Version, nil
	return w.writeFile(restatements, all, restated(all), m)
}

// restated is the gross revenue that restatements add to the day, in cents.
func restated(rows *column.Batch) int64 {
	return sum(rows, "new_gross_revenue") - sum(rows, "old_gross_revenue")
}

// evidence is a silver file that tells what changed.
type evidence struct {
	lake.File
	sign int64 // of its rows; 0 when its column _op says that
}

// causes finds the orders that changed between the day's gold version and the next,
// by the changes that silver names or, where these do not lead back to that version, by
// comparing the files that only one of the two has. It finds none when those are
// gone or hold too many rows.
func (w *worker) causes(ctx context.Context, d *day, next *lake.Manifest) (*fold.Causes, error) {
	files, told := d.told()
	if told {
		causes, err := w.judge(ctx, files)
		if !errors.Is(err, blob.ErrNotFound) {
			return causes, err
		}
	}
	causes, err := w.judge(ctx, compared(d.gold[facts].Files, next.Files))
	if errors.Is(err, blob.ErrNotFound) {
		return fold.NewCauses(), nil
	}
	return causes, err
}

// told gives the files of the changes since the day's gold version; false when
// silver does not name them all.
func (d *day) told() (files []evidence, ok bool) {
	taken := d.taken()
	for _, m := range d.newer(taken) {
		since, known := taken[m.Slice]
		if !known {
			files = append(files, signed(m.Files, 1)...)
			continue
		}
		changes, ok := m.Since(since)
		if !ok {
			return nil, false
		}
		for _, c := range changes {
			files = append(files, signed(c.Added, 1)...)
			files = append(files, signed(c.Changed, 0)...)
		}
	}
	return files, true
}

func signed(files []lake.File, sign int64) []evidence {
	all := make([]evidence, len(files))
	for i, f := range files {
		all[i] = evidence{f, sign}
	}
	return all
}

// compared gives the files that only one of two versions has.
func compared(old, now []lake.File) []evidence {
	without := func(files, others []lake.File) []lake.File {
		return slices.DeleteFunc(slices.Clone(files), func(f lake.File) bool {
			return slices.ContainsFunc(others, func(o lake.File) bool { return o.Key == f.Key })
		})
	}
	return append(signed(without(old, now), -1), signed(without(now, old), 1)...)
}

func (w *worker) judge(ctx context.Context, files []evidence) (*fold.Causes, error) {
	causes, rows := fold.NewCauses(), int64(0)
	for _, f := range files {
		rows += f.Rows
	}
	if rows > maxCompared {
		return causes, nil
	}
	for _, f := range files {
		schema, sign := fold.CauseInput, f.sign
		if sign == 0 {
			schema, sign = fold.CauseChanged, 1
		}
		b := column.NewBatch(schema, 0)
		if err := w.read(ctx, f.File, b); err != nil {
			return nil, err
		}
		if err := causes.Take(b, sign); err != nil {
			return nil, fmt.Errorf("%s: %w", f.Key, err)
		}
	}
	return causes, nil
}
