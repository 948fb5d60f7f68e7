package silver

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/services/silver-etl/dedup"
)

// writer makes the files of one slice at a time; it keeps its buffers between
// them.
type writer struct {
	rows    *lake.Encoder
	changes *lake.Encoder
	rejects *lake.Encoder
	kept    *column.Batch // rows taken over from replaced files
	old     *column.Batch // one of those
	lost    lostRows
	pick    []int32 // rows of old that stay
	gone    []int32 // and the others
	most    int     // rows that a buffer has held
}

func newWriter(d *dataset, e lake.Encoding) (*writer, error) {
	w := &writer{kept: column.NewBatch(d.silver, 0), old: column.NewBatch(d.silver, 0), lost: newLostRows(d.silver)}
	var err error
	if w.rows, err = lake.NewEncoder(d.silver, e); err != nil {
		return nil, err
	}
	if w.changes, err = lake.NewEncoder(d.changes, e); err != nil {
		return nil, err
	}
	w.rejects, err = lake.NewEncoder(d.quarantine, e)
	return w, err
}

// keptRows is how many rows the buffers of a writer may have room for between two files.
const keptRows = 1 << 16

// shrink gives the buffers back that a large file took: one in a hundred is large, and each writer would have its own.
func (w *writer) shrink() {
	if w.most <= keptRows {
		return
	}
	w.most, w.pick, w.gone = 0, nil, nil
	w.kept, w.old, w.lost = column.NewBatch(w.kept.Schema, 0), column.NewBatch(w.old.Schema, 0), newLostRows(w.lost.rows.Schema)
}

// writeDays makes the new versions of all touched slices, in parallel, and
// then moves the state to them.
func (c *commit) writeDays(ctx context.Context) error {
	var err error
	if c.sorted, err = c.sortByDay(c.merge); err != nil {
		return err
	}
	changes, err := c.plan()
	if err != nil {
		return err
	}
	c.puts = c.Bucket.Puts(ctx)
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for _, ch := range changes {
		group.Go(func() error {
			w := <-c.writers
			defer func() {
				w.shrink()
				c.writers <- w
			}()
			if err := c.writeDay(groupCtx, w, ch); err != nil {
				return fmt.Errorf("write %s: %w", lake.SilverSlice(ch.day, c.partition), err)
			}
			return nil
		})
	}
	if err := c.puts.Wait(group.Wait()); err != nil {
		return err
	}
	c.apply(changes)
	return nil
}

// writeDay makes the new version of one slice: the files of its parts, and a
// file of what changed.
func (c *commit) writeDay(ctx context.Context, w *writer, ch *change) error {
	w.lost.reset()
	ch.made = &slice{}
	entry := lake.Change{Version: c.version}
	for _, p := range ch.parts {
		f, err := ch.stays(p), error(nil)
		if f == nil {
			f, err = c.writePart(ctx, w, ch, p)
		}
		if err != nil {
			return err
		}
		if f.Rows > 0 {
			ch.made.files = append(ch.made.files, f)
		}
		if p.fresh && len(p.files) == 0 && ch.appends() {
			entry.Added = []lake.File{f.File}
		}
	}
	if ch.listed() && entry.Added == nil {
		f, err := c.upload(w.changes, c.changes.Name, ch, ch.batches(c.dataset, &w.lost))
		if err != nil {
			return fmt.Errorf("write changes: %w", err)
		}
		entry.Changed = []lake.File{f}
	}
	ch.made.manifest = c.manifest(ch, entry)
	ch.rows, ch.prev, ch.parts = nil, nil, nil
	return nil
}

// writePart writes one file. It has no rows when its files have lost all.
func (c *commit) writePart(ctx context.Context, w *writer, ch *change, p *part) (*file, error) {
	w.kept.Reset()
	for _, f := range p.files {
		if err := c.takeOver(ctx, w, ch, p, f); err != nil {
			return nil, fmt.Errorf("take over rows: %w", err)
		}
	}
	ch.took += int64(w.kept.Rows())
	batches := []*column.Batch{w.kept}
	if p.fresh && ch.rows != nil {
		batches = append(batches, ch.rows)
	}
	f, err := c.upload(w.rows, c.silver.Name, ch, batches)
	return &file{File: f, number: p.number, day: ch.day}, err
}

// takeOver appends the rows of a file that are still current, and says in the
// index where they are from now on; those that are not are kept as lost. No
// other goroutine meets these orders: each has one row.
func (c *commit) takeOver(ctx context.Context, w *writer, ch *change, p *part, f *file) error {
	if f.Rows == ch.lost[f] && !ch.listed() {
		return nil
	}
	w.old.Reset()
	if err := c.read(ctx, w.old, f.File); err != nil {
		return err
	}
	w.pick, w.gone = w.pick[:0], w.gone[:0]
	for row, key := range c.columns.OrdersOf(w.old) {
		ref, known := c.index.Find(key)
		if !known && ch.day >= c.hot {
			return fmt.Errorf("%s: row %d: its order is not in the index", f.Key, row+1)
		}
		if !known { // the commit has not met the order
			w.pick = append(w.pick, int32(row))
			continue
		}
		o := c.index.At(ref)
		if o.File == f.number {
			o.File = p.number
			w.pick = append(w.pick, int32(row))
			continue
		}
		w.gone = append(w.gone, int32(row))
		if ch.listed() {
			w.lost.ops.AppendString(c.lossOf(ch, o))
		}
	}
	if int64(len(w.gone)) != ch.lost[f] {
		return fmt.Errorf("%s: %d rows are current, want %d", f.Key, len(w.pick), f.Rows-ch.lost[f])
	}
	w.kept.AppendRows(w.old, w.pick)
	w.most = max(w.most, w.old.Rows(), w.kept.Rows(), w.lost.rows.Rows()+len(w.gone))
	if ch.listed() {
		w.lost.rows.AppendRows(w.old, w.gone)
	}
	return nil
}

// lossOf says why a row of the slice is not current any more.
func (c *commit) lossOf(ch *change, o *dedup.Order) string {
	if row, changed := c.merge.Changed(o); changed {
		if day, _ := c.sorted.at(row); day == ch.day {
			return sales.OpBefore
		}
	}
	return sales.OpDelete
}

// upload has the batches written as one file of a table; none when they are empty.
func (c *commit) upload(e *lake.Encoder, table string, ch *change, batches []*column.Batch) (lake.File, error) {
	sum := lake.Count{}
	for _, b := range batches {
		sum = sum.Add(c.count(b))
	}
	if sum.Rows == 0 {
		return lake.File{}, nil
	}
	data, err := e.Encode(nil, batches...)
	if err != nil {
		return lake.File{}, err
	}
	key := lake.VersionKey(table, lake.SilverSlice(ch.day, c.partition), c.version, lake.Hash(data))
	ch.files++
	ch.bytes += int64(len(data))
	return lake.NewFile(key, data, sum), c.puts.Put(key, data)
}

// manifest describes the slice's new version. A version that only lost rows
// keeps the event time of the one before.
func (c *commit) manifest(ch *change, entry lake.Change) *lake.Manifest {
	m := &lake.Manifest{Format: lake.Format, Table: c.silver.Name, Slice: lake.SilverSlice(ch.day, c.partition),
		Day: sales.FormatDay(ch.day), Partition: c.partition, Version: c.version, Schema: c.silver.Version,
		Cluster: c.cluster, Created: time.Now().UnixMicro(), Files: make([]lake.File, len(ch.made.files))}
	for i, f := range ch.made.files {
		m.Files[i] = f.File
		m.Count = m.Count.Add(f.Count)
	}
	switch {
	case ch.rows != nil:
		m.EventTime = slices.Max(ch.rows.Column(c.columns.Time).I64)
	case ch.before != nil:
		m.EventTime = ch.before.manifest.EventTime
	}
	ch.list(m, entry)
	return m
}

// apply makes the changes the current state.
func (c *commit) apply(changes []*change) {
	numbers := make([]uint32, 0, len(c.sorted.days)) // of the days with new rows
	for _, ch := range changes {
		if len(numbers) < len(c.sorted.days) && c.sorted.days[len(numbers)].day == ch.day {
			numbers = append(numbers, ch.number)
			c.eventTime = max(c.eventTime, ch.made.manifest.EventTime)
		}
		c.put(ch.day, ch.made)
		c.manifests = append(c.manifests, ch.made.manifest)
		c.replaced = append(c.replaced, ch.replaced()...)
		c.rewritten += ch.took
		c.files += ch.files
		c.bytes += ch.bytes
	}
	c.merge.Settle(func(i int) uint32 { return numbers[c.sorted.dayOf[i]] })
}

// replaced gives the objects that the slice's new version does not name any more.
func (ch *change) replaced() []string {
	if ch.before == nil {
		return nil
	}
	named := ch.made.manifest.Named()
	var keys []string
	for key := range ch.before.manifest.Named() {
		if !named[key] {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}
