package silver

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

// newStreamMetrics makes what the stages of all datasets count alike.
func newStreamMetrics(reg prometheus.Registerer) *stream.Metrics {
	codes := make([]string, len(sales.SilverCodes))
	for i, code := range sales.SilverCodes {
		codes[i] = string(code)
	}
	sets := make([]stream.Dataset, len(datasets))
	for i, d := range datasets {
		sets[i] = stream.Dataset{Name: d.name, Outcomes: []string{stream.Out, stream.Duplicate, stream.Superseded}, Codes: codes}
	}
	return stream.NewMetrics(reg, stageName, sets...)
}

// metrics are those of a dataset's stage, counted when a commit is in Kafka.
type metrics struct {
	ties, filesWritten, filesDeleted           prometheus.Counter
	rowsRewritten, filesRecalled, mirrorErrors prometheus.Counter
	orders, older, indexBytes                  *prometheus.GaugeVec // by partition
}

func newMetrics(reg prometheus.Registerer, dataset string) *metrics {
	constant := prometheus.Labels{"dataset": dataset}
	counter := func(name, help string) prometheus.Counter {
		c := prometheus.NewCounter(prometheus.CounterOpts{Name: "sales_silver_" + name, Help: help, ConstLabels: constant})
		reg.MustRegister(c)
		return c
	}
	gauge := func(name, help string) *prometheus.GaugeVec {
		g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "sales_silver_" + name, Help: help, ConstLabels: constant}, []string{"partition"})
		reg.MustRegister(g)
		return g
	}
	return &metrics{
		ties:          counter("tied_rows_total", "Superseded versions with the winner's time, decided by the event_id."),
		filesWritten:  counter("written_files_total", "Files written."),
		filesDeleted:  counter("deleted_files_total", "Replaced files deleted after the grace period."),
		rowsRewritten: counter("rewritten_rows_total", "Rows written again because their file lost others."),
		mirrorErrors:  counter("mirror_errors_total", "Commits whose copies of manifests could not all be written."),
		filesRecalled: counter("recalled_files_total", "Files read because an order came again that was only in the filter."),
		orders:        gauge("index_orders_rows", "Orders in the index."),
		older:         gauge("filter_orders_rows", "Older orders, in the filter."),
		indexBytes:    gauge("index_bytes", "Memory of the index and the filter."),
	}
}

// tally says what of a commit is to be counted once it is in Kafka. The days of a
// command bring no rows.
func (c *commit) tally() stream.Tally {
	t := stream.Tally{Dataset: c.name, Bytes: c.bytes, EventTime: c.eventTime, Rejects: map[string]int64{}, Rows: map[string]int64{
		stream.Out: c.outcome.Rows, stream.Duplicate: c.outcome.Duplicates, stream.Superseded: c.outcome.Superseded}}
	for code, n := range c.rejected {
		t.Rejects[string(code)] = n.Rows
	}
	return t
}

func (m *metrics) committed(c *commit) {
	m.ties.Add(float64(c.outcome.Ties))
	m.filesWritten.Add(float64(c.files))
	m.rowsRewritten.Add(float64(c.rewritten))
	m.filesRecalled.Add(float64(c.recalled))
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
