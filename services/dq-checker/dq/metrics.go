package dq

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/rules"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

type metrics struct {
	stream   *stream.Metrics
	verdicts *prometheus.CounterVec
	findings *prometheus.CounterVec
	loaded   *prometheus.CounterVec
	samples  prometheus.Counter
	delay    prometheus.Histogram
}

func newMetrics(reg prometheus.Registerer, set *rules.Set) *metrics {
	outcomes := []string{stream.Out, stream.Held}
	m := &metrics{
		stream:   stream.NewMetrics(reg, "dq", stream.Dataset{Name: sales.TopicEvents, Outcomes: outcomes}, stream.Dataset{Name: sales.TopicCustomers, Outcomes: outcomes}),
		verdicts: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sales_dq_verdicts_total", Help: "Verdicts given, by outcome."}, []string{"outcome"}),
		findings: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sales_dq_findings_total", Help: "Findings that did not pass, by rule, table and outcome."}, []string{"rule", "table", "outcome"}),
		loaded:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sales_dq_load_findings_total", Help: "Findings on what has been loaded that did not pass, by rule, table and outcome."}, []string{"rule", "table", "outcome"}),
		samples:  prometheus.NewCounter(prometheus.CounterOpts{Name: "sales_dq_samples_total", Help: "Rows at fault that were kept in dq/samples."}),
		delay: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "sales_dq_verdict_delay_seconds", Help: "Time from a manifest to its first verdict.",
			Buckets: prometheus.ExponentialBuckets(0.25, 2, 12)}),
	}
	for _, o := range []lake.Outcome{lake.Pass, lake.Warn, lake.Fail} {
		m.verdicts.WithLabelValues(string(o))
		if o == lake.Pass {
			continue
		}
		for _, table := range judgedTables() {
			m.findings.WithLabelValues(RuleDay, table, string(o))
			m.loaded.WithLabelValues(RuleWarehouse, table, string(o))
			for _, r := range set.Of(rulesTable(&lake.Manifest{Table: table})) {
				m.findings.WithLabelValues(r.Name, table, string(o))
				if _, ok := r.Params.(*Freshness); ok { // is judged again at the load
					m.loaded.WithLabelValues(r.Name, table, string(o))
				}
			}
		}
	}
	if reg != nil {
		reg.MustRegister(m.verdicts, m.findings, m.loaded, m.samples, m.delay)
	}
	return m
}

// given counts a verdict that has been committed; first tells whether it is that of its
// version.
func (m *metrics) given(j judgement, first bool) {
	v := j.Verdict
	m.samples.Add(float64(len(j.samples)))
	if first {
		m.delay.Observe(float64(v.Created-v.Manifest.Created) / 1e6)
	}
	m.verdicts.WithLabelValues(string(v.Outcome)).Inc()
	for _, f := range v.Findings {
		if f.Outcome != lake.Pass {
			m.findings.WithLabelValues(f.Rule, v.Manifest.Table, string(f.Outcome)).Inc()
		}
	}
}

// tally says what of verdicts is to be counted once they are in Kafka: all rows of the
// slices, aggregates left out.
func (t *task) tally() stream.Tally {
	sum := stream.Tally{Dataset: t.dataset, Rows: map[string]int64{}}
	for _, j := range t.given {
		m := &j.Manifest
		switch {
		case m.Table != t.tables[0]:
		case j.Passed():
			sum.Rows[stream.Out] += m.Rows
			sum.EventTime = max(sum.EventTime, m.EventTime)
		default:
			sum.Rows[stream.Held] += m.Rows
		}
	}
	return sum
}
