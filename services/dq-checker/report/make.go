package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/services/dq-checker/dq"
)

// Scopes of the ledger.
const (
	scopeSource = "source"
	scopeDay    = "day"
)

// kindRowLoss is the kind of rule whose value is a share of lost records, in ppm.
const kindRowLoss = "row_loss"

// hops in the order of the data.
var hops = []string{"bronze", "silver", "gold", "warehouse"}

// report puts together what was read.
func (s *state) report() *Report {
	from, _ := s.query.runs()
	r := &Report{Made: timestamp(s.query.Now.UnixMicro()), Since: sales.FormatDay(from), Table: s.query.Table,
		Held: []Held{}, Breaches: []Breach{}, Scorecard: []Rule{}, Days: []Day{}, Samples: []Sample{}, Ledger: []Entry{}}
	if s.query.From != AnyDay {
		r.From = sales.FormatDay(s.query.From)
	}
	if s.query.To != AnyDayTo {
		r.To = sales.FormatDay(s.query.To)
	}
	all := slices.SortedFunc(maps.Values(s.slices), func(a, b *slice) int {
		return cmp.Or(cmp.Compare(b.day, a.day), cmp.Compare(a.table, b.table), cmp.Compare(a.slice, b.slice))
	})
	for _, at := range all {
		r.Slices.add(at.verdict)
		r.Breaches = append(r.Breaches, at.reasons()...)
		r.Samples = append(r.Samples, at.sampled()...)
	}
	r.Held, r.Scorecard = held(all), scorecard(all)
	r.Ledger = s.entries()
	for i := range r.Ledger {
		r.Residuals += 1 - r.Ledger[i].balance()
	}
	r.Days = days(all, r.Ledger)
	return r
}

// breached gives the rules that the slice did not keep, failures first.
func (at *slice) breached() (all []Breach) {
	for _, want := range []lake.Outcome{lake.Fail, lake.Warn} {
		for i := range at.results {
			if f := &at.results[i]; f.outcome == want {
				all = append(all, Breach{Table: at.table, Slice: at.slice, Day: sales.FormatDay(at.day), Version: at.version, Rule: f.rule, Kind: f.kind,
					Severity: f.severity, Outcome: f.outcome, Message: f.message, Owner: f.owner, Judged: timestamp(at.run)})
			}
		}
	}
	return all
}

// reasons are the breaches without that of waiting with another table.
func (at *slice) reasons() []Breach {
	return slices.DeleteFunc(at.breached(), func(b Breach) bool { return b.Rule == dq.RuleDay })
}

func (at *slice) sampled() (all []Sample) {
	for _, rule := range slices.Sorted(maps.Keys(at.samples)) {
		rows := at.samples[rule].rows
		slices.SortFunc(rows, func(a, b Sample) int { return cmp.Compare(a.Number, b.Number) })
		all = append(all, rows...)
	}
	return all
}

// held gives the slices that wait. Those that only wait with another one are named there.
func held(all []*slice) []Held {
	type unit struct {
		slice   string
		version int64
	}
	causes, with := []Held{}, map[unit][]*slice{}
	for _, at := range all {
		if at.verdict != lake.Fail {
			continue
		}
		reasons := at.reasons()
		if slices.ContainsFunc(reasons, func(b Breach) bool { return b.Outcome == lake.Fail }) {
			causes = append(causes, at.held(reasons))
		} else {
			u := unit{at.slice, at.version}
			with[u] = append(with[u], at)
		}
	}
	for i := range causes {
		u := unit{causes[i].Slice, causes[i].Version}
		for _, at := range with[u] {
			causes[i].With = append(causes[i].With, at.table)
		}
	}
	for u, waiting := range with { // the cause is of a table that was not asked for
		if !slices.ContainsFunc(causes, func(h Held) bool { return unit{h.Slice, h.Version} == u }) {
			for _, at := range waiting {
				causes = append(causes, at.held(at.breached()))
			}
		}
	}
	slices.SortFunc(causes, func(a, b Held) int {
		return cmp.Or(strings.Compare(b.Day, a.Day), strings.Compare(a.Table, b.Table), strings.Compare(a.Slice, b.Slice))
	})
	return causes
}

func (at *slice) held(reasons []Breach) Held {
	return Held{Table: at.table, Slice: at.slice, Day: sales.FormatDay(at.day), Version: at.version, Since: timestamp(at.since), Reasons: reasons,
		Accept: fmt.Sprintf(`dq-checker accept %s/%s --version %d --reason "…"`, at.table, at.slice, at.version)}
}

// scorecard gives a line for each table and rule, with a cell for each day.
func scorecard(all []*slice) []Rule {
	type key struct{ table, rule string }
	type cells map[int32]*Cell
	rules, days := map[key]*Rule{}, map[key]cells{}
	for _, at := range all {
		for i := range at.results {
			f, k := &at.results[i], key{at.table, at.results[i].rule}
			if rules[k] == nil {
				rules[k], days[k] = &Rule{Table: at.table, Rule: f.rule, Kind: f.kind, Severity: f.severity, Owner: f.owner}, cells{}
			}
			c := days[k][at.day]
			if c == nil {
				c = &Cell{Day: sales.FormatDay(at.day)}
				days[k][at.day] = c
			}
			rules[k].Slices.add(f.outcome)
			c.add(f)
		}
	}
	out := []Rule{}
	for _, k := range slices.SortedFunc(maps.Keys(rules), func(a, b key) int { return cmp.Or(cmp.Compare(a.table, b.table), cmp.Compare(a.rule, b.rule)) }) {
		for _, day := range slices.Sorted(maps.Keys(days[k])) {
			rules[k].Days = append(rules[k].Days, *days[k][day])
		}
		out = append(out, *rules[k])
	}
	return out
}

func (c *Cell) add(r *result) {
	before := c.Slices.worst()
	first := c.Slices == Outcomes{}
	c.Slices.add(r.outcome)
	c.Outcome = c.Slices.worst()
	c.Checked, c.Failed = c.Checked+max(0, r.checked), c.Failed+max(0, r.failed)
	if first || c.Outcome != before {
		c.Message = r.message
	}
}

// days are the points of the trends, ascending.
func days(all []*slice, ledger []Entry) []Day {
	points := map[string]*Day{}
	point := func(day string) *Day {
		if points[day] == nil {
			points[day] = &Day{Day: day}
		}
		return points[day]
	}
	for _, at := range all {
		d := point(sales.FormatDay(at.day))
		d.Slices.add(at.verdict)
		for i := range at.results {
			switch f := &at.results[i]; {
			case f.rule == dq.RuleDay: // repeats what another table has
			case f.outcome == lake.Warn:
				d.Warned++
			case f.outcome == lake.Fail:
				d.Failed++
			}
			if at.results[i].kind == kindRowLoss {
				d.Loss = max(d.Loss, at.results[i].value)
			}
		}
	}
	for i := range ledger {
		if e := &ledger[i]; e.Scope == scopeDay && e.Hop == "gold" && e.Source == sales.TableFacts {
			d := point(e.Day)
			d.Rows, d.Revenue = e.Out.Rows, e.Out.Cents
		}
	}
	out := []Day{}
	for _, day := range slices.Sorted(maps.Keys(points)) {
		out = append(out, *points[day])
	}
	return out
}

// entries gives the ledger: what does not balance; then sources, then days from the newest,
// each in the order of the hops.
func (s *state) entries() []Entry {
	out := []Entry{}
	for _, e := range s.ledger {
		out = append(out, e.Entry)
	}
	slices.SortFunc(out, func(a, b Entry) int {
		of := strings.Compare(a.Source, b.Source)
		hop := cmp.Compare(slices.Index(hops, a.Hop), slices.Index(hops, b.Hop))
		if a.Scope == scopeDay { // whose source is a table of the hop
			of, hop = hop, of
		}
		return cmp.Or(cmp.Compare(a.balance(), b.balance()), strings.Compare(b.Scope, a.Scope), strings.Compare(b.Day, a.Day), of, hop, cmp.Compare(a.Partition, b.Partition))
	})
	return out
}

// balance is 1 for a line that balances, else 0.
func (e *Entry) balance() int {
	if e.Residual == (lake.Count{}) {
		return 1
	}
	return 0
}
