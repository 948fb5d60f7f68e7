package gold

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

type metrics struct {
	days         prometheus.Counter
	files        prometheus.Counter
	rebuilt      prometheus.Counter
	restated     prometheus.Counter
	rows         prometheus.Counter
	filesDeleted prometheus.Counter
	mirrorErrors prometheus.Counter
	cacheBytes   prometheus.Gauge
	waiting      *prometheus.GaugeVec
	flush        prometheus.Histogram
	freshness    prometheus.Histogram
}

func newMetrics(reg prometheus.Registerer) *metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: "sales_gold_" + name, Help: help})
	}
	m := &metrics{
		days:         counter("days_total", "Versions of days published."),
		files:        counter("files_total", "Files of silver, and of its changes, that were taken into a day."),
		rebuilt:      counter("rebuilt_days_total", "Days made from all of their files, as their state was not there or changes did not lead on from it."),
		restated:     counter("restated_cells_total", "Cells of published days that changed."),
		rows:         counter("rows_total", "Rows of those files."),
		filesDeleted: counter("files_deleted_total", "Replaced files deleted after the grace period."),
		mirrorErrors: counter("mirror_errors_total", "Commits whose copies of manifests could not all be written."),
		cacheBytes:   prometheus.NewGauge(prometheus.GaugeOpts{Name: "sales_gold_cache_bytes", Help: "Memory of the days' states that are kept."}),
		waiting:      prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "sales_gold_waiting_days", Help: "Days that wait for the manifest that replaces a deleted silver file."}, []string{"partition"}),
		flush: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "sales_gold_flush_seconds",
			Help: "Time to make the changed days of a partition.", Buckets: prometheus.ExponentialBuckets(0.005, 2, 14)}),
		freshness: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "sales_gold_freshness_seconds",
			Help: "Age of the newest event of a day when its version is committed.", Buckets: prometheus.ExponentialBuckets(0.1, 2, 16)}),
	}
	if reg != nil {
		reg.MustRegister(m.days, m.files, m.rebuilt, m.restated, m.rows, m.filesDeleted, m.mirrorErrors, m.cacheBytes, m.waiting, m.flush, m.freshness)
	}
	return m
}

func (m *metrics) committed(v version, now time.Time) {
	m.days.Inc()
	if at := v[facts].EventTime; at > 0 { // a rebuild brings no event
		m.freshness.Observe(now.Sub(time.UnixMicro(at)).Seconds())
	}
}

func (t *task) label() string { return strconv.Itoa(int(t.partition)) }
