package gold

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/saleslake/saleslake/pkg/control"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

// task keeps the gold days of one partition.
type task struct {
	*stage
	partition int32
	next      int64 // offset after the last record added
	committed int64 // offset in the last commit
	days      map[string]*day
	changed   map[string]*day      // those that need a new version
	corrected time.Time            // when versions of days that are over were last begun
	late      time.Time            // when such a day last changed
	gone      map[string]time.Time // days whose silver files were gone, and since when
	retry     time.Time            // when to look at these again
	flushed   *commit              // by the last Flush, until it is in Kafka
	done      control.Done         // what the seat starts from
	seat      *control.Seat
	turnOf    bool // of a command, though days have changed
	keeper    *lake.Keeper
	sweepAt   time.Time // when to look for files that nothing names
}

// newTask gives one where a command has the first turn: it may make the table again
// that a refresh cannot read.
func (s *stage) newTask(partition int32, next int64) *task {
	return &task{stage: s, partition: partition, next: next, committed: next, days: map[string]*day{},
		changed: map[string]*day{}, gone: map[string]time.Time{}, done: control.Done{}, turnOf: true, keeper: lake.NewKeeper(lake.KeeperOptions{
			Bucket: s.Bucket, Log: s.Log, Last: lake.LastCopy(Group, partition), MirrorErrors: s.metrics.mirrorErrors, FilesDeleted: s.metrics.filesDeleted})}
}

// Add takes the manifests of sales among the records; ledgers and other tables are
// for others.
func (t *task) Add(ctx context.Context, records []stream.Record) error {
	t.keeper.Reap(ctx)
	if !time.Now().Before(t.sweepAt) {
		t.sweep(ctx)
	}
	for _, r := range records {
		if err := t.addSilver(r); err != nil {
			return fmt.Errorf("offset %d: %w", r.Offset, err)
		}
		t.next = r.Offset + 1
	}
	return nil
}

func (t *task) addSilver(r stream.Record) error {
	if len(r.Value) == 0 || !lake.IsManifest(r.Key) {
		return nil
	}
	m, err := lake.DecodeManifest(r.Value)
	if err != nil || m.Table != sales.TableSilver {
		return err
	}
	d, err := t.dayOf(r, m)
	if err != nil {
		return err
	}
	if d.take(m) {
		t.mark(d)
	}
	return nil
}

func (t *task) addGold(r stream.Record) error {
	switch {
	case len(r.Value) == 0:
		return nil
	case lake.IsDone(r.Key):
		d, err := lake.DecodeDone(r.Value)
		if err == nil {
			t.done.Add(d)
		}
		return err
	}
	m, err := lake.DecodeManifest(r.Value)
	if err != nil {
		return err
	}
	at := tableAt(m.Table)
	if at < 0 {
		return nil
	}
	d, err := t.dayOf(r, m)
	if err != nil {
		return err
	}
	d.gold[at] = m
	return nil
}

// dayOf gives the day of a record's manifest, which must be one of the
// partition's: only then does this task see all of its slices.
func (t *task) dayOf(r stream.Record, m *lake.Manifest) (*day, error) {
	if p := stream.PartitionFor([]byte(m.Day), t.Partitions); p != t.partition {
		return nil, fmt.Errorf("%s is on partition %d of %s, its day belongs to %d", m.Key(), t.partition, r.Topic, p)
	}
	if d := t.days[m.Day]; d != nil {
		return d, nil
	}
	date, err := sales.ParseDay(m.Day)
	if err != nil {
		return nil, fmt.Errorf("day of %s: %w", m.Key(), err)
	}
	d := &day{name: m.Day, date: date, silver: map[string]*lake.Manifest{}}
	t.days[m.Day] = d
	return d, nil
}

// mark has a changed day made again.
func (t *task) mark(d *day) {
	now := time.Now()
	if t.changed[d.name] == nil {
		d.since = now
	}
	if d.over(now) {
		t.late = now
	}
	taken := d.taken()
	newer := d.newer(taken)
	d.whole = len(newer) >= t.Partitions
	for _, m := range newer {
		changes, ok := m.Since(taken[m.Slice])
		d.urgent = d.urgent || ok && len(changes) >= manyChanges
	}
	t.changed[d.name] = d
	delete(t.gone, d.name)
	if len(t.gone) == 0 {
		t.retry = time.Time{}
	}
}

// findChanges compares what Open read.
func (t *task) findChanges() error {
	clear(t.changed)
	for _, d := range t.days {
		if err := d.check(); err != nil {
			return err
		}
		if d.changed() {
			t.mark(d)
		}
	}
	return nil
}

// Wake implements stream.Waker: commands come from elsewhere.
func (t *task) Wake() <-chan struct{} { return t.seat.Wake() }

// command gives the next one, and what of it is done, when it is its turn; nil otherwise.
func (t *task) command(now time.Time) (*lake.Command, *lake.Done) {
	if !t.turnOf && len(t.ready(now)) > 0 {
		return nil, nil
	}
	return t.seat.Next()
}

// correction is when days that are over may get their next versions: they change with every commit of silver, by
// what comes late, and a version of each costs as much as one of today. What comes just then is waited for.
func (t *task) correction() time.Time {
	next := t.corrected.Add(t.CorrectionsEvery)
	return earlier(later(next, t.late.Add(t.Linger)), next.Add(t.MaxAge))
}

// held tells whether a changed day waits for that.
func (t *task) held(d *day, now time.Time) bool {
	return d.over(now) && !d.urgent && now.Before(t.correction())
}

// ready gives the changed days that are not held.
func (t *task) ready(now time.Time) (ready []*day) {
	for _, d := range t.changed {
		if !t.held(d, now) {
			ready = append(ready, d)
		}
	}
	return ready
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// Due is a while after the first change, a shorter one when no more are to be read: those of other partitions of
// silver come about the same time, and a version for each would cost as much as one for all. Once all of them have
// come, there is nothing to wait for. Records that change nothing are only committed when no more are to be read.
func (t *task) Due(now time.Time, caughtUp bool) (due time.Time) {
	command, _ := t.command(now)
	switch {
	case command != nil, len(t.changed) == 0 && caughtUp && t.next != t.committed:
		due = now
	case len(t.changed) == 0:
		return due
	}
	for _, d := range t.changed {
		at := d.since.Add(t.MaxAge)
		switch {
		case caughtUp && d.whole:
			at = d.since
		case caughtUp:
			at = d.since.Add(min(t.Linger, t.MaxAge))
		}
		if t.held(d, now) {
			at = later(at, t.correction())
		}
		if due.IsZero() || at.Before(due) {
			due = at
		}
	}
	return later(due, t.retry)
}

// Committed makes the new versions current, mirrors them and condemns the files
// that they replace.
func (t *task) Committed() {
	c := t.flushed
	t.flushed = nil
	t.committed, t.turnOf = c.next, !c.command
	var entries []lake.Entry
	var replaced []string
	for d, v := range c.days {
		replaced = append(replaced, d.gold.replacedBy(v)...)
		d.gold = v
		delete(t.changed, d.name)
		delete(t.gone, d.name)
		entries = append(entries, lake.Entries(v[:]...)...)
		t.metrics.days.Inc()
		if !c.command && !d.urgent && d.over(c.begun) {
			t.corrected = c.begun
		}
		d.urgent = false
	}
	if c.done != nil {
		t.seat.Did(c.done)
		entries = append(entries, c.done)
	}
	t.keeper.Committed(entries, replaced, t.Grace)
}

// replacedBy gives the files of a version's own that the next does not have; those of
// facts are silver's.
func (v version) replacedBy(next version) []string {
	var keys []string
	for i, m := range v {
		if i == facts || m == nil {
			continue
		}
		for _, f := range m.Files {
			if !slices.ContainsFunc(next[i].Files, func(kept lake.File) bool { return kept.Key == f.Key }) {
				keys = append(keys, f.Key)
			}
		}
	}
	return keys
}

// lastCommit gives what the newest commit published: its copies may be missing if a
// kill came between.
func (t *task) lastCommit() (last []lake.Entry) {
	var newest int64
	add := func(e lake.Entry, created int64) {
		if created > newest {
			last, newest = nil, created
		}
		if created == newest {
			last = append(last, e)
		}
	}
	for _, d := range t.days {
		for _, m := range d.gold {
			if m != nil {
				add(m, m.Created)
			}
		}
	}
	for _, d := range t.done {
		add(d, d.Created)
	}
	return last
}

// Close forgets the days' states and deletes what is due; what is not stays until a
// sweep.
func (t *task) Close() {
	if t.seat != nil {
		t.seat.Leave()
	}
	for _, d := range t.days {
		t.states.take(d)
	}
	t.keeper.Close()
}
