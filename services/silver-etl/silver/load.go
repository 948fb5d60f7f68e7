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
	rows     *column.Batch // of schema sales.Silver
	keep     []int32
	keys     dedup.Keys
	rejects  *column.Batch // of schema sales.Quarantine, nil when there are none
	rejected map[sales.Code]lake.Count
}

// load reads a bronze slice whole, or fails.
func (s *stage) load(ctx context.Context, in input) (*loaded, error) {
	bronze := column.NewBatch(sales.Bronze, 0)
	for _, f := range in.Files {
		if err := s.read(ctx, bronze, f); err != nil {
			return nil, fmt.Errorf("read bronze: %w", err)
		}
	}
	result := s.clean(bronze)
	l := &loaded{in: countOf(bronze), replayed: lake.Replayed(bronze), rows: result.Rows, keep: result.Keep, keys: dedup.KeysOf(result.Rows)}
	if len(result.Rejects) > 0 {
		l.reject(bronze, result.Rejects)
	}
	return l, nil
}

// read appends a file's rows to dst, which has a column revenue, and compares
// them with the file's manifest. Errors of the file wrap lake.ErrCorrupt.
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
	for _, v := range dst.Column("revenue").I64[before:] {
		cents += v
	}
	if got := (lake.Count{Rows: int64(dst.Rows() - before), Cents: cents}); got != f.Count {
		dst.Truncate(before)
		return fmt.Errorf("%s: %w: %d rows and %d cents, its manifest says %d and %d",
			f.Key, lake.ErrCorrupt, got.Rows, got.Cents, f.Rows, f.Cents)
	}
	return nil
}

// countOf sums a batch that has a column revenue.
func countOf(b *column.Batch) lake.Count {
	c := lake.Count{Rows: int64(b.Rows())}
	for _, v := range b.Column("revenue").I64 {
		c.Cents += v
	}
	return c
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

func (l *loaded) reject(bronze *column.Batch, rejects []clean.Rejected) {
	l.rejects = quarantine(bronze, rejects)
	l.rejected = map[sales.Code]lake.Count{}
	revenue := bronze.Column("revenue").I64
	for _, r := range rejects {
		l.rejected[r.Code] = l.rejected[r.Code].Add(lake.Count{Rows: 1, Cents: revenue[r.Row]})
	}
}
