package dq

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/stream"
)

// standing is how things are now: what the newest verdicts say of the partitions that
// this instance owns, and what the ledgers say of all. It is read at each scrape.
type standing struct {
	keeper *Keeper

	mu       sync.Mutex
	tasks    map[stream.Partition]map[string]*stand // by key of the slice
	breached map[breach]bool                        // seen since the start: these go on at 0
	judged   int64                                  // newest verdict, µs UTC
}

// stand is a slice that does not pass.
type stand struct {
	table, unit string
	version     int64
	held        bool
	own         bool  // for a fault of its own, not only for another table's
	since       int64 // first verdict since that held it, µs UTC
	breaches    []breach
}

type breach struct{ rule, table, severity string }

func newStanding(k *Keeper) *standing {
	return &standing{keeper: k, tasks: map[stream.Partition]map[string]*stand{}, breached: map[breach]bool{}}
}

// open takes over the newest verdicts of a partition, by key of the slice.
func (s *standing) open(p stream.Partition, g gate, newest map[string]*lake.Verdict) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tasks[p] = map[string]*stand{}
	for _, v := range newest {
		s.set(p, g, v)
	}
}

// close forgets a partition, which another instance may have by now.
func (s *standing) close(p stream.Partition) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.tasks, p)
}

// given takes over a verdict that has been committed.
func (s *standing) given(p stream.Partition, g gate, v *lake.Verdict) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.set(p, g, v)
}

// knows tells whether a version of a slice does not pass, and was judged before.
func (s *standing) knows(p stream.Partition, m *lake.Manifest) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.tasks[p][m.Key()]
	return at != nil && at.version == m.Version
}

func (s *standing) set(p stream.Partition, g gate, v *lake.Verdict) {
	s.judged = max(s.judged, v.Created)
	before := s.tasks[p][v.Key()]
	if v.Outcome == lake.Pass || v.Accepted != nil {
		delete(s.tasks[p], v.Key())
		return
	}
	now := &stand{table: v.Manifest.Table, unit: g.together(&v.Manifest), version: v.Manifest.Version, held: v.Outcome == lake.Fail, since: v.Created}
	if now.held && before != nil && before.held {
		now.since = before.since
	}
	for _, f := range v.Findings {
		if f.Outcome == lake.Pass {
			continue
		}
		severity := f.Severity
		if severity == "" {
			severity = lake.Severity(f.Outcome)
		}
		b := breach{f.Rule, now.table, string(severity)}
		now.own = now.own || f.Outcome == lake.Fail && f.Rule != RuleDay
		now.breaches = append(now.breaches, b)
		s.breached[b] = true
	}
	s.tasks[p][v.Key()] = now
}

// The metrics of a standing. Rules are named as their file does.
var (
	heldSlices = prometheus.NewDesc("sales_dq_held_slices", "Slices that are not loaded, as their newest version failed.", []string{"table"}, nil)
	heldUnits  = prometheus.NewDesc("sales_dq_held_units", "Days of gold and slices of silver that are held, by the first of their tables that is at fault.", []string{"table"}, nil)
	heldOldest = prometheus.NewDesc("sales_dq_held_oldest_seconds", "How long the slice has been held that has been for longest; 0 when none is.", []string{"table"}, nil)
	breaches   = prometheus.NewDesc("sales_dq_rule_breaches", "Slices whose newest version does not keep a rule, and that nobody accepted.", []string{"rule", "table", "severity"}, nil)
	judgedLast = prometheus.NewDesc("sales_dq_last_verdict_timestamp_seconds", "When the newest verdict was given; 0 before the first.", nil, nil)
	faults     = prometheus.NewDesc("sales_dq_ledger_faults", "What does not balance in the ledgers of bronze and silver, by table of silver.", []string{"table"}, nil)
	residRows  = prometheus.NewDesc("sales_dq_ledger_residual_rows", "Rows without an account or with two, by table of silver.", []string{"table"}, nil)
	residCents = prometheus.NewDesc("sales_dq_ledger_residual_cents", "The same, money.", []string{"table"}, nil)
)

// Describe implements prometheus.Collector.
func (s *standing) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{heldSlices, heldUnits, heldOldest, breaches, judgedLast, faults, residRows, residCents} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (s *standing) Collect(out chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	for _, table := range Tables {
		residual := s.keeper.Residual(table)
		gauge(faults, float64(len(s.keeper.Faults(table))), table)
		gauge(residRows, float64(residual.Rows), table)
		gauge(residCents, float64(residual.Cents), table)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	held, oldest, units := map[string]int{}, map[string]int64{}, map[string]int{}
	broken := map[breach]int{}
	for p, stands := range s.tasks {
		first := map[string]string{} // table at fault, by unit
		for _, at := range stands {
			for _, b := range at.breaches {
				broken[b]++
			}
			if !at.held {
				continue
			}
			held[at.table]++
			if oldest[at.table] == 0 || at.since < oldest[at.table] {
				oldest[at.table] = at.since
			}
			if tables := gates[p.Topic].tables; at.own && (first[at.unit] == "" || slices.Index(tables, at.table) < slices.Index(tables, first[at.unit])) {
				first[at.unit] = at.table
			}
		}
		for _, table := range first {
			units[table]++
		}
	}
	for _, table := range judgedTables() {
		age := 0.0
		if oldest[table] > 0 {
			age = time.Since(time.UnixMicro(oldest[table])).Seconds()
		}
		gauge(heldSlices, float64(held[table]), table)
		gauge(heldUnits, float64(units[table]), table)
		gauge(heldOldest, max(0, age), table)
	}
	for b := range s.breached {
		gauge(breaches, float64(broken[b]), b.rule, b.table, b.severity)
	}
	gauge(judgedLast, float64(s.judged)/1e6)
}

// judgedTables are those that get verdicts.
func judgedTables() (tables []string) {
	for _, topic := range slices.Sorted(maps.Keys(gates)) {
		tables = append(tables, gates[topic].tables...)
	}
	return tables
}

// Residual is what has no account, or two, in the ledgers of a table of silver: without
// the sign, so that one partition does not make up for another. Like [Keeper.Faults] it
// is of balances that count.
func (k *Keeper) Residual(table string) (sum lake.Count) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for key, b := range k.books {
		if key.table != table || len(b.balance.Faults) > 0 && b.struck > k.caught {
			continue
		}
		var lines lake.Count
		for i := range b.balance.Entries {
			r := b.balance.Entries[i].Residual()
			lines = lines.Add(lake.Count{Rows: abs(r.Rows), Cents: abs(r.Cents)})
		}
		missing := b.balance.Missing // mostly the same rows, seen from the other side
		sum = sum.Add(lake.Count{Rows: max(lines.Rows, abs(missing.Rows)), Cents: max(lines.Cents, abs(missing.Cents))})
	}
	return sum
}
