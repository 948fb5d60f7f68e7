package warehouse

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// Slice is a slice that a load has brought to a version.
type Slice struct {
	Table     string // of the lake, such as "gold/fact_sales"
	Slice     string
	Version   int64
	Outcome   lake.Outcome
	EventTime int64            // newest event_ts of the slice's last change, µs UTC
	Count     lake.Count       // of the manifest
	inputs    map[string]int64 // facts: version by silver slice
}

// Key names the slice, as its manifest does.
func (s *Slice) Key() string { return s.Table + "/" + s.Slice }

// Result is what became of the verdicts of a load.
type Result struct {
	Loaded []Slice
	Held   int // verdicts that failed: their slices stay at the version that is loaded
	Stale  int // not newer than the loaded version, or than another verdict of the load
	// Gone are slices some file of which is not there any more, mostly since a newer version
	// has replaced it, whose verdict is still to come. They stay as they are loaded.
	Gone []GoneSlice
}

// GoneSlice is a slice that could not be loaded, and the key of a file that it lacks.
type GoneSlice struct {
	Slice
	File string
}

// Load brings the slices of the verdicts to their versions. It goes in one transaction,
// or, to read no more than Options.MaxRows in each, in several that hold whole days; on an error
// Result.Loaded tells what is loaded, and nothing else has changed. An error that wraps
// ErrUnavailable passes by itself, one that wraps lake.ErrCorrupt names a file that is
// not what its manifest says, and a [*MismatchError] names a slice whose loaded totals
// are not its manifest's.
func (w *Warehouse) Load(ctx context.Context, verdicts []*lake.Verdict) (Result, error) {
	passed, result := newest(verdicts)
	if len(passed) == 0 {
		return result, nil
	}
	loaded, err := w.Loaded(ctx, passed)
	if err != nil {
		return result, err
	}
	for _, part := range split(passed, w.maxRows, func(v *lake.Verdict) int64 { return rowsOf(needs(v, loaded)) }) {
		if err := w.loadPart(ctx, part, loaded, &result); err != nil {
			return result, fmt.Errorf("load %d slices: %w", len(part), err)
		}
	}
	return result, nil
}

// loadPart loads slices in one transaction, without those that have a file no more.
func (w *Warehouse) loadPart(ctx context.Context, part []*lake.Verdict, loaded map[string]Slice, result *Result) error {
	for len(part) > 0 {
		var due []*lake.Verdict
		var err error
		due, loaded, err = w.tryPart(ctx, part, loaded)
		if missing := (*missingFile)(nil); errors.As(err, &missing) {
			if part, err = w.withoutGone(ctx, part, loaded, missing, result); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		for _, v := range due {
			result.Loaded = append(result.Loaded, sliceOf(v))
		}
		result.Stale += len(part) - len(due)
		break
	}
	return nil
}

// tryPart loads slices onto what was loaded of them a while ago, and answers which were due
// and what was loaded of them before.
func (w *Warehouse) tryPart(ctx context.Context, part []*lake.Verdict, loaded map[string]Slice) ([]*lake.Verdict, map[string]Slice, error) {
	files, free, err := w.dialect.prepare(ctx, w.files, plan(part, loaded))
	defer free()
	if err != nil {
		return nil, loaded, w.judge(fmt.Errorf("prepare files: %w", err))
	}
	var due []*lake.Verdict
	err = w.transact(ctx, func(t *transaction) (err error) {
		t.files = files
		if due, loaded, err = t.due(ctx, part); err != nil {
			return err
		}
		if len(due) == 0 {
			return t.exec(ctx, "drop_stage_slices")
		}
		return t.load(ctx, due, loaded)
	})
	return due, loaded, err
}

// split cuts verdicts that are ordered by day into parts of whole days that read at most
// maxRows rows, unless a single day does.
func split(verdicts []*lake.Verdict, maxRows int64, rowsOf func(*lake.Verdict) int64) [][]*lake.Verdict {
	var parts [][]*lake.Verdict
	for from := 0; from < len(verdicts); {
		to, rows := from, int64(0)
		for to < len(verdicts) {
			end, more := to, int64(0)
			for ; end < len(verdicts) && verdicts[end].Manifest.Day == verdicts[to].Manifest.Day; end++ {
				more += rowsOf(verdicts[end])
			}
			if to > from && rows+more > maxRows {
				break
			}
			to, rows = end, rows+more
		}
		parts = append(parts, verdicts[from:to])
		from = to
	}
	return parts
}

// loads tells whether a table of the lake has a place in the warehouse.
func loads(table string) bool {
	return table == sales.TableFacts || table == sales.TableSilverCustomers || slices.ContainsFunc(aggregates, func(a aggregate) bool { return a.lake == table })
}

// newest gives the newest version of each slice that passed, ordered by day and table.
// Verdicts on tables that are not loaded are passed over.
func newest(verdicts []*lake.Verdict) ([]*lake.Verdict, Result) {
	var r Result
	bySlice := map[string]*lake.Verdict{}
	for _, v := range verdicts {
		if !loads(v.Manifest.Table) {
			continue
		}
		if !v.Passed() {
			r.Held++
			continue
		}
		other, met := bySlice[v.Key()]
		if met {
			r.Stale++
		}
		if !met || v.Manifest.Version > other.Manifest.Version {
			bySlice[v.Key()] = v
		}
	}
	passed := make([]*lake.Verdict, 0, len(bySlice))
	for _, v := range bySlice {
		passed = append(passed, v)
	}
	slices.SortFunc(passed, func(a, b *lake.Verdict) int {
		return cmp.Or(strings.Compare(a.Manifest.Day, b.Manifest.Day), strings.Compare(a.Key(), b.Key()))
	})
	return passed, r
}

// due leaves out what the ledger says is loaded, and answers what that is.
func (t *transaction) due(ctx context.Context, passed []*lake.Verdict) (due []*lake.Verdict, loaded map[string]Slice, err error) {
	if loaded, err = t.stageSlices(ctx, passed); err != nil {
		return nil, nil, err
	}
	due = slices.DeleteFunc(slices.Clone(passed), func(v *lake.Verdict) bool {
		s, ok := loaded[v.Key()]
		return ok && v.Manifest.Version <= s.Version
	})
	if len(due) == len(passed) {
		return due, loaded, nil
	}
	return due, loaded, t.exec(ctx, "delete_stale_slices")
}

func (t *transaction) load(ctx context.Context, due []*lake.Verdict, loaded map[string]Slice) error {
	byTable := map[string][]*lake.Verdict{}
	for _, v := range due {
		byTable[v.Manifest.Table] = append(byTable[v.Manifest.Table], v)
	}
	if customers := byTable[sales.TableSilverCustomers]; len(customers) > 0 {
		if err := t.loadCustomers(ctx, customers, loaded); err != nil { // first: facts get the interval that holds their time
			return err
		}
	}
	if facts := byTable[sales.TableFacts]; len(facts) > 0 {
		if err := t.loadFacts(ctx, facts, loaded); err != nil {
			return err
		}
	}
	for _, a := range aggregates {
		if part := byTable[a.lake]; len(part) > 0 {
			if err := t.loadDays(ctx, a, part, loaded); err != nil {
				return err
			}
		}
	}
	return t.writeLedger(ctx)
}

func sliceOf(v *lake.Verdict) Slice {
	m := &v.Manifest
	return Slice{Table: m.Table, Slice: m.Slice, Version: m.Version, Outcome: v.Outcome, EventTime: m.EventTime, Count: m.Count}
}
