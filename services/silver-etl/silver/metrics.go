package silver

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/saleslake/saleslake/pkg/sales"
)

// metrics are counted when a commit is in Kafka.
type metrics struct {
	rowsIn, rowsOut, duplicates, superseded, ties prometheus.Counter
	rejected                                      *prometheus.CounterVec // by code
	filesWritten, bytesWritten, filesDeleted      prometheus.Counter
	rowsRewritten, filesRecalled, mirrorErrors    prometheus.Counter
	flush, freshness                              prometheus.Histogram
	orders, older, indexBytes                     *prometheus.GaugeVec // by partition
}

func newMetrics(reg prometheus.Registerer) *metrics {
	counter := func(name, help string) prometheus.Counter {
		c := prometheus.NewCounter(prometheus.CounterOpts{Name: "sales_silver_" + name, Help: help})
		reg.MustRegister(c)
		return c
	}
	histogram := func(name, help string) prometheus.Histogram {
		h := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "sales_silver_" + name, Help: help,
			Buckets: prometheus.ExponentialBuckets(0.01, 2, 16)})
		reg.MustRegister(h)
		return h
	}
	gauge := func(name, help string) *prometheus.GaugeVec {
		g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "sales_silver_" + name, Help: help}, []string{"partition"})
		reg.MustRegister(g)
		return g
	}
	m := &metrics{
		rowsIn:        counter("in_rows_total", "Bronze rows taken."),
		rowsOut:       counter("new_orders_rows_total", "Rows of orders that were new."),
		duplicates:    counter("duplicate_rows_total", "Versions that repeated their order's current one."),
		superseded:    counter("superseded_rows_total", "Versions that lost to another one of their order."),
		ties:          counter("tied_rows_total", "Superseded versions with the winner's time, decided by the event_id."),
		filesWritten:  counter("written_files_total", "Files written."),
		bytesWritten:  counter("written_bytes_total", "Bytes of the files written."),
		filesDeleted:  counter("deleted_files_total", "Replaced files deleted."),
		rowsRewritten: counter("rewritten_rows_total", "Rows written again because their file lost others."),
		mirrorErrors:  counter("mirror_errors_total", "Commits whose manifests were not all copied to the lake."),
		flush:         histogram("flush_seconds", "Time from the first bronze file read to the last silver file written."),
		freshness:     histogram("freshness_seconds", "Age of a commit's newest event when it is committed."),
		filesRecalled: counter("recalled_files_total", "Files read because an order came again that was only in the filter."),
		orders:        gauge("index_orders_rows", "Orders in the index."),
		older:         gauge("filter_orders_rows", "Older orders, in the filter."),
		indexBytes:    gauge("index_bytes", "Memory of the index and the filter."),
		rejected: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sales_silver_rejected_rows_total", Help: "Rows rejected, by code."}, []string{"code"}),
	}
	reg.MustRegister(m.rejected)
	for _, code := range sales.SilverCodes {
		m.rejected.WithLabelValues(string(code))
	}
	return m
}

func (m *metrics) committed(c *commit) {
	m.rowsIn.Add(float64(c.in.Rows))
	m.rowsOut.Add(float64(c.outcome.Rows))
	m.duplicates.Add(float64(c.outcome.Duplicates))
	m.superseded.Add(float64(c.outcome.Superseded))
	m.ties.Add(float64(c.outcome.Ties))
	for code, n := range c.rejected {
		m.rejected.WithLabelValues(string(code)).Add(float64(n.Rows))
	}
	m.filesWritten.Add(float64(c.files))
	m.bytesWritten.Add(float64(c.bytes))
	m.rowsRewritten.Add(float64(c.rewritten))
	m.filesRecalled.Add(float64(c.recalled))
	if c.eventTime > 0 {
		m.freshness.Observe(time.Since(time.UnixMicro(c.eventTime)).Seconds())
	}
	m.opened(c.task)
}

func (m *metrics) opened(t *task) {
	label := strconv.Itoa(int(t.partition))
	m.orders.WithLabelValues(label).Set(float64(t.index.Len()))
	m.older.WithLabelValues(label).Set(float64(t.filter.Len()))
	m.indexBytes.WithLabelValues(label).Set(float64(t.index.Bytes() + t.filter.Bytes()))
}

// closed drops the gauges of a partition that another instance has now.
func (m *metrics) closed(partition int32) {
	label := strconv.Itoa(int(partition))
	m.orders.DeleteLabelValues(label)
	m.older.DeleteLabelValues(label)
	m.indexBytes.DeleteLabelValues(label)
}
