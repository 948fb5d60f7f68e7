package report

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// maxKept bounds what is kept in memory: results of the newest versions, samples and
// lines of the ledger, of each.
const maxKept = 500_000

// ErrTooMuch means that a query takes in more than fits into memory.
var ErrTooMuch = errors.New("too much for one report")

// Query says what a report is about.
type Query struct {
	From  int32     // first UTC day of the slices, in days since 1970-01-01
	To    int32     // last one
	Table string    // only this one; empty for all
	Since int32     // oldest run date: what was judged before is not read
	Now   time.Time // the newest run date is its day
}

// The days of a query that asks for all.
const (
	AnyDay   = math.MinInt32 // From
	AnyDayTo = math.MaxInt32 // To
)

// runs are the run dates that are read. Events may be a day ahead, so a day is never
// judged earlier than on the day before.
func (q Query) runs() (from, to int32) {
	from, to = q.Since, sales.DayOf(q.Now.UnixMicro())
	if q.From != AnyDay {
		from = max(from, q.From-1)
	}
	return from, to
}

// Read makes the report of a lake.
func Read(ctx context.Context, bucket *blob.Bucket, q Query) (*Report, error) {
	s := newState(q)
	read := func(schema *column.Schema, add func(*column.Batch) error) error {
		from, to := q.runs()
		for day := from; day <= to; day++ {
			if err := readDate(ctx, bucket, schema, day, add); err != nil {
				return err
			}
		}
		return nil
	}
	if err := read(sales.Results, s.addResults); err != nil {
		return nil, err
	}
	for _, at := range s.slices {
		at.settle()
	}
	if err := read(sales.Samples, s.addSamples); err != nil { // of results that stand
		return nil, err
	}
	if err := read(sales.DQLedger, s.addLedger); err != nil {
		return nil, err
	}
	return s.report(), nil
}

// readDate hands the files of a run date to add, one at a time. Small files are merged
// meanwhile, and what goes has been written to another one before: so the date is listed
// again until there is nothing new. Rows that are met twice count once.
func readDate(ctx context.Context, bucket *blob.Bucket, schema *column.Schema, day int32, add func(*column.Batch) error) error {
	prefix := fmt.Sprintf("%s/date=%s/", schema.Name, sales.FormatDay(day))
	read := map[string]bool{}
	for before := -1; before < len(read); {
		before = len(read)
		for key, err := range bucket.Keys(ctx, prefix) {
			if err != nil {
				return fmt.Errorf("list %s: %w", prefix, err)
			}
			if read[key] {
				continue
			}
			read[key] = true
			data, err := bucket.Get(ctx, key)
			if errors.Is(err, blob.ErrNotFound) {
				continue
			}
			if err != nil {
				return fmt.Errorf("read %s: %w", key, err)
			}
			if err := readFile(key, data, schema, add); err != nil {
				return err
			}
		}
	}
	return nil
}

func readFile(key string, data []byte, schema *column.Schema, add func(*column.Batch) error) error {
	r, err := lake.Open(key, data)
	if err != nil {
		return err
	}
	b := column.NewBatch(schema, int(r.Rows()))
	if err := r.Read(b); err != nil {
		return err
	}
	return add(b)
}
