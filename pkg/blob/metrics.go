package blob

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics counts what is asked of a bucket. A nil *Metrics counts nothing.
type Metrics struct {
	requests *prometheus.CounterVec
	bytes    *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

// The label values, all started at 0.
var (
	operations = []string{"put", "put_new", "get", "open", "read", "list", "delete", "exists"}
	outcomes   = []string{"ok", "not_found", "exists", "retried", "error"}
)

// NewMetrics registers the metrics sales_blob_*.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sales_blob_requests_total", Help: "Requests to the bucket, by outcome; retried ones failed and were made again.",
		}, []string{"operation", "outcome"}),
		bytes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sales_blob_transferred_bytes_total", Help: "Bytes of objects read from and written to the bucket.",
		}, []string{"direction"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "sales_blob_request_seconds", Help: "Time that a request to the bucket took, retries not included; that of a listing includes what is done with it.",
			Buckets: prometheus.ExponentialBuckets(0.001, 4, 8),
		}, []string{"operation"}),
	}
	reg.MustRegister(m.requests, m.bytes, m.seconds)
	for _, operation := range operations {
		for _, outcome := range outcomes {
			m.requests.WithLabelValues(operation, outcome)
		}
	}
	m.bytes.WithLabelValues("read")
	m.bytes.WithLabelValues("written")
	return m
}

// request counts one try of an operation.
func (m *Metrics) request(operation string, start time.Time, err error) {
	if m == nil {
		return
	}
	outcome := "error"
	switch {
	case err == nil:
		outcome = "ok"
	case errors.Is(err, ErrNotFound):
		outcome = "not_found"
	case errors.Is(err, ErrExists):
		outcome = "exists"
	case Retryable(err):
		outcome = "retried"
	}
	m.requests.WithLabelValues(operation, outcome).Inc()
	m.seconds.WithLabelValues(operation).Observe(time.Since(start).Seconds())
}

func (m *Metrics) transferred(direction string, n int) {
	if m != nil {
		m.bytes.WithLabelValues(direction).Add(float64(n))
	}
}
