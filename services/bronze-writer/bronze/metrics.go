package bronze

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

// metrics is what bronze tells of itself.
type metrics struct {
	stream  *stream.Metrics
	adopted prometheus.Counter
}

// newMetrics registers the metrics unless there is no reg, as for an ingest,
// which ends before anyone could ask.
func newMetrics(reg prometheus.Registerer) *metrics {
	codes := make([]string, len(sales.BronzeCodes))
	for i, code := range sales.BronzeCodes {
		codes[i] = string(code)
	}
	sets := make([]stream.Dataset, len(datasets))
	for i, d := range datasets {
		sets[i] = stream.Dataset{Name: d.topic, Outcomes: []string{stream.Out}, Codes: codes}
	}
	m := &metrics{
		stream:  stream.NewMetrics(reg, "bronze", sets...),
		adopted: prometheus.NewCounter(prometheus.CounterOpts{Name: "sales_bronze_adopted_total", Help: "Files of another writer that were taken over."}),
	}
	if reg != nil {
		reg.MustRegister(m.adopted)
	}
	return m
}

// tally says what of a file is to be counted once its manifest is published.
func (l *landed) tally() stream.Tally {
	t := stream.Tally{Dataset: l.set.topic, Rows: map[string]int64{stream.Out: l.file.Rows}, Rejects: map[string]int64{}, Bytes: l.file.Bytes, EventTime: l.eventTime}
	for code, n := range l.source.Rejected {
		t.Rejects[string(code)] = n
	}
	return t
}
