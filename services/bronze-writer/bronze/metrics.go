package bronze

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/saleslake/saleslake/pkg/sales"
)

// metrics is what bronze tells of itself.
type metrics struct {
	rows      map[*dataset]prometheus.Counter
	rejects   map[*dataset]map[sales.Code]prometheus.Counter
	adopted   prometheus.Counter
	batchRows prometheus.Histogram
	fileBytes prometheus.Histogram
	flush     prometheus.Histogram
	freshness prometheus.Histogram
}

// newMetrics registers the metrics unless there is no reg, as for an ingest,
// which ends before anyone could ask.
func newMetrics(reg prometheus.Registerer) *metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: "sales_bronze_" + name, Help: help})
	}
	histogram := func(name, help string, buckets []float64) prometheus.Histogram {
		return prometheus.NewHistogram(prometheus.HistogramOpts{Name: "sales_bronze_" + name, Help: help, Buckets: buckets})
	}
	rows := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "sales_bronze_rows_total", Help: "Rows of committed files, by dataset."}, []string{"dataset"})
	rejects := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "sales_bronze_rejects_total", Help: "Records rejected in committed batches, by dataset and code."}, []string{"dataset", "code"})
	m := &metrics{
		rows:      map[*dataset]prometheus.Counter{},
		rejects:   map[*dataset]map[sales.Code]prometheus.Counter{},
		adopted:   counter("adopted_total", "Files of another writer that were taken over."),
		batchRows: histogram("batch_rows", "Rows of a file.", prometheus.ExponentialBuckets(1, 8, 8)),
		fileBytes: histogram("file_bytes", "Bytes of a file.", prometheus.ExponentialBuckets(1024, 8, 7)),
		flush:     histogram("flush_seconds", "Time to encode and upload a batch.", prometheus.ExponentialBuckets(0.001, 3, 10)),
		freshness: histogram("freshness_seconds", "Age of a batch's newest event, by its own time, when it was committed.",
			prometheus.ExponentialBuckets(0.05, 2.5, 12)),
	}
	for _, d := range datasets {
		m.rows[d], m.rejects[d] = rows.WithLabelValues(d.topic), map[sales.Code]prometheus.Counter{}
		for _, code := range sales.BronzeCodes {
			m.rejects[d][code] = rejects.WithLabelValues(d.topic, string(code))
		}
	}
	if reg != nil {
		reg.MustRegister(rows, rejects, m.adopted, m.batchRows, m.fileBytes, m.flush, m.freshness)
	}
	return m
}

// committed counts a file whose manifest is published.
func (m *metrics) committed(l *landed, now time.Time) {
	m.rows[l.set].Add(float64(l.file.Rows))
	m.batchRows.Observe(float64(l.file.Rows))
	m.fileBytes.Observe(float64(l.file.Bytes))
	for code, n := range l.source.Rejected {
		if c, ok := m.rejects[l.set][code]; ok { // another version's writer may have had codes of its own
			c.Add(float64(n))
		}
	}
	if l.eventTime > 0 {
		m.freshness.Observe(now.Sub(time.UnixMicro(l.eventTime)).Seconds())
	}
}
