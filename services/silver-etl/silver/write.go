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

// maxFiles is the number of files of a slice beyond which they become one:
// readers pay for each file, a merge pays for each row.
const maxFiles = 8

// change is what a commit does to one day's slice.
type change struct {
	day    int32
	rows   []int32         // new rows, as positions in the merge's Rows
	lost   map[*file]int64 // rows that the slice's files lose
	number uint32          // of the new file
	made   *slice          // the outcome
	took   int64           // rows taken over from replaced files
	before []*file         // files that the new version does not have any more
}

// writer makes silver files; it keeps its buffers between files.
type writer struct {
	encoder *lake.Encoder
	rows    *column.Batch // the file in the making
	old     *column.Batch // a file that is taken over
	pick    []int32
}

func newWriter(e lake.Encoding) (*writer, error) {
	encoder, err := lake.NewEncoder(sales.Silver, e)
	if err != nil {
		return nil, err
	}
	return &writer{encoder: encoder, rows: column.NewBatch(sales.Silver, 0), old: column.NewBatch(sales.Silver, 0)}, nil
}

// writeDays makes the new versions of all touched slices, in parallel, and
// then moves the state to them.
func (c *commit) writeDays(ctx context.Context) error {
	changes, err := c.plan()
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
	for _, ch := range changes {
		c.apply(ch)
	}
	return nil
}

// plan finds the days that the merge touches, in their order.
func (c *commit) plan() ([]*change, error) {
	byDay := map[int32]*change{}
	of := func(day int32) *change {
		if byDay[day] == nil {
			byDay[day] = &change{day: day, lost: map[*file]int64{}}
		}
		return byDay[day]
	}
	for day, rows := range c.rowsByDay() {
		of(day).rows = rows
	}
	for _, r := range c.merge.Rows() {
		if r.Old != dedup.NoFile {
			f := c.state.files[r.Old]
			of(f.day).lost[f]++
		}
	}
	changes := make([]*change, 0, len(byDay))
	for _, ch := range byDay {
		changes = append(changes, ch)
	}
	slices.SortFunc(changes, func(a, b *change) int { return int(a.day) - int(b.day) })
	for _, ch := range changes {
		var err error
		if ch.number, err = c.number(); err != nil {
			return nil, err
		}
	}
	return changes, nil
}

// rowsByDay sorts the merge's rows by day with a counting sort: days are few
// and close to each other.
func (c *commit) rowsByDay() map[int32][]int32 {
	rows := c.merge.Rows()
	if len(rows) == 0 {
		return nil
	}
	days := make([]int32, len(rows))
	first, last := int32(1<<31-1), int32(-1<<31)
	for i, r := range rows {
		b := c.merge.Batch(r.Batch)
		days[i] = sales.DayOf(b.Column("order_ts").I64[r.Row])
		first, last = min(first, days[i]), max(last, days[i])
		c.eventTime = max(c.eventTime, b.Column("event_ts").I64[r.Row])
	}
	ends := make([]int32, int(last-first)+1)
	for _, day := range days {
		ends[day-first]++
	}
	byDay := map[int32][]int32{}
	sorted, from := make([]int32, len(rows)), int32(0)
	for i, n := range ends {
		if n > 0 {
			byDay[first+int32(i)] = sorted[from : from+n : from+n]
		}
		ends[i] = from
		from += n
	}
	for i, day := range days {
		sorted[ends[day-first]] = int32(i)
		ends[day-first]++
	}
	return byDay
}

// writeDay makes the new version of one slice: a file of its new rows and of
// the remaining rows of the files that lose one, beside those that stay.
func (c *commit) writeDay(ctx context.Context, w *writer, ch *change) error {
	w.rows.Reset()
	made := &slice{}
	for _, f := range c.current(ch.day) {
		if c.stays(ch, f) {
			made.files = append(made.files, f)
			continue
		}
		ch.before = append(ch.before, f)
		if err := c.takeOver(ctx, w, ch, f); err != nil {
			return fmt.Errorf("take over rows: %w", err)
		}
	}
	ch.took = int64(w.rows.Rows())
	newest := c.gather(w, ch)
	if w.rows.Rows() > 0 {
		f, err := c.upload(ctx, w, ch)
		if err != nil {
			return err
		}
		made.files = append(made.files, f)
	}
	made.manifest = c.manifest(ch.day, made.files, newest)
	ch.made = made
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
	w.rows.AppendRows(w.old, w.pick)
	return nil
}

// gather appends the day's new rows and gives the newest event_ts among them.
func (c *commit) gather(w *writer, ch *change) (newest int64) {
	all := c.merge.Rows()
	for from := 0; from < len(ch.rows); {
		number := all[ch.rows[from]].Batch
		b := c.merge.Batch(number)
		times := b.Column("event_ts").I64
		w.pick = w.pick[:0]
		for ; from < len(ch.rows) && all[ch.rows[from]].Batch == number; from++ {
			row := all[ch.rows[from]].Row
			w.pick = append(w.pick, row)
			newest = max(newest, times[row])
		}
		w.rows.AppendRows(b, w.pick)
	}
	return newest
}

// upload writes the file in the making.
func (c *commit) upload(ctx context.Context, w *writer, ch *change) (*file, error) {
	data, err := w.encoder.Encode(nil, w.rows)
	if err != nil {
		return nil, err
	}
	hash := lake.Hash(data)
	key := lake.VersionKey(sales.TableSilver, lake.SilverSlice(ch.day, c.partition), c.version, hash)
	if err := c.Bucket.Put(ctx, key, data); err != nil {
		return nil, err
	}
	return &file{number: ch.number, day: ch.day,
		File: lake.File{Key: key, Bytes: int64(len(data)), SHA256: hash, Count: countOf(w.rows)}}, nil
}

// manifest describes the slice's new version. A version that only lost rows
// keeps the event time of the one before.
func (c *commit) manifest(day int32, files []*file, newest int64) *lake.Manifest {
	m := &lake.Manifest{Format: lake.Format, Table: sales.TableSilver, Slice: lake.SilverSlice(day, c.partition),
		Day: sales.FormatDay(day), Partition: c.partition, Version: c.version, Schema: sales.Silver.Version,
		Cluster: c.cluster, EventTime: newest, Created: time.Now().UnixMicro(), Files: make([]lake.File, len(files))}
	for i, f := range files {
		m.Files[i] = f.File
		m.Count = m.Count.Add(f.Count)
	}
	if s := c.state.slices[day]; s != nil && newest == 0 {
		m.EventTime = s.manifest.EventTime
	}
	return m
}

// apply makes a change the current state.
func (c *commit) apply(ch *change) {
	c.put(ch.day, ch.made)
	c.merge.Settle(ch.rows, ch.number)
	c.manifests = append(c.manifests, ch.made.manifest)
	c.rewritten += ch.took
	for _, f := range ch.before {
		c.replaced = append(c.replaced, f.Key)
	}
	for _, f := range ch.made.files {
		if f.number == ch.number {
			c.files++
			c.bytes += f.Bytes
		}
	}
}
