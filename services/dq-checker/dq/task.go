package dq

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

// rejudgeEvery is how long a held day rests before it is judged again, if the
// ledger has moved meanwhile: shares of rejects and loss may have fallen.
const rejudgeEvery = time.Minute

// goldTables are the slices of a day; they are published together and judged
// together. Gold's other tables get no verdict.
var goldTables = []string{sales.TableFacts, sales.TableDailySales, sales.TableDailyProducts, sales.TableHourlySales, sales.TableRefundsByDay}

// day is what the task knows of a day that has no passing verdict yet.
type day struct {
	manifests map[string]*lake.Manifest // newest by table
	first     int64                     // offset of the oldest record without a verdict, -1 when all have one
}

// complete tells whether the manifests of one version are all there.
func (d *day) complete() bool {
	for _, table := range goldTables {
		m := d.manifests[table]
		if m == nil || m.Version != d.manifests[goldTables[0]].Version {
			return false
		}
	}
	return true
}

func (d *day) pending() bool { return d.first >= 0 }

// task gives the verdicts of one partition of lake.gold.
type task struct {
	*stage
	partition int32
	next      int64
	committed int64
	flushed   int64           // next of the last flush
	days      map[string]*day // pending or held
	since     time.Time       // when the oldest pending arrived
	judged    time.Time       // when held days were last judged
	strikes   int64           // of the keeper, at that time
	given     []*lake.Verdict // by the last flush
}

// Open takes up the days that are held: a restored file, another threshold or
// a ledger that balances by now may let them pass.
func (s *stage) Open(ctx context.Context, p stream.Partition, next int64) (stream.Task, error) {
	t := &task{stage: s, partition: p.ID, next: next, committed: next, days: map[string]*day{}}
	held, err := s.heldDays(ctx, p.ID)
	if err != nil || len(held) == 0 {
		return t, err
	}
	err = stream.ReadToEnd(ctx, s.Kafka, p.Topic, []int32{p.ID}, func(r stream.Record) error {
		if r.Offset >= next || len(r.Value) == 0 || !lake.IsManifest(r.Key) {
			return nil
		}
		m, err := lake.DecodeManifest(r.Value)
		if err == nil && held[m.Day] && slices.Contains(goldTables, m.Table) {
			t.day(m.Day).manifests[m.Table] = m
		}
		return err
	})
	return t, err
}

// heldDays are the days with a slice whose newest verdict failed.
func (s *stage) heldDays(ctx context.Context, partition int32) (map[string]bool, error) {
	failed := map[string]*lake.Verdict{}
	err := stream.ReadToEnd(ctx, s.Kafka, sales.TopicVerdicts, []int32{partition}, func(r stream.Record) error {
		if len(r.Value) == 0 {
			return nil
		}
		v, err := lake.DecodeVerdict(r.Value)
		if err == nil {
			failed[v.Key()] = v
		}
		return err
	})
	held := map[string]bool{}
	for _, v := range failed {
		if v.Outcome == lake.Fail {
			held[v.Manifest.Day] = true
		}
	}
	return held, err
}

func (t *task) day(name string) *day {
	d := t.days[name]
	if d == nil {
		d = &day{manifests: map[string]*lake.Manifest{}, first: -1}
		t.days[name] = d
	}
	return d
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
		if !slices.Contains(goldTables, m.Table) {
			continue
		}
		if !t.waiting() {
			t.since = time.Now()
		}
		d := t.day(m.Day)
		d.manifests[m.Table] = m
		if !d.pending() {
			d.first = r.Offset
		}
	}
	return nil
}

// waiting tells whether a day has manifests without a verdict.
func (t *task) waiting() bool {
	for _, d := range t.days {
		if d.pending() {
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
	case len(t.days) > 0:
		return t.judged.Add(rejudgeEvery)
	}
	return time.Time{}
}

// upTo is the offset that a flush now would commit: that of the oldest record
// of a day that is not complete.
func (t *task) upTo() int64 {
	next := t.next
	for _, d := range t.days {
		if d.pending() && !d.complete() {
			next = min(next, d.first)
		}
	}
	return next
}

func (t *task) Committed() {
	for _, v := range t.given {
		t.metrics.verdict(v)
	}
	t.given, t.committed = nil, t.flushed
}

func (t *task) Close() {}
