package local

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/services/dq-checker/dq"
	"github.com/saleslake/saleslake/services/redshift-loader/warehouse"
)

// Report is the outcome of a run. Its JSON is what --json prints.
type Report struct {
	Lake      string           `json:"lake"`
	Inputs    []Input          `json:"inputs,omitempty"`
	Days      []lake.DayChange `json:"days,omitempty"` // what the command changed
	Ledger    *Ledger          `json:"ledger"`
	Analytics []Analysis       `json:"analytics,omitempty"`
	Samples   []Sample         `json:"samples,omitempty"` // of what is rejected
	Seconds   []Took           `json:"seconds"`
}

// Input is a file that was taken, or was known from an earlier run.
type Input struct {
	Path     string               `json:"path"`
	Dataset  string               `json:"dataset"`
	Source   string               `json:"source"` // its name in the ledger
	Rows     int64                `json:"rows"`   // landed in bronze
	Rejected map[sales.Code]int64 `json:"rejected"`
	Known    bool                 `json:"known"` // its content was in the lake already
}

// Analysis is an analytics query and its answer.
type Analysis struct {
	Name     string            `json:"name"`
	Question string            `json:"question"`
	Answer   *warehouse.Answer `json:"answer"`          // nil when there is an error
	Error    string            `json:"error,omitempty"` // why the query failed
}

// Took is the time that a stage took after the one before it was done.
type Took struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"`
}

func (r *Report) took(name string, since time.Time) {
	r.Seconds = append(r.Seconds, Took{name, time.Since(since).Seconds()})
}

// Fault tells why the lake cannot be trusted as it is: a hop whose sums do not
// balance, a slice that the gate holds, or a query that failed. It is nil when all is well.
func (r *Report) Fault() error {
	var faults []error
	for i := range r.Ledger.Hops {
		h := &r.Ledger.Hops[i]
		if h.Residual != (lake.Count{}) {
			faults = append(faults, fmt.Errorf("%s of %s has a residual of %d rows and %s", h.Stage, h.Source, h.Residual.Rows, sales.FormatCents(h.Residual.Cents)))
		}
	}
	for _, fault := range r.Ledger.Faults {
		faults = append(faults, errors.New(fault))
	}
	if n := len(r.Ledger.Held); n > 0 {
		faults = append(faults, fmt.Errorf("the gate holds %d slices, first %s: %s", n, r.Ledger.Held[0].Slice, r.Ledger.Held[0].Findings[0].Message))
	}
	for _, a := range r.Analytics {
		if a.Error != "" {
			faults = append(faults, fmt.Errorf("no analytics answer: %s", a.Error))
		}
	}
	return errors.Join(faults...)
}

// Hop is what became of one source's records in one stage, over all partitions.
// From gold on there is one line for all sources of sales, and one for customers.
type Hop struct {
	Stage      string                    `json:"stage"`
	Dataset    string                    `json:"dataset"` // topic of its records, also of those that came in files
	Source     string                    `json:"source"`
	In         lake.Count                `json:"in"`
	Out        lake.Count                `json:"out"`
	Duplicate  lake.Count                `json:"duplicate"`
	Superseded lake.Count                `json:"superseded"`
	Rejected   map[sales.Code]lake.Count `json:"rejected"`
	Replayed   lake.Count                `json:"replayed"` // of In: replays of rejects
	Held       lake.Count                `json:"held"`     // by the gate
	Residual   lake.Count                `json:"residual"`
}

// RejectedTotal sums the rejects over all codes.
func (h *Hop) RejectedTotal() lake.Count {
	var sum lake.Count
	for _, c := range h.Rejected {
		sum = sum.Add(c)
	}
	return sum
}

func (h *Hop) close() {
	h.Residual = h.In.Sub(h.Out).Sub(h.Duplicate).Sub(h.Superseded).Sub(h.RejectedTotal()).Sub(h.Held)
}

// Rule counts the newest verdicts on a table's slices by what a rule found.
type Rule struct {
	Rule  string `json:"rule"`
	Table string `json:"table"`
	Pass  int64  `json:"pass"`
	Warn  int64  `json:"warn"`
	Fail  int64  `json:"fail"`
}

// Held is a slice that the gate holds, and why.
type Held struct {
	Slice    string         `json:"slice"`
	Version  int64          `json:"version"`
	Findings []lake.Finding `json:"findings"` // those that did not pass
}

// Layer is what a table of the lake holds.
type Layer struct {
	Table  string `json:"table"`
	Slices int    `json:"slices"`
	Files  int    `json:"files"`
	Bytes  int64  `json:"bytes"`
	Rows   int64  `json:"rows"`
}

// Ledger is the account of the whole lake, read from its topics.
type Ledger struct {
	Hops     []Hop                `json:"hops"`
	Layers   []Layer              `json:"layers"`
	Verdicts map[lake.Outcome]int `json:"verdicts"` // slices by their newest verdict
	Rules    []Rule               `json:"rules,omitempty"`
	Held     []Held               `json:"held,omitempty"`
	Faults   []string             `json:"faults,omitempty"` // what does not balance of tables that have no verdicts

	manifests map[string]*lake.Manifest // newest of every slice, by key
}

// state is the newest record of every key of the lake's topics.
type state struct {
	ledgers   []*lake.Ledger
	manifests map[string]*lake.Manifest
	verdicts  map[string]*lake.Verdict
	keeper    *dq.Keeper // of the ledgers of bronze and silver
}

func readState(ctx context.Context, kafka stream.Config, topics []string) (*state, error) {
	s := &state{manifests: map[string]*lake.Manifest{}, verdicts: map[string]*lake.Verdict{}, keeper: dq.NewKeeper()}
	ledgers := map[string]*lake.Ledger{}
	for _, topic := range topics {
		err := stream.ReadToEnd(ctx, kafka, topic, nil, func(r stream.Record) (err error) {
			if topic == sales.TopicBronze || topic == sales.TopicSilver {
				if err := s.keeper.Add(r); err != nil {
					return err
				}
			}
			switch {
			case len(r.Value) == 0:
			case topic == sales.TopicVerdicts:
				s.verdicts[string(r.Key)], err = lake.DecodeVerdict(r.Value)
			case lake.IsLedger(r.Key):
				ledgers[topic+"/"+string(r.Key)], err = lake.DecodeLedger(r.Value)
			case lake.IsManifest(r.Key):
				s.manifests[string(r.Key)], err = lake.DecodeManifest(r.Value)
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", topic, err)
		}
	}
	s.keeper.CaughtUp()
	for _, l := range ledgers {
		s.ledgers = append(s.ledgers, l)
	}
	return s, nil
}

// Holds is what the warehouse says of itself.
type Holds struct {
	Rows   map[string]lake.Count // counted in its tables, by table of the lake
	Loaded []warehouse.Slice     // version of each slice that is loaded
}

// older sums what is loaded of a table's slices that the gate holds: it keeps newer
// versions out, and the one that was loaded before stays.
func (h *Holds) older(s *state, table string) (sum lake.Count) {
	for _, loaded := range h.Loaded {
		v := s.verdicts[loaded.Table+"/"+loaded.Slice]
		if loaded.Table == table && v != nil && v.Outcome == lake.Fail && loaded.Version < v.Manifest.Version {
			sum = sum.Add(loaded.Count)
		}
	}
	return sum
}

// ReadLedger adds up the hops from the topics, those that the stages of the run
// have written. holds is nil to leave the warehouse's hop out.
func ReadLedger(ctx context.Context, kafka stream.Config, topics []string, holds *Holds) (*Ledger, error) {
	s, err := readState(ctx, kafka, topics)
	if err != nil {
		return nil, err
	}
	l := &Ledger{Verdicts: map[lake.Outcome]int{}, Hops: s.sourceHops(), Faults: s.keeper.Faults(sales.TableSilverCustomers), manifests: s.manifests}
	tables := s.tables()
	l.Layers = tables.layers()
	silver, facts := tables[sales.TableSilver].count, tables[sales.TableFacts].count
	if slices.Contains(topics, sales.TopicGold) {
		l.add(Hop{Stage: "gold", Dataset: sales.TopicEvents, Source: "all", In: silver, Out: facts})
	}
	if slices.Contains(topics, sales.TopicVerdicts) {
		s.judged(l)
		for _, to := range []struct {
			dataset, source, table string
			in                     lake.Count
		}{{sales.TopicCustomers, sales.TopicCustomers, sales.TableSilverCustomers, tables[sales.TableSilverCustomers].count}, {sales.TopicEvents, "all", sales.TableFacts, facts}} {
			passed, held := s.gate(to.table)
			l.add(Hop{Stage: "gate", Dataset: to.dataset, Source: to.source, In: to.in, Out: passed, Held: held})
			if holds != nil {
				l.add(Hop{Stage: "warehouse", Dataset: to.dataset, Source: to.source, In: passed.Add(holds.older(s, to.table)), Out: holds.Rows[to.table]})
			}
		}
	}
	return l, nil
}

func (l *Ledger) add(h Hop) {
	h.close()
	l.Hops = append(l.Hops, h)
}

// sourceHops adds the ledgers of bronze and silver up over partitions.
func (s *state) sourceHops() []Hop {
	bySource, datasets := map[string]*Hop{}, s.datasets()
	for _, p := range s.ledgers {
		key := p.Stage + "/" + p.Source
		h := bySource[key]
		if h == nil {
			h = &Hop{Stage: p.Stage, Dataset: datasets[p.Source], Source: p.Source, Rejected: map[sales.Code]lake.Count{}}
			bySource[key] = h
		}
		h.In, h.Out, h.Replayed = h.In.Add(p.In), h.Out.Add(p.Out), h.Replayed.Add(p.Replayed)
		h.Duplicate, h.Superseded = h.Duplicate.Add(p.Duplicate), h.Superseded.Add(p.Superseded)
		for code, c := range p.Rejected {
			h.Rejected[code] = h.Rejected[code].Add(c)
		}
	}
	hops := make([]Hop, 0, len(bySource))
	for _, h := range bySource {
		h.close()
		hops = append(hops, *h)
	}
	slices.SortFunc(hops, func(a, b Hop) int {
		return strings.Compare(a.Stage+a.Source, b.Stage+b.Source)
	})
	return hops
}

// datasets tells of each source what its records are, by the files that it became.
func (s *state) datasets() map[string]string {
	of := map[string]string{}
	for _, m := range s.manifests {
		switch m.Table {
		case sales.TableBronze:
			of[m.Source.Name] = sales.TopicEvents
		case sales.TableBronzeCustomers:
			of[m.Source.Name] = sales.TopicCustomers
		}
	}
	return of
}

// judged lists the verdicts by their outcome, and by what each rule found.
func (s *state) judged(l *Ledger) {
	rules := map[[2]string]*Rule{}
	for key, v := range s.verdicts {
		l.Verdicts[v.Outcome]++
		for _, f := range v.Findings {
			of := [2]string{f.Rule, v.Manifest.Table}
			if rules[of] == nil {
				rules[of] = &Rule{Rule: f.Rule, Table: v.Manifest.Table}
			}
			rules[of].count(f.Outcome)
		}
		if v.Outcome == lake.Fail {
			l.Held = append(l.Held, Held{Slice: key, Version: v.Manifest.Version, Findings: failing(v.Findings)})
		}
	}
	for _, r := range rules {
		l.Rules = append(l.Rules, *r)
	}
	slices.SortFunc(l.Rules, func(a, b Rule) int { return strings.Compare(a.Rule+" "+a.Table, b.Rule+" "+b.Table) })
	slices.SortFunc(l.Held, func(a, b Held) int { return strings.Compare(a.Slice, b.Slice) })
}

func (r *Rule) count(o lake.Outcome) {
	switch o {
	case lake.Pass:
		r.Pass++
	case lake.Warn:
		r.Warn++
	default:
		r.Fail++
	}
}

// gate sums a table by its verdicts. Rows without a verdict of their version are
// in neither sum: they leave a residual.
func (s *state) gate(table string) (passed, held lake.Count) {
	for key, v := range s.verdicts {
		m := s.manifests[key]
		switch current := m != nil && m.Version == v.Manifest.Version; {
		case v.Manifest.Table != table || !current:
		case v.Outcome == lake.Fail:
			held = held.Add(v.Manifest.Count)
		default:
			passed = passed.Add(v.Manifest.Count)
		}
	}
	return passed, held
}

func failing(findings []lake.Finding) []lake.Finding {
	return slices.DeleteFunc(slices.Clone(findings), func(f lake.Finding) bool { return f.Outcome == lake.Pass })
}

// table is what the manifests of one table add up to.
type table struct {
	Layer
	count lake.Count
}

type tables map[string]*table

var tableNames = []string{sales.TableBronze, sales.TableBronzeCustomers, sales.TableSilver, sales.TableSilverCustomers, sales.TableFacts, sales.TableDailySales, sales.TableDailyProducts,
	sales.TableHourlySales, sales.TableRefundsByDay, sales.TableRestatements}

func (s *state) tables() tables {
	all := tables{}
	for _, name := range tableNames {
		all[name] = &table{Layer: Layer{Table: name}}
	}
	for _, m := range s.manifests {
		t := all[m.Table]
		if t == nil {
			continue
		}
		t.Slices++
		t.Files += len(m.Files)
		t.Rows += m.Rows
		t.count = t.count.Add(m.Count)
		for _, f := range m.Files {
			t.Bytes += f.Bytes
		}
	}
	return all
}

// layers lists the tables in the order of the data.
func (all tables) layers() []Layer {
	layers := make([]Layer, 0, len(all))
	for _, name := range tableNames {
		layers = append(layers, all[name].Layer)
	}
	return layers
}
