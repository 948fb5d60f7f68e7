package loader

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/services/redshift-loader/warehouse"
)

// The results of a slice's verdict.
const (
	resultLoaded = "loaded"
	resultHeld   = "held"
	resultGone   = "gone"
)

type metrics struct {
	slices      *prometheus.CounterVec
	rows        *prometheus.CounterVec
	gone        *prometheus.GaugeVec
	stale       prometheus.Counter
	failures    prometheus.Counter
	seconds     prometheus.Histogram
	freshness   prometheus.Histogram
	ledgerRows  *prometheus.GaugeVec
	ledgerCents *prometheus.GaugeVec
}

func newMetrics(reg prometheus.Registerer) *metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: "sales_load_" + name, Help: help})
	}
	m := &metrics{
		slices: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sales_load_slices_total",
			Help: "Slices by result: loaded; held, as the verdict failed; gone, at each try for which a file was gone."}, []string{"table", "result"}),
		rows: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sales_load_rows_total", Help: "Rows of the slices that were loaded."}, []string{"table"}),
		gone: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "sales_load_gone_slices",
			Help: "Slices that cannot be loaded since a file of theirs is gone; a minute or two is normal, until the newer version's verdict comes."}, []string{"partition"}),
		stale:    counter("stale_total", "Verdicts that were not newer than what is loaded."),
		failures: counter("failures_total", "Loads that were rolled back."),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "sales_load_seconds",
			Help: "Time of a load, from reading files to the commit.", Buckets: prometheus.ExponentialBuckets(0.01, 2, 14)}),
		freshness: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "sales_load_freshness_seconds",
			Help: "Time from the newest event of a day's change to its commit in the warehouse.", Buckets: prometheus.ExponentialBuckets(0.25, 2, 16)}),
		ledgerRows:  prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "sales_load_ledger_rows", Help: "Rows that the warehouse's ledger holds."}, []string{"table"}),
		ledgerCents: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "sales_load_ledger_cents", Help: "Money that the warehouse's ledger holds, in cents."}, []string{"table"}),
	}
	_, tables := warehouse.Targets()
	for _, table := range tables {
		m.rows.WithLabelValues(table)
		for _, result := range []string{resultLoaded, resultHeld, resultGone} {
			m.slices.WithLabelValues(table, result)
		}
	}
	if reg != nil {
		reg.MustRegister(m.slices, m.rows, m.gone, m.stale, m.failures, m.seconds, m.freshness, m.ledgerRows, m.ledgerCents)
	}
	return m
}

func (m *metrics) held(v *lake.Verdict) {
	m.slices.WithLabelValues(v.Manifest.Table, resultHeld).Inc()
}

func (m *metrics) loaded(r warehouse.Result, took time.Duration) {
	m.stale.Add(float64(r.Stale))
	for _, s := range r.Gone {
		m.slices.WithLabelValues(s.Table, resultGone).Inc()
	}
	if len(r.Loaded) > 0 {
		m.seconds.Observe(took.Seconds())
	}
	now := time.Now()
	for _, s := range r.Loaded {
		m.slices.WithLabelValues(s.Table, resultLoaded).Inc()
		m.rows.WithLabelValues(s.Table).Add(float64(s.Count.Rows))
		if s.Table == sales.TableFacts && s.EventTime > 0 {
			m.freshness.Observe(now.Sub(time.UnixMicro(s.EventTime)).Seconds())
		}
	}
}

func (m *metrics) totals(totals map[string]lake.Count) {
	for table, c := range totals {
		m.ledgerRows.WithLabelValues(table).Set(float64(c.Rows))
		m.ledgerCents.WithLabelValues(table).Set(float64(c.Cents))
	}
}
