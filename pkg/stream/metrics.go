package stream

import (
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// What may become of rows, in the words of the ledger.
const (
	Out        = "out"
	Duplicate  = "duplicate"
	Superseded = "superseded"
	Held       = "held"
	Rejected   = "rejected"
)

// Dataset is a kind of rows that a stage handles, with all that can become of them: the values that labels may have.
type Dataset struct {
	Name     string
	Outcomes []string // besides Rejected
	Codes    []string // of rejects; none = the stage rejects nothing
}

// Metrics counts what the Runs of a stage do. The names are sales_stage_<what>_<unit>, the same in all stages; all have
// the label stage.
type Metrics struct {
	commits, restarts, fenced, rebalances, records *prometheus.CounterVec // by group
	rows, rejects, bytes                           *prometheus.CounterVec // by dataset

	queueFill            *prometheus.GaugeVec     // by group
	lagRecords           *prometheus.GaugeVec     // by group, topic and partition
	lagSeconds           *prometheus.GaugeVec     // the same
	watermark            *prometheus.GaugeVec     // and by dataset
	heartbeatTime        *prometheus.GaugeVec     // by group, topic and partition
	heartbeat            *prometheus.HistogramVec // by group
	transaction, flush   *prometheus.HistogramVec // by group
	batchRows, freshness *prometheus.HistogramVec // by dataset
	transactions         openSince
	codes                map[string][]string // of rejects, by dataset
	collectors           []prometheus.Collector
	constant             prometheus.Labels
}

// freshnessBuckets are close together around what people wait for, seconds.
var freshnessBuckets = []float64{.1, .25, .5, 1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 30, 45, 60, 120, 300, 600, 1800, 3600, 21600, 86400}

// NewMetrics makes the metrics of a stage ("bronze") and registers them; a nil registerer leaves them unregistered.
func NewMetrics(reg prometheus.Registerer, stage string, datasets ...Dataset) *Metrics {
	m := &Metrics{constant: prometheus.Labels{"stage": stage}, codes: map[string][]string{}}
	m.records = m.counter("records_total", "Records handed to the tasks, those read again after an abort included.", "group")
	m.commits = m.counter("commits_total", "Transactions committed.", "group")
	m.restarts = m.counter("restarts_total", "Sessions that ended early and started again from the committed offsets: an aborted transaction, a warehouse that is away, a client that fetched nothing.", "group")
	m.fenced = m.counter("fenced_total", "Transactions refused because another instance has taken over.", "group")
	m.rebalances = m.counter("rebalances_total", "Times that partitions were assigned to or taken from this instance.", "group")
	m.rows = m.counter("rows_total", "Rows of committed batches, by what became of them. The sum of all outcomes is what came in.", "dataset", "outcome")
	m.rejects = m.counter("rejects_total", "Rows of the outcome rejected, by code.", "dataset", "code")
	m.bytes = m.counter("written_bytes_total", "Bytes of the files of committed batches.", "dataset")
	m.queueFill = m.gauge("queue_fill_ratio", "Fetched bytes that wait for the tasks or are in their hands, of what they may be: from 1 on nothing is read.", "group")
	m.lagRecords = m.gauge("lag_records", "Records in the partition that its task has not handled, 0 when caught up.", "group", "topic", "partition")
	m.lagSeconds = m.gauge("lag_seconds", "Age of the newest handled record while behind, 0 when caught up.", "group", "topic", "partition")
	m.watermark = m.gauge("watermark_timestamp_seconds", "Time of the newest event that is committed, since the partition was assigned.", "group", "topic", "partition", "dataset")
	m.heartbeatTime = m.gauge("heartbeat_timestamp_seconds", "When the newest heartbeat was sent that the stage has committed.", "group", "topic", "partition")
	m.transaction = m.histogram("transaction_seconds", "Time from the begin of a transaction to the end of its commit.", prometheus.ExponentialBuckets(0.001, 2, 15), "group")
	m.flush = m.histogram("flush_seconds", "Time to make a batch durable, before its transaction.", prometheus.ExponentialBuckets(0.001, 2, 17), "group")
	m.heartbeat = m.histogram("heartbeat_seconds", "Time from the sending of a heartbeat to its commit by the stage, behind everything that came before it.", freshnessBuckets, "group")
	m.batchRows = m.histogram("batch_rows", "Rows of a committed batch, empty ones left out.", prometheus.ExponentialBuckets(1, 4, 12), "dataset")
	m.freshness = m.histogram("freshness_seconds", "Age of a batch's newest event, by its own time, when the batch is committed.",
		freshnessBuckets, "dataset")
	m.collectors = append(m.collectors, prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "sales_stage_transaction_age_seconds", ConstLabels: m.constant,
		Help: "Age of the oldest transaction that is open, 0 when none is."}, m.transactions.age))
	m.start(datasets)
	if reg != nil {
		reg.MustRegister(m.collectors...)
	}
	return m
}

func (m *Metrics) counter(name, help string, labels ...string) *prometheus.CounterVec {
	v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sales_stage_" + name, Help: help, ConstLabels: m.constant}, labels)
	m.collectors = append(m.collectors, v)
	return v
}

func (m *Metrics) gauge(name, help string, labels ...string) *prometheus.GaugeVec {
	v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "sales_stage_" + name, Help: help, ConstLabels: m.constant}, labels)
	m.collectors = append(m.collectors, v)
	return v
}

// histogram makes one with classic buckets, and with native ones for a server that asks for them.
func (m *Metrics) histogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	v := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "sales_stage_" + name, Help: help, ConstLabels: m.constant, Buckets: buckets,
		NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 160, NativeHistogramMinResetDuration: time.Hour}, labels)
	m.collectors = append(m.collectors, v)
	return v
}

// start puts the series of the datasets at 0.
func (m *Metrics) start(datasets []Dataset) {
	for _, d := range datasets {
		outcomes := d.Outcomes
		m.codes[d.Name] = d.Codes
		for _, code := range d.Codes {
			m.rejects.WithLabelValues(d.Name, code)
			outcomes = append(slices.Clone(d.Outcomes), Rejected)
		}
		for _, outcome := range outcomes {
			m.rows.WithLabelValues(d.Name, outcome)
		}
		m.bytes.WithLabelValues(d.Name)
		m.batchRows.WithLabelValues(d.Name)
		m.freshness.WithLabelValues(d.Name)
	}
}

// startGroup puts the series of a group at 0.
func (m *Metrics) startGroup(group string) {
	for _, v := range []*prometheus.CounterVec{m.commits, m.restarts, m.fenced, m.rebalances, m.records} {
		v.WithLabelValues(group)
	}
	m.queueFill.WithLabelValues(group)
	m.transaction.WithLabelValues(group)
	m.flush.WithLabelValues(group)
}

// live is the age from which an event is a correction, or from a file of the past: that tells nothing of freshness.
const live = 24 * time.Hour

// committed counts a batch that is in Kafka.
func (m *Metrics) committed(group string, p Partition, tallies []Tally, now time.Time) {
	for _, t := range tallies {
		for outcome, n := range t.outcomes() {
			m.rows.WithLabelValues(t.Dataset, outcome).Add(float64(n))
		}
		for code, n := range t.Rejects {
			if slices.Contains(m.codes[t.Dataset], code) { // another version's writer may have had codes of its own
				m.rejects.WithLabelValues(t.Dataset, code).Add(float64(n))
			}
		}
		m.bytes.WithLabelValues(t.Dataset).Add(float64(t.Bytes))
		if n := t.rows(); n > 0 {
			m.batchRows.WithLabelValues(t.Dataset).Observe(float64(n))
		}
		if t.EventTime > 0 && t.age(now) < live {
			m.freshness.WithLabelValues(t.Dataset).Observe(t.age(now).Seconds())
			m.watermark.WithLabelValues(group, p.Topic, strconv.Itoa(int(p.ID)), t.Dataset).Set(float64(min(t.EventTime, now.UnixMicro())) / 1e6)
		}
	}
}

// lag sets a partition's lag: records not handled, and the age of the newest handled one.
func (m *Metrics) lag(group string, p Partition, records int64, age time.Duration) {
	labels := []string{group, p.Topic, strconv.Itoa(int(p.ID))}
	m.lagRecords.WithLabelValues(labels...).Set(float64(records))
	m.lagSeconds.WithLabelValues(labels...).Set(age.Seconds())
}

// forget drops the gauges of a partition that another instance reads now.
func (m *Metrics) forget(group string, p Partition) {
	labels := prometheus.Labels{"group": group, "topic": p.Topic, "partition": strconv.Itoa(int(p.ID))}
	for _, v := range []*prometheus.GaugeVec{m.lagRecords, m.lagSeconds, m.watermark, m.heartbeatTime} {
		v.DeletePartialMatch(labels)
	}
}

// openSince knows when the open transactions of some groups began.
type openSince struct {
	mu    sync.Mutex
	began map[string]time.Time
}

func (o *openSince) begin(group string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.began == nil {
		o.began = map[string]time.Time{}
	}
	o.began[group] = time.Now()
}

func (o *openSince) end(group string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.began, group)
}

// age is that of the oldest, in seconds.
func (o *openSince) age() float64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.began) == 0 {
		return 0
	}
	return time.Since(slices.MinFunc(slices.Collect(maps.Values(o.began)), time.Time.Compare)).Seconds()
}

// measure sets how full the queue is, and the lag of every partition that is read. The client's own statistics count
// from committed offsets, which it does not learn of transactional commits; and an end offset counts control records,
// so that only the worker knows when it is caught up.
func (s *session) measure(now time.Time) {
	m, group := s.rc.Metrics, s.rc.Group
	m.queueFill.WithLabelValues(group).Set(float64(s.held.Load()) / float64(s.rc.QueueBytes/2))
	for p, w := range s.workers {
		if !w.assigned {
			continue
		}
		if w.atEnd.Load() && w.box.empty() { // what waits in the box has come since, while the task flushes
			m.lag(group, p, 0, 0)
			continue
		}
		_, end, err := s.consumer.GetWatermarkOffsets(p.Topic, p.ID)
		if newest := w.newest.Load(); err == nil && newest > 0 {
			m.lag(group, p, max(end-w.next.Load(), 0), max(now.Sub(time.UnixMicro(newest)), 0))
		}
	}
}
