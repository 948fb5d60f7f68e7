package silver

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/services/silver-etl/dedup"
)

// maxFiles is the number of files of a slice beyond which they become one:
// readers pay for each file, a merge pays for each row.
const maxFiles = 8

// change is what a commit does to one day's slice.
type change struct {
	day      int32
	rows     *column.Batch   // new rows, nil when there are none
	lost     map[*file]int64 // rows that the slice's files lose
	number   uint32          // of the new file
	made     *slice          // the outcome
	took     int64           // rows taken over from replaced files
	replaced []*file         // files that the new version does not have any more
}

// writer makes silver files; it keeps its buffers between files.
type writer struct {
	encoder *lake.Encoder
	kept    *column.Batch // rows taken over from replaced files
	old     *column.Batch // one of those
	pick    []int32
}

func newWriter(e lake.Encoding) (*writer, error) {
	encoder, err := lake.NewEncoder(sales.Silver, e)
	if err != nil {
		return nil, err
	}
	return &writer{encoder: encoder, kept: column.NewBatch(sales.Silver, 0), old: column.NewBatch(sales.Silver, 0)}, nil
}

// writeDays makes the new versions of all touched slices, in parallel, and
// then moves the state to them.
func (c *commit) writeDays(ctx context.Context) error {
	sorted, err := sortByDay(c.merge)
	if err != nil {
		return err
	}
	changes, err := c.plan(sorted)
	if err != nil {
		return err
	}
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for _, ch := range changes {
		group.Go(func() error {
			w := <-c.writers
			defer func() { c.writers <- w }()
			if err := c.writeDay(groupCtx, w, ch); err != nil {
				return fmt.Errorf("write %s: %w", lake.SilverSlice(ch.day, c.partition), err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	c.apply(sorted, changes)
	return nil
}

// plan finds the days that the merge touches, in their order.
func (c *commit) plan(sorted *sorting) ([]*change, error) {
	byDay := map[int32]*change{}
	for _, d := range sorted.days {
		byDay[d.day] = &change{day: d.day, rows: d.rows, lost: map[*file]int64{}}
	}
	for _, r := range sorted.rows {
		if r.Old == dedup.NoFile {
			continue
		}
		f := c.state.files[r.Old]
		if byDay[f.day] == nil {
			byDay[f.day] = &change{day: f.day, lost: map[*file]int64{}}
		}
		byDay[f.day].lost[f]++
	}
	changes := make([]*change, 0, len(byDay))
	for _, day := range slices.Sorted(maps.Keys(byDay)) {
		number, err := c.number()
		if err != nil {
			return nil, err
		}
		byDay[day].number = number
		changes = append(changes, byDay[day])
	}
	return changes, nil
}

// writeDay makes the new version of one slice: a file of its new rows and of
// the remaining rows of the files that lose one, beside those that stay.
func (c *commit) writeDay(ctx context.Context, w *writer, ch *change) error {
	w.kept.Reset()
	made := &slice{}
	for _, f := range c.current(ch.day) {
		if c.stays(ch, f) {
			made.files = append(made.files, f)
			continue
		}
		ch.replaced = append(ch.replaced, f)
		if err := c.takeOver(ctx, w, ch, f); err != nil {
			return fmt.Errorf("take over rows: %w", err)
		}
	}
	ch.took = int64(w.kept.Rows())
	batches := []*column.Batch{w.kept}
	if ch.rows != nil {
		batches = append(batches, ch.rows)
	}
	if f, err := c.upload(ctx, w, ch, batches); err != nil {
		return err
	} else if f.Rows > 0 {
		made.files = append(made.files, f)
	}
	made.manifest = c.manifest(ch, made.files)
	ch.made, ch.rows = made, nil
	return nil
}

// current gives the files of a day's slice, none when there is no slice yet.
func (c *commit) current(day int32) []*file {
	if s := c.state.slices[day]; s != nil {
		return s.files
	}
	return nil
}

// stays tells whether the slice's next version keeps the file: when it loses no
// row, and the files do not become too many.
func (c *commit) stays(ch *change, f *file) bool {
	files := c.current(ch.day)
	return ch.lost[f] == 0 && len(files)-len(ch.lost) < maxFiles
}

// takeOver appends the rows of a file that are still current, and says in the
// index where they are from now on. No other goroutine meets these orders: each
// has one row.
func (c *commit) takeOver(ctx context.Context, w *writer, ch *change, f *file) error {
	if f.Rows == ch.lost[f] {
		return nil
	}
	w.old.Reset()
	if err := c.read(ctx, w.old, f.File); err != nil {
		return err
	}
	w.pick = w.pick[:0]
	ids := &w.old.Column("order_id").Text
	for row := range ids.Len() {
		ref, known := c.index.Find(dedup.KeyOf(ids.At(row)))
		if !known {
			return fmt.Errorf("%s: order %q is not in the index", f.Key, ids.At(row))
		}
		if o := c.index.At(ref); o.File == f.number {
			o.File = ch.number
			w.pick = append(w.pick, int32(row))
		}
	}
	if int64(len(w.pick)) != f.Rows-ch.lost[f] {
		return fmt.Errorf("%s: %d rows are current, want %d", f.Key, len(w.pick), f.Rows-ch.lost[f])
	}
	w.kept.AppendRows(w.old, w.pick)
	return nil
}

// upload writes the batches as one file.
func (c *commit) upload(ctx context.Context, w *writer, ch *change, batches []*column.Batch) (*file, error) {
	f := &file{number: ch.number, day: ch.day}
	for _, b := range batches {
		f.Count = f.Count.Add(countOf(b))
	}
	if f.Rows == 0 {
		return f, nil
	}
	data, err := w.encoder.Encode(nil, batches...)
	if err != nil {
		return nil, err
	}
	f.Bytes, f.SHA256 = int64(len(data)), lake.Hash(data)
	f.Key = lake.VersionKey(sales.TableSilver, lake.SilverSlice(ch.day, c.partition), c.version, f.SHA256)
	return f, c.Bucket.Put(ctx, f.Key, data)
}

// manifest describes the slice's new version. A version that only lost rows
// keeps the event time of the one before.
func (c *commit) manifest(ch *change, files []*file) *lake.Manifest {
	m := &lake.Manifest{Format: lake.Format, Table: sales.TableSilver, Slice: lake.SilverSlice(ch.day, c.partition),
		Day: sales.FormatDay(ch.day), Partition: c.partition, Version: c.version, Schema: sales.Silver.Version,
		Cluster: c.cluster, Created: time.Now().UnixMicro(), Files: make([]lake.File, len(files))}
	for i, f := range files {
		m.Files[i] = f.File
		m.Count = m.Count.Add(f.Count)
	}
	switch before := c.state.slices[ch.day]; {
	case ch.rows != nil:
		m.EventTime = slices.Max(ch.rows.Column("event_ts").I64)
	case before != nil:
		m.EventTime = before.manifest.EventTime
	}
	return m
}

// apply makes the changes the current state.
func (c *commit) apply(sorted *sorting, changes []*change) {
	numbers := make([]uint32, 0, len(sorted.days)) // of the days with new rows
	for _, ch := range changes {
		if len(numbers) < len(sorted.days) && sorted.days[len(numbers)].day == ch.day {
			numbers = append(numbers, ch.number)
			c.eventTime = max(c.eventTime, ch.made.manifest.EventTime)
		}
		c.put(ch.day, ch.made)
		c.manifests = append(c.manifests, ch.made.manifest)
		c.rewritten += ch.took
		for _, f := range ch.replaced {
			c.replaced = append(c.replaced, f.Key)
		}
		for _, f := range ch.made.files {
			if f.number == ch.number {
				c.files++
				c.bytes += f.Bytes
			}
		}
	}
	c.merge.Settle(func(i int) uint32 { return numbers[sorted.dayOf[i]] })
}
