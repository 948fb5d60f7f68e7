package loader

import (
	"maps"
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/services/redshift-loader/warehouse"
)

// The results of a slice's verdict.
const (
	resultLoaded = "loaded"
	resultHeld   = "held"
	resultGone   = "gone"
)

type metrics struct {
	stream      *stream.Metrics
	slices      *prometheus.CounterVec
	gone        *prometheus.GaugeVec
	stale       prometheus.Counter
	failures    prometheus.Counter
	ledgerRows  *prometheus.GaugeVec
	ledgerCents *prometheus.GaugeVec
	every       prometheus.Gauge
}

func newMetrics(reg prometheus.Registerer) *metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: "sales_load_" + name, Help: help})
	}
	var sets []stream.Dataset
	for _, name := range datasets {
		sets = append(sets, stream.Dataset{Name: name, Outcomes: []string{stream.Out}})
	}
	m := &metrics{
		stream: stream.NewMetrics(reg, "load", sets...),
		slices: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sales_load_slices_total",
			Help: "Slices by result: loaded; held, as the verdict failed; gone, at each try for which a file was gone."}, []string{"table", "result"}),
		gone: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "sales_load_gone_slices",
			Help: "Slices that cannot be loaded since a file of theirs is gone; a minute or two is normal, until the newer version's verdict comes."}, []string{"partition"}),
		stale:       counter("stale_total", "Verdicts that were not newer than what is loaded."),
		failures:    counter("failures_total", "Loads that were rolled back."),
		ledgerRows:  prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "sales_load_ledger_rows", Help: "Rows that the warehouse's ledger holds."}, []string{"table"}),
		ledgerCents: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "sales_load_ledger_cents", Help: "Money that the warehouse's ledger holds, in cents."}, []string{"table"}),
		every:       prometheus.NewGauge(prometheus.GaugeOpts{Name: "sales_load_every_seconds", Help: "Setting warehouse.load_every: what has passed waits for twice as long at most, and for the load that runs; so do heartbeats behind it."}),
	}
	_, tables := warehouse.Targets()
	for _, table := range tables {
		for _, result := range []string{resultLoaded, resultHeld, resultGone} {
			m.slices.WithLabelValues(table, result)
		}
	}
	if reg != nil {
		reg.MustRegister(m.slices, m.gone, m.stale, m.failures, m.ledgerRows, m.ledgerCents, m.every)
	}
	return m
}

func (m *metrics) held(v *lake.Verdict) {
	m.slices.WithLabelValues(v.Manifest.Table, resultHeld).Inc()
}

func (m *metrics) loaded(r warehouse.Result) {
	m.stale.Add(float64(r.Stale))
	for _, s := range r.Gone {
		m.slices.WithLabelValues(s.Table, resultGone).Inc()
	}
	for _, s := range r.Loaded {
		m.slices.WithLabelValues(s.Table, resultLoaded).Inc()
	}
}

// datasets are those of the tables whose rows are counted, aggregates left out.
var datasets = map[string]string{sales.TableFacts: sales.TopicEvents, sales.TableSilverCustomers: sales.TopicCustomers}

// tallies say what of a load is to be counted once it is in Kafka: all rows of the slices.
func tallies(loaded []warehouse.Slice) []stream.Tally {
	sums := map[string]stream.Tally{}
	for _, s := range loaded {
		name, counts := datasets[s.Table]
		if !counts {
			continue
		}
		t, known := sums[name]
		if !known {
			t = stream.Tally{Dataset: name, Rows: map[string]int64{}}
		}
		t.Rows[stream.Out] += s.Count.Rows
		t.EventTime = max(t.EventTime, s.EventTime)
		sums[name] = t
	}
	return slices.Collect(maps.Values(sums))
}

func (m *metrics) totals(totals map[string]lake.Count) {
	for table, c := range totals {
		m.ledgerRows.WithLabelValues(table).Set(float64(c.Rows))
		m.ledgerCents.WithLabelValues(table).Set(float64(c.Cents))
	}
}
