package dq

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

// rejudgeEvery is how long a held unit rests before it is judged again, if the
// ledger has moved meanwhile: shares of rejects and loss may have fallen.
const rejudgeEvery = time.Minute

// noteEvery is how long a balance may be missing from dq/ledger while there is nothing else to write.
const noteEvery = time.Minute

// goldTables are the slices of a day; they are published together and judged
// together, each after those that it is held against.
var goldTables = []string{sales.TableFacts, sales.TableDailySales, sales.TableDailyProducts, sales.TableHourlySales, sales.TableRefundsByDay, sales.TableRestatements}

// gate says what of a topic is judged.
type gate struct {
	dataset  string
	tables   []string                    // that are loaded; others get no verdict
	together func(*lake.Manifest) string // names what is judged together
}

// gates are those of the topics that the stage consumes.
var gates = map[string]gate{
	sales.TopicGold:   {sales.TopicEvents, goldTables, func(m *lake.Manifest) string { return m.Day }},
	sales.TopicSilver: {sales.TopicCustomers, []string{sales.TableSilverCustomers}, func(m *lake.Manifest) string { return m.Slice }},
}

// unit is what the task knows of slices that are judged together and have no passing
// verdict yet: those of a day of gold, or a slice of silver.
type unit struct {
	manifests map[string]*lake.Manifest // newest by table
	first     int64                     // offset of the oldest record without a verdict, -1 when all have one
	retry     time.Time                 // when it is judged, if it lacked a file
}

// complete tells whether the manifests of one version are all there.
func (g gate) complete(u *unit) bool {
	for _, table := range g.tables {
		m := u.manifests[table]
		if m == nil || m.Version != u.manifests[g.tables[0]].Version {
			return false
		}
	}
	return true
}

func (u *unit) pending() bool { return u.first >= 0 }

// task gives the verdicts of one partition of a topic.
type task struct {
	*stage
	gate
	topic     string
	partition int32
	files     files
	next      int64
	committed int64
	flushed   int64            // next of the last flush
	units     map[string]*unit // pending or held
	since     time.Time        // when the oldest pending arrived
	judged    time.Time        // when held units were last judged
	strikes   int64            // of the keeper, at that time
	seen      int64            // acceptances that had come by then
	seat      *control.Seat    // tells of more
	given     []judgement      // by the last flush
	struck    map[string]int64 // number of the balance that is in dq/ledger, by table of silver
	striking  map[string]int64 // the same, once the last flush is committed
	noted     time.Time        // when balances were last looked at
}

// Open takes up the units that are held: a restored file, another threshold or
// a ledger that balances by now may let them pass.
func (s *stage) Open(ctx context.Context, p stream.Partition, next int64) (stream.Task, error) {
	if p.Topic == sales.TopicLoads {
		return s.openLoads(p, next), nil
	}
	t := &task{stage: s, gate: gates[p.Topic], topic: p.Topic, partition: p.ID, files: s.files(p), next: next, committed: next, units: map[string]*unit{}, noted: time.Now()}
	t.seat = s.accepted.Sit(nil)
	held, err := t.held(ctx)
	if err != nil || len(held) == 0 {
		return t, err
	}
	err = stream.ReadToEnd(ctx, s.Kafka, p.Topic, []int32{p.ID}, func(r stream.Record) error {
		if r.Offset >= next || len(r.Value) == 0 || !lake.IsManifest(r.Key) {
			return nil
		}
		m, err := lake.DecodeManifest(r.Value)
		if err == nil && slices.Contains(t.tables, m.Table) && held[t.together(m)] {
			t.unit(m).manifests[m.Table] = m
		}
		return err
	})
	return t, err
}

// held are the units with a slice whose newest verdict failed.
func (t *task) held(ctx context.Context) (map[string]bool, error) {
	newest := map[string]*lake.Verdict{}
	err := stream.ReadToEnd(ctx, t.Kafka, sales.TopicVerdicts, []int32{t.partition}, func(r stream.Record) error {
		if len(r.Value) == 0 {
			return nil
		}
		v, err := lake.DecodeVerdict(r.Value)
		if err == nil && slices.Contains(t.tables, v.Manifest.Table) {
			newest[v.Key()] = v
		}
		return err
	})
	t.standing.open(t.place(), t.gate, newest)
	held := map[string]bool{}
	for _, v := range newest {
		if v.Outcome == lake.Fail {
			held[t.together(&v.Manifest)] = true
		}
	}
	return held, err
}

// unit is the one that a manifest belongs to.
func (t *task) unit(m *lake.Manifest) *unit {
	name := t.together(m)
	u := t.units[name]
	if u == nil {
		u = &unit{manifests: map[string]*lake.Manifest{}, first: -1}
		t.units[name] = u
	}
	return u
}

func (t *task) Add(_ context.Context, records []stream.Record) error {
	for _, r := range records {
		t.next = r.Offset + 1
		if len(r.Value) == 0 || !lake.IsManifest(r.Key) {
			continue
		}
		m, err := lake.DecodeManifest(r.Value)
		if err != nil {
			return fmt.Errorf("offset %d: %w", r.Offset, err)
		}
		if !slices.Contains(t.tables, m.Table) {
			continue
		}
		if !t.waiting() {
			t.since = time.Now()
		}
		u := t.unit(m)
		u.manifests[m.Table], u.retry = m, time.Time{}
		if !u.pending() {
			u.first = r.Offset
		}
	}
	return nil
}

// waiting tells whether a unit has manifests that are to be judged.
func (t *task) waiting() bool {
	for _, u := range t.units {
		if u.pending() && u.retry.IsZero() {
			return true
		}
	}
	return false
}

func (t *task) Due(now time.Time, caughtUp bool) time.Time {
	switch {
	case caughtUp && t.upTo() != t.committed:
		return now
	case t.waiting() && !caughtUp:
		return t.since.Add(t.MaxAge)
	case len(t.units) > 0 && t.accepted.Came() != t.seen:
		return now
	case len(t.units) > 0:
		due := t.judged.Add(rejudgeEvery)
		for _, u := range t.units {
			if !u.retry.IsZero() && u.retry.Before(due) {
				due = u.retry
			}
		}
		return due
	case t.topic == sales.TopicSilver:
		return t.noted.Add(noteEvery)
	}
	return time.Time{}
}

// upTo is the offset that a flush now would commit: that of the oldest record
// of a unit that is not complete, or lacks a file.
func (t *task) upTo() int64 {
	next := t.next
	for _, u := range t.units {
		if u.pending() && (!t.complete(u) || !u.retry.IsZero()) {
			next = min(next, u.first)
		}
	}
	return next
}

func (t *task) Committed() {
	for _, j := range t.given {
		t.metrics.given(j, !t.standing.knows(t.place(), &j.Manifest))
		t.standing.given(t.place(), t.gate, j.Verdict)
	}
	t.given, t.committed, t.struck = nil, t.flushed, t.striking
	t.files.tidy()
}

// Wake tells of acceptances, as stream.Waker wants it.
func (t *task) Wake() <-chan struct{} { return t.seat.Wake() }

// Close also takes what the partition holds off this instance's metrics.
func (t *task) Close() {
	t.seat.Leave()
	t.standing.close(t.place())
}

func (t *task) place() stream.Partition { return stream.Partition{Topic: t.topic, ID: t.partition} }
