package silver

import (
	"context"
	"fmt"
	"iter"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/services/silver-etl/clean"
	"github.com/saleslake/saleslake/services/silver-etl/dedup"
)

// loaded is a bronze slice that was read and judged.
type loaded struct {
	in       lake.Count
	replayed lake.Count    // of in: replays of rejects
	rows     *column.Batch // of the silver schema
	keep     []int32
	keys     dedup.Keys
	rejected map[sales.Code]lake.Count
}

// load reads a bronze slice whole, or fails, and keeps its rejects.
func (s *stage) load(ctx context.Context, in input) (*loaded, error) {
	bronze := column.NewBatch(s.bronze, 0)
	for _, f := range in.Files {
		if err := s.read(ctx, bronze, f); err != nil {
			return nil, fmt.Errorf("read bronze: %w", err)
		}
	}
	result := s.clean(bronze)
	l := &loaded{in: s.count(bronze), replayed: lake.Replayed(bronze), rows: result.Rows, keep: result.Keep, keys: s.columns.KeysOf(result.Rows)}
	if len(result.Rejects) > 0 {
		l.rejected = s.countRejects(bronze, result.Rejects)
		if err := s.writeRejects(ctx, s.rejectKey(in, ""), s.quarantined(bronze, result.Rejects)); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// read appends a file's rows to dst, which has the column of money if there is
// one, and compares them with the file's manifest. Errors of the file wrap
// lake.ErrCorrupt.
func (s *stage) read(ctx context.Context, dst *column.Batch, f lake.File) error {
	r, err := lake.Fetch(ctx, s.Bucket, f)
	if err != nil {
		return err
	}
	before := dst.Rows()
	if err := r.Read(dst); err != nil {
		return err
	}
	cents := int64(0)
	for _, v := range s.columns.Cents(dst)[before:] {
		cents += v
	}
	if got := (lake.Count{Rows: int64(dst.Rows() - before), Cents: cents}); got != f.Count {
		dst.Truncate(before)
		return fmt.Errorf("%s: %w: %d rows and %d cents, its manifest says %d and %d",
			f.Key, lake.ErrCorrupt, got.Rows, got.Cents, f.Rows, f.Cents)
	}
	return nil
}

// orders are those of the rows that are kept.
func (l *loaded) orders() iter.Seq[dedup.Key] {
	return func(yield func(dedup.Key) bool) {
		for _, row := range l.keep {
			if !yield(l.keys.Orders[row]) {
				return
			}
		}
	}
}

// countRejects sums rejected rows by code.
func (s *stage) countRejects(bronze *column.Batch, rejects []clean.Rejected) map[sales.Code]lake.Count {
	counts, cents := map[sales.Code]lake.Count{}, s.columns.Cents(bronze)
	for _, r := range rejects {
		counts[r.Code] = counts[r.Code].Add(lake.Count{Rows: 1, Cents: cents[r.Row]})
	}
	return counts
}
