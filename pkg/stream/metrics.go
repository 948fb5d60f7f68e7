package stream

import (
	"strconv"
	"strings"
	"time"

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

// lag sets a partition's lag: records not handled, and the age of the newest handled one.
func (m *Metrics) lag(p Partition, records int64, age time.Duration) {
	labels := []string{p.Topic, strconv.Itoa(int(p.ID))}
	m.lagRecords.WithLabelValues(labels...).Set(float64(records))
	m.lagSeconds.WithLabelValues(labels...).Set(age.Seconds())
}

// forget drops the lag of a partition that another instance reads now.
func (m *Metrics) forget(p Partition) {
	labels := []string{p.Topic, strconv.Itoa(int(p.ID))}
	m.lagRecords.DeleteLabelValues(labels...)
	m.lagSeconds.DeleteLabelValues(labels...)
}

const measureEvery = time.Second

// measure sets the lag of every partition that is read. The client's own statistics count from committed offsets,
// which it does not learn of transactional commits; and an end offset counts control records, so that only the worker
// knows when it is caught up.
func (s *session) measure() {
	now := time.Now()
	if now.Sub(s.measured) < measureEvery {
		return
	}
	s.measured = now
	for p, w := range s.workers {
		if !w.assigned {
			continue
		}
		if w.atEnd.Load() {
			s.rc.Metrics.lag(p, 0, 0)
			continue
		}
		_, end, err := s.consumer.GetWatermarkOffsets(p.Topic, p.ID)
		if newest := w.newest.Load(); err == nil && newest > 0 {
			s.rc.Metrics.lag(p, max(end-w.next.Load(), 0), max(now.Sub(time.UnixMicro(newest)), 0))
		}
	}
}
