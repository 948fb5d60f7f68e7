package stream

import (
	"encoding/json"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
)

// The clients that tell of themselves: those that live as long as a stage works.
const (
	clientConsumer     = "consumer"
	clientTransactions = "transactions"
	clientPublisher    = "publisher"
)

// statisticsEvery is how often a client tells of itself.
const statisticsEvery = 5 * time.Second

// ClientMetrics show what librdkafka says of itself: sales_kafka_<what>_<unit>, by client and consumer group. A nil
// *ClientMetrics asks for nothing.
type ClientMetrics struct {
	connections, requests, roundTrip, throttle, queued *prometheus.GaugeVec
	failures                                           *prometheus.CounterVec
}

// NewClientMetrics makes and registers them.
func NewClientMetrics(reg prometheus.Registerer) *ClientMetrics {
	labels := []string{"client", "group"}
	gauge := func(name, help string) *prometheus.GaugeVec {
		v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "sales_kafka_" + name, Help: help}, labels)
		reg.MustRegister(v)
		return v
	}
	m := &ClientMetrics{
		connections: gauge("connections", "Brokers that the client is connected to; 0: the cluster is away."),
		requests:    gauge("requests_waiting", "Requests to brokers that are not answered yet."),
		roundTrip:   gauge("round_trip_seconds", "Time until a broker answers, the 99th percentile of its slowest broker."),
		throttle:    gauge("throttle_seconds", "How long brokers held answers back, as the client is over its quota."),
		queued:      gauge("queued_bytes", "Bytes that wait in the client: fetched ones for the stage, or produced ones for a broker."),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sales_kafka_request_failures_total",
			Help: "Requests that failed or were not answered in time, connections that broke among them."}, labels),
	}
	reg.MustRegister(m.failures)
	return m
}

// ask makes a client tell of itself.
func (m *ClientMetrics) ask(conf kafka.ConfigMap) {
	if m != nil {
		conf["statistics.interval.ms"] = int(statisticsEvery.Milliseconds())
	}
}

// statistics are the fields that are shown, of those that
// https://github.com/confluentinc/librdkafka/blob/master/STATISTICS.md describes.
type statistics struct {
	Queued  int64 `json:"msg_size"` // of a producer
	Brokers map[string]struct {
		State    string `json:"state"`
		NodeID   int    `json:"nodeid"`
		Out      int64  `json:"outbuf_cnt"`
		Waiting  int64  `json:"waitresp_cnt"`
		SendErr  int64  `json:"txerrs"`
		RecvErr  int64  `json:"rxerrs"`
		Timeouts int64  `json:"req_timeouts"`
		RTT      struct {
			P99 int64 `json:"p99"` // microseconds
		} `json:"rtt"`
		Throttle struct {
			Max int64 `json:"max"` // milliseconds
		} `json:"throttle"`
	} `json:"brokers"`
	Topics map[string]struct {
		Partitions map[string]struct {
			Fetched int64 `json:"fetchq_size"`
		} `json:"partitions"`
	} `json:"topics"`
}

// teller is one client that tells of itself.
type teller struct {
	metrics       *ClientMetrics
	client, group string
	log           *zap.Logger
	failures      int64 // as it told last
}

// hear shows what the client tells, in JSON.
func (t *teller) hear(told string) {
	var s statistics
	if err := json.Unmarshal([]byte(told), &s); err != nil {
		t.log.Warn("what the client tells of itself is not understood", zap.String("client", t.client), zap.Error(err))
		return
	}
	var connected, waiting, failures, rtt, throttle int64
	for _, b := range s.Brokers {
		if b.State == "UP" && b.NodeID >= 0 { // the bootstrap address has no number
			connected++
		}
		waiting += b.Out + b.Waiting
		failures += b.SendErr + b.RecvErr + b.Timeouts
		rtt, throttle = max(rtt, b.RTT.P99), max(throttle, b.Throttle.Max)
	}
	queued := s.Queued
	for _, topic := range s.Topics {
		for _, p := range topic.Partitions {
			queued += p.Fetched
		}
	}
	m := t.metrics
	m.connections.WithLabelValues(t.client, t.group).Set(float64(connected))
	m.requests.WithLabelValues(t.client, t.group).Set(float64(waiting))
	m.roundTrip.WithLabelValues(t.client, t.group).Set((time.Duration(rtt) * time.Microsecond).Seconds())
	m.throttle.WithLabelValues(t.client, t.group).Set((time.Duration(throttle) * time.Millisecond).Seconds())
	m.queued.WithLabelValues(t.client, t.group).Set(float64(queued))
	m.failures.WithLabelValues(t.client, t.group).Add(float64(max(failures-t.failures, 0)))
	t.failures = failures
}
