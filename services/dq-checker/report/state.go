package report

import (
	"fmt"
	"math"
	"slices"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// state is what counts of the rows read so far. The order in which they are read does
// not matter.
type state struct {
	query   Query
	kept    int // results
	samples int
	slices  map[sliceKey]*slice
	ledger  map[entryKey]*entry
}

type sliceKey struct{ table, slice string }

// slice is the newest version of a slice, as it was judged last.
type slice struct {
	sliceKey
	day     int32
	version int64
	since   int64 // run of its first judgement, µs UTC
	run     int64 // of its newest result
	verdict lake.Outcome
	results []result
	samples map[string]*samples // by rule
}

type result struct {
	run                                  int64
	rule, kind, severity, owner, message string
	outcome, verdict                     lake.Outcome
	checked, failed, value               int64
}

// samples are those of one judgement.
type samples struct {
	run  int64
	rows []Sample
}

type entryKey struct {
	scope, hop, source string
	partition, day     int32
}

type entry struct {
	Entry
	run int64
}

func newState(q Query) *state {
	return &state{query: q, slices: map[sliceKey]*slice{}, ledger: map[entryKey]*entry{}}
}

func (s *state) asked(table string, day int32) bool {
	return day >= s.query.From && day <= s.query.To && (s.query.Table == "" || s.query.Table == table)
}

func tooMuch(what string) error {
	return fmt.Errorf("%w: over %d %s: ask for fewer days (--date, --from, --to) or for one --table", ErrTooMuch, maxKept, what)
}

func (s *state) addResults(b *column.Batch) error {
	var (
		run, day, version  = b.Column("run_ts").I64, b.Column("day").I32, b.Column("version").I64
		table, name        = b.Column("table"), b.Column("slice")
		rule, kind         = b.Column("rule"), b.Column("kind")
		severity, owner    = b.Column("severity"), b.Column("owner")
		outcome, verdict   = b.Column("outcome"), b.Column("verdict")
		message            = b.Column("message")
		checked, failed, v = b.Column("checked").I64, b.Column("failed").I64, b.Column("value").I64
	)
	for i := range b.Rows() {
		if !s.asked(table.String(i), day[i]) {
			continue
		}
		at := s.newest(sliceKey{table.String(i), name.String(i)}, version[i])
		if at == nil {
			continue
		}
		at.day, at.since = day[i], min(at.since, run[i])
		if run[i] >= at.run {
			at.run, at.verdict = run[i], lake.Outcome(verdict.String(i))
		}
		r := result{run: run[i], verdict: lake.Outcome(verdict.String(i)), rule: rule.String(i), kind: kind.String(i), severity: severity.String(i), owner: owner.String(i),
			message: message.String(i), outcome: lake.Outcome(outcome.String(i)), checked: checked[i], failed: failed[i], value: v[i]}
		s.kept += at.put(r)
		if s.kept > maxKept {
			return tooMuch("results")
		}
	}
	return nil
}

// newest gives the slice if no newer version of it has been read, else nil.
func (s *state) newest(key sliceKey, version int64) *slice {
	at := s.slices[key]
	switch {
	case at == nil || version > at.version:
		if at != nil {
			s.kept -= len(at.results)
		}
		at = &slice{sliceKey: key, version: version, since: math.MaxInt64, samples: map[string]*samples{}}
		s.slices[key] = at
	case version < at.version:
		return nil
	}
	return at
}

// put takes a result over if it is its rule's newest, and tells by how many results there
// are more now.
func (at *slice) put(r result) int {
	for i := range at.results {
		if old := &at.results[i]; old.rule == r.rule {
			if r.run >= old.run {
				*old = r
			}
			return 0
		}
	}
	at.results = append(at.results, r)
	return 1
}

// settle leaves out what another verdict has overruled: a rule that held the version, and
// of which a later judgement says nothing any more.
func (at *slice) settle() {
	at.results = slices.DeleteFunc(at.results, func(r result) bool { return r.verdict != at.verdict })
}

func (s *state) addSamples(b *column.Batch) error {
	var (
		run, version   = b.Column("run_ts").I64, b.Column("version").I64
		table, name    = b.Column("table"), b.Column("slice")
		rule, number   = b.Column("rule"), b.Column("sample").I32
		id, source     = b.Column("id"), b.Column("source")
		partition, row = b.Column("partition").I32, b.Column("row").I64
		offset, file   = b.Column("offset").I64, b.Column("file")
		field, value   = b.Column("column"), b.Column("value")
	)
	for i := range b.Rows() {
		at := s.slices[sliceKey{table.String(i), name.String(i)}]
		if at == nil || at.version != version[i] || !at.breaches(rule.String(i)) {
			continue
		}
		kept := at.samples[rule.String(i)]
		if kept == nil || kept.run < run[i] {
			if kept != nil {
				s.samples -= len(kept.rows)
			}
			kept = &samples{run: run[i]}
			at.samples[rule.String(i)] = kept
		}
		if kept.run > run[i] || kept.has(number[i]) {
			continue
		}
		kept.rows = append(kept.rows, Sample{Table: at.table, Slice: at.slice, Version: at.version, Rule: rule.String(i), Number: number[i],
			ID: id.String(i), Source: source.String(i), Partition: partition[i], Offset: offset[i], File: file.String(i), Row: row[i],
			Column: field.String(i), Value: value.String(i)})
		if s.samples++; s.samples > maxKept {
			return tooMuch("samples")
		}
	}
	return nil
}

func (at *slice) breaches(rule string) bool {
	for i := range at.results {
		if at.results[i].rule == rule {
			return at.results[i].outcome != lake.Pass
		}
	}
	return false
}

func (k *samples) has(number int32) bool {
	for i := range k.rows {
		if k.rows[i].Number == number {
			return true
		}
	}
	return false
}

func (s *state) addLedger(b *column.Batch) error {
	var (
		run, version          = b.Column("run_ts").I64, b.Column("version").I64
		scope, hop, source    = b.Column("scope"), b.Column("hop"), b.Column("source")
		partition, day, next  = b.Column("partition").I32, b.Column("day").I32, b.Column("next_offset").I64
		fault                 = b.Column("fault")
		in, out               = count(b, "in"), count(b, "out")
		duplicate, superseded = count(b, "duplicate"), count(b, "superseded")
		rejected, unaccounted = count(b, "rejected"), count(b, "residual")
	)
	for i := range b.Rows() {
		k := entryKey{scope.String(i), hop.String(i), source.String(i), partition[i], day[i]}
		if k.scope == scopeDay && (k.day < s.query.From || k.day > s.query.To) {
			continue
		}
		if old := s.ledger[k]; old != nil && (version[i] < old.Version || version[i] == old.Version && run[i] < old.run) {
			continue
		}
		e := &entry{run: run[i], Entry: Entry{Scope: k.scope, Hop: k.hop, Source: k.source, Partition: k.partition, Version: version[i], Next: next[i],
			In: in(i), Out: out(i), Duplicate: duplicate(i), Superseded: superseded(i), Rejected: rejected(i), Residual: unaccounted(i),
			Fault: fault.String(i), Struck: timestamp(run[i])}}
		if k.scope == scopeDay {
			e.Day = sales.FormatDay(k.day)
		}
		if s.ledger[k] = e; len(s.ledger) > maxKept {
			return tooMuch("lines of the ledger")
		}
	}
	return nil
}

// count gives the rows and the money of a number of the ledger.
func count(b *column.Batch, name string) func(i int) lake.Count {
	rows, cents := b.Column(name+"_rows").I64, b.Column(name+"_revenue").I64
	return func(i int) lake.Count { return lake.Count{Rows: rows[i], Cents: cents[i]} }
}

func timestamp(micros int64) string { return string(sales.AppendTimestamp(nil, micros)) }
