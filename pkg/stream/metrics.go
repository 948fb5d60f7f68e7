package stream

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics counts what a Run does. The names are sales_<stage>_<what>_<unit>; topic and partition are the only labels.
type Metrics struct {
	commits, aborts, fenced, rebalances, recordsIn prometheus.Counter

	lagRecords, lagSeconds *prometheus.GaugeVec
	transaction            prometheus.Histogram
}

// NewMetrics makes the metrics of a stage ("bronze") and registers them; a nil registerer leaves them unregistered.
func NewMetrics(reg prometheus.Registerer, stage string) *Metrics {
	prefix := "sales_" + strings.ReplaceAll(stage, "-", "_") + "_"
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: prefix + name, Help: help})
	}
	gauge := func(name, help string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: prefix + name, Help: help}, []string{"topic", "partition"})
	}
	m := &Metrics{
		commits:    counter("commits_total", "Transactions committed."),
		aborts:     counter("aborts_total", "Transactions aborted: the session started again from the committed offsets."),
		fenced:     counter("fenced_total", "Transactions refused because another instance has taken over."),
		rebalances: counter("rebalances_total", "Times that partitions were assigned to or taken from this instance."),
		recordsIn:  counter("records_in_total", "Records handed to the tasks, those read again after an abort included."),
		lagRecords: gauge("lag_records", "Records in the partition that its task has not handled, 0 when caught up."),
		lagSeconds: gauge("lag_seconds", "Age of the newest handled record while behind, 0 when caught up."),
		transaction: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: prefix + "transaction_seconds", Help: "Time from the begin of a transaction to the end of its commit.",
			Buckets: prometheus.ExponentialBuckets(0.001, 2, 15),
		}),
	}
	if reg != nil {
		reg.MustRegister(m.commits, m.aborts, m.fenced, m.rebalances, m.recordsIn, m.lagRecords, m.lagSeconds, m.transaction)
	}
	return m
}
