package silver

import (
	"context"
	"fmt"
	"maps"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/services/silver-etl/dedup"
)

// shift books rows as rejected with a code that were superseded, or back when it
// is negative.
func (r *reprocess) shift(l *lake.Ledger, code sales.Code, n lake.Count) {
	if l.Rejected == nil {
		l.Rejected = map[sales.Code]lake.Count{}
	}
	if l.Rejected[code] = l.Rejected[code].Add(n); l.Rejected[code] == (lake.Count{}) {
		delete(l.Rejected, code)
	}
	l.Superseded = l.Superseded.Sub(n)
}

// compare holds the orders' versions as judged now against the current ones, and
// books the difference.
func (r *reprocess) compare(ctx context.Context) error {
	if err := r.recall(ctx, maps.Keys(r.orders)); err != nil {
		return fmt.Errorf("look older orders up: %w", err)
	}
	r.merge = dedup.NewMerge(r.index, &r.columns, len(r.fresh.Rows()), nil)
	batches := r.fresh.Batches()
	for _, b := range batches {
		r.merge.Include(b)
	}
	for _, row := range r.fresh.Rows() {
		version := *r.versions.At(row.Ref)
		day := sales.DayOf(batches[row.Batch].Column(r.dayColumn).I64[row.Row])
		ref, known := r.index.Find(version.Key)
		if known {
			if err := r.replace(*r.index.At(ref), version, day, row); err != nil {
				return err
			}
			continue
		}
		one := lake.Count{Rows: 1, Cents: version.Cents}
		r.gain(day, one)
		r.added = append(r.added, row)
		if err := r.book(version.Key, one); err != nil {
			return err
		}
	}
	for key := range r.orders {
		if err := r.takeAway(key); err != nil {
			return err
		}
	}
	return nil
}

// replace notes an order whose current version is another now, or is spelled
// otherwise.
func (r *reprocess) replace(live, version dedup.Order, day int32, row dedup.Row) error {
	file := live.File
	if live.File = version.File; live == version {
		return nil
	}
	before, after := lake.Count{Rows: 1, Cents: live.Cents}, lake.Count{Rows: 1, Cents: version.Cents}
	r.added = append(r.added, row)
	if was := r.state.files[file].day; was == day {
		d := r.day(day)
		d.Changed++
		d.After = d.After.Sub(before).Add(after)
	} else {
		r.lose(was, before)
		r.gain(day, after)
	}
	return r.book(version.Key, after.Sub(before))
}

// takeAway notes an order that has no valid version any more.
func (r *reprocess) takeAway(key dedup.Key) error {
	ref, known := r.index.Find(key)
	if _, valid := r.versions.Find(key); !known || valid {
		return nil
	}
	live := r.index.At(ref)
	one := lake.Count{Rows: 1, Cents: live.Cents}
	r.lose(r.state.files[live.File].day, one)
	r.removed = append(r.removed, ref)
	return r.book(key, lake.Count{}.Sub(one))
}

func (r *reprocess) gain(day int32, n lake.Count) {
	d := r.day(day)
	d.Added, d.After = d.Added.Add(n), d.After.Add(n)
}

func (r *reprocess) lose(day int32, n lake.Count) {
	d := r.day(day)
	d.Removed, d.After = d.Removed.Add(n), d.After.Sub(n)
}

// book moves what an order's current version changed by between out and
// superseded, in the ledger of the first of its rows that was judged otherwise.
func (r *reprocess) book(key dedup.Key, n lake.Count) error {
	l := r.booked[key]
	if n == (lake.Count{}) {
		return nil
	}
	if l == nil {
		return fmt.Errorf("an order's current version is another by %d rows and %d cents, though none of its rows is judged otherwise: silver is not what its bronze rows say", n.Rows, n.Cents)
	}
	l.Out, l.Superseded = l.Out.Add(n), l.Superseded.Sub(n)
	return nil
}

// write makes the new versions of the slices, and their rejects.
func (r *reprocess) write(ctx context.Context) error {
	if len(r.days) == 0 {
		r.touched, r.done.Version = nil, r.version
		return r.cool(0)
	}
	r.version++
	r.done.Version = r.version
	if err := r.moveRejects(ctx); err != nil {
		return err
	}
	for _, row := range r.added {
		r.merge.Put(row.Batch, row.Row, *r.versions.At(row.Ref))
	}
	for _, ref := range r.removed {
		r.merge.Take(ref)
	}
	if err := r.writeDays(ctx); err != nil {
		return err
	}
	r.eventTime = 0 // the rows are old: their age tells nothing of freshness
	r.closeLedgers()
	r.task.version = r.version
	if len(r.removed) > 0 {
		r.index.Retain(0, func(o *dedup.Order) bool { return o.File != dedup.NoFile })
	}
	if err := r.cool(0); err != nil {
		return err
	}
	r.merge, r.sorted = nil, nil
	return nil
}
