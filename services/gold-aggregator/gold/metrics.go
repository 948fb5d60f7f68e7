package gold

import (
	"slices"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

type metrics struct {
	stream       *stream.Metrics
	days         prometheus.Counter
	files        prometheus.Counter
	rebuilt      prometheus.Counter
	restated     prometheus.Counter
	rows         prometheus.Counter
	filesDeleted prometheus.Counter
	mirrorErrors prometheus.Counter
	cacheBytes   prometheus.Gauge
	waiting      *prometheus.GaugeVec
}

func newMetrics(reg prometheus.Registerer) *metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: "sales_gold_" + name, Help: help})
	}
	m := &metrics{
		stream:       stream.NewMetrics(reg, "gold", stream.Dataset{Name: sales.TopicEvents, Outcomes: []string{stream.Out}}),
		days:         counter("days_total", "Versions of days published."),
		files:        counter("files_total", "Files of silver, and of its changes, that were taken into a day."),
		rebuilt:      counter("rebuilt_days_total", "Days made from all of their files, as their state was not there or changes did not lead on from it."),
		restated:     counter("restated_cells_total", "Cells of published days that changed."),
		rows:         counter("rows_total", "Rows of those files."),
		filesDeleted: counter("deleted_files_total", "Replaced files deleted after the grace period."),
		mirrorErrors: counter("mirror_errors_total", "Commits whose copies of manifests could not all be written."),
		cacheBytes:   prometheus.NewGauge(prometheus.GaugeOpts{Name: "sales_gold_cache_bytes", Help: "Memory of the days' states that are kept."}),
		waiting:      prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "sales_gold_waiting_days", Help: "Days that wait for the manifest that replaces a deleted silver file."}, []string{"partition"}),
	}
	if reg != nil {
		reg.MustRegister(m.days, m.files, m.rebuilt, m.restated, m.rows, m.filesDeleted, m.mirrorErrors, m.cacheBytes, m.waiting)
	}
	return m
}

// tally says what of a commit is to be counted once it is in Kafka: a day counts with all
// rows of its facts. A rebuild brings no event.
func (c *commit) tally() stream.Tally {
	t := stream.Tally{Dataset: sales.TopicEvents, Rows: map[string]int64{}}
	for d, v := range c.days {
		t.Rows[stream.Out] += v[facts].Rows
		t.EventTime = max(t.EventTime, v[facts].EventTime)
		for i, m := range v {
			if i != facts {
				t.Bytes += newBytes(m, d.gold[i])
			}
		}
	}
	return t
}

// newBytes are those of the files that the version before does not have.
func newBytes(m, before *lake.Manifest) (bytes int64) {
	for _, f := range m.Files {
		if before == nil || !slices.ContainsFunc(before.Files, func(kept lake.File) bool { return kept.Key == f.Key }) {
			bytes += f.Bytes
		}
	}
	return bytes
}

func (t *task) label() string { return strconv.Itoa(int(t.partition)) }
