package dq

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

// RuleWarehouse is the rule that is judged when a slice has been loaded: the warehouse holds
// what the verdict passed.
const RuleWarehouse = "warehouse"

// loads is the task of a partition of lake.loads: it holds what the warehouse says that it
// holds against the verdicts that let it in.
type loads struct {
	*stage
	files           files
	next, committed int64
	since           time.Time // when the oldest pending arrived
	pending         []*lake.Loaded
	broken          []loadFinding // by the last flush
	flushed         int64
}

// loadFinding is a rule that something loaded did not keep.
type loadFinding struct {
	rule, table string
	outcome     lake.Outcome
}

func (s *stage) openLoads(p stream.Partition, next int64) *loads {
	return &loads{stage: s, files: s.files(p), next: next, committed: next}
}

// Add keeps the records for the next flush.
func (t *loads) Add(_ context.Context, records []stream.Record) error {
	for _, r := range records {
		if t.next == t.committed {
			t.since = time.Now()
		}
		t.next = r.Offset + 1
		if len(r.Value) == 0 {
			continue
		}
		l, err := lake.DecodeLoaded(r.Value)
		if err != nil {
			return fmt.Errorf("offset %d: %w", r.Offset, err)
		}
		t.pending = append(t.pending, l)
	}
	return nil
}

// Due is at once when there is no more to read.
func (t *loads) Due(now time.Time, caughtUp bool) time.Time {
	switch {
	case t.next == t.committed:
		return time.Time{}
	case caughtUp:
		return now
	}
	return t.since.Add(t.MaxAge)
}

// Flush writes results and lines of the ledger of what was loaded. A load whose verdict is not
// known any more is passed over: a newer version of the slice has been judged since, and its load
// is still to come.
func (t *loads) Flush(ctx context.Context) (stream.Commit, error) {
	notes := newNotes()
	t.broken = nil
	waitCtx, cancel := context.WithTimeout(ctx, ledgerWait)
	defer cancel()
	for _, l := range t.pending {
		p, known, err := t.verdicts.wait(waitCtx, l.Key(), l.Version)
		if err != nil {
			return stream.Commit{}, fmt.Errorf("%w: %w", stream.ErrRetry, err)
		}
		if !known {
			continue
		}
		if err := t.note(notes, l, &p); err != nil {
			return stream.Commit{}, err
		}
	}
	t.flushed = t.next
	return stream.Commit{Next: t.flushed}, t.files.write(ctx, notes, t.committed)
}

func (t *loads) note(n *notes, l *lake.Loaded, p *passed) error {
	m := &lake.Manifest{Table: l.Table, Slice: l.Slice, Day: p.day, Version: l.Version}
	f := compare(l, p)
	if f.Outcome == lake.Fail {
		t.Log.Error("the warehouse does not hold what passed", zap.String("slice", l.Key()), zap.Int64("version", l.Version), zap.Strings("findings", []string{f.Rule + ": " + f.Message}))
	}
	for _, f := range append(t.auditor.freshness(l, p), f) {
		if f.Outcome != lake.Pass {
			t.broken = append(t.broken, loadFinding{f.Rule, l.Table, f.Outcome})
		}
		if err := n.result(m, &f, p.outcome); err != nil {
			return err
		}
	}
	if l.Table != sales.TableFacts && l.Table != sales.TableSilverCustomers {
		return nil
	}
	return n.entries(Entry{Hop: "warehouse", Source: l.Table, Partition: p.partition, Day: p.day, Version: l.Version, In: p.Count, Out: l.Count})
}

// compare gives the finding on a load.
func compare(l *lake.Loaded, p *passed) lake.Finding {
	f := lake.Finding{Rule: RuleWarehouse, Kind: "reconcile", Severity: lake.SeverityFail, Outcome: lake.Pass, Checked: p.Rows,
		Message: fmt.Sprintf("the warehouse holds the %d rows and %s that passed", p.Rows, sales.FormatCents(p.Cents))}
	if l.Count != p.Count {
		f.Outcome, f.Failed = lake.Fail, max(1, abs(p.Rows-l.Rows))
		f.Message = fmt.Sprintf("the warehouse holds %d rows and %s, %d rows and %s passed",
			l.Rows, sales.FormatCents(l.Cents), p.Rows, sales.FormatCents(p.Cents))
	}
	return f
}

// Committed forgets what is written, and has small files merged from time to time.
func (t *loads) Committed() {
	for _, b := range t.broken {
		t.metrics.loaded.WithLabelValues(b.rule, b.table, string(b.outcome)).Inc()
	}
	t.pending, t.committed = nil, t.flushed
	t.files.tidy()
}

// Close has nothing to do.
func (*loads) Close() {}
