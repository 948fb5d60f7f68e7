package dq

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/services/dq-checker/rules"
)

type metrics struct {
	verdicts *prometheus.CounterVec
	findings *prometheus.CounterVec
	rows     prometheus.Counter
}

func newMetrics(reg prometheus.Registerer, set *rules.Set) *metrics {
	m := &metrics{
		verdicts: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sales_dq_verdicts_total", Help: "Verdicts given, by outcome."}, []string{"outcome"}),
		findings: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sales_dq_findings_total", Help: "Findings that did not pass, by rule and outcome."}, []string{"rule", "outcome"}),
		rows:     prometheus.NewCounter(prometheus.CounterOpts{Name: "sales_dq_rows_total", Help: "Rows of the slices that got a verdict."}),
	}
	for _, o := range []lake.Outcome{lake.Pass, lake.Warn, lake.Fail} {
		m.verdicts.WithLabelValues(string(o))
		if o == lake.Pass {
			continue
		}
		m.findings.WithLabelValues(RuleDay, string(o))
		for _, r := range set.Rules {
			m.findings.WithLabelValues(r.Name, string(o))
		}
	}
	if reg != nil {
		reg.MustRegister(m.verdicts, m.findings, m.rows)
	}
	return m
}

// observe tells of the ledgers of each table of silver, also of those that no
// verdict rests on.
func observe(reg prometheus.Registerer, k *Keeper) {
	for _, table := range Tables {
		reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "sales_dq_ledger_faults", Help: "What does not balance in the ledgers of bronze and silver, by table of silver.",
			ConstLabels: prometheus.Labels{"table": table}}, func() float64 { return float64(len(k.Faults(table))) }))
	}
}

func (m *metrics) verdict(v *lake.Verdict) {
	m.verdicts.WithLabelValues(string(v.Outcome)).Inc()
	m.rows.Add(float64(v.Manifest.Rows))
	for _, f := range v.Findings {
		if f.Outcome != lake.Pass {
			m.findings.WithLabelValues(f.Rule, string(f.Outcome)).Inc()
		}
	}
}
