package stream

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
)

const told = `{"msg_size": 0, "brokers": {
	"a:9092/bootstrap": {"nodeid": -1, "state": "UP", "waitresp_cnt": 0},
	"a:9092/1": {"nodeid": 1, "state": "UP", "outbuf_cnt": 1, "waitresp_cnt": 2, "txerrs": 3, "rxerrs": 4, "req_timeouts": 5, "rtt": {"p99": 1500}, "throttle": {"max": 20}},
	"b:9092/2": {"nodeid": 2, "state": "CONNECT", "rtt": {"p99": 2500}}},
	"topics": {"t": {"partitions": {"0": {"fetchq_size": 70}, "-1": {"fetchq_size": 7}}}}}`

func TestTeller(t *testing.T) {
	reg := prometheus.NewRegistry()
	one := teller{metrics: NewClientMetrics(reg), client: clientConsumer, group: "g", log: zap.NewNop()}
	one.hear(told)
	one.hear(strings.Replace(told, `"txerrs": 3`, `"txerrs": 4`, 1))
	next := one // the session starts again with a new client, which counts from 0
	next.failures = 0
	next.hear(told)
	const labels = `{client="consumer",group="g"} `
	require.NoError(t, testutil.GatherAndCompare(reg, strings.NewReader(`
# HELP sales_kafka_connections Brokers that the client is connected to; 0: the cluster is away.
# TYPE sales_kafka_connections gauge
sales_kafka_connections`+labels+`1
# HELP sales_kafka_queued_bytes Bytes that wait in the client: fetched ones for the stage, or produced ones for a broker.
# TYPE sales_kafka_queued_bytes gauge
sales_kafka_queued_bytes`+labels+`77
# HELP sales_kafka_request_failures_total Requests that failed or were not answered in time, connections that broke among them.
# TYPE sales_kafka_request_failures_total counter
sales_kafka_request_failures_total`+labels+`25
# HELP sales_kafka_requests_waiting Requests to brokers that are not answered yet.
# TYPE sales_kafka_requests_waiting gauge
sales_kafka_requests_waiting`+labels+`3
# HELP sales_kafka_round_trip_seconds Time until a broker answers, the 99th percentile of its slowest broker.
# TYPE sales_kafka_round_trip_seconds gauge
sales_kafka_round_trip_seconds`+labels+`0.0025
# HELP sales_kafka_throttle_seconds How long brokers held answers back, as the client is over its quota.
# TYPE sales_kafka_throttle_seconds gauge
sales_kafka_throttle_seconds`+labels+`0.02
`)))
	problems, err := testutil.GatherAndLint(reg)
	require.NoError(t, err)
	require.Empty(t, problems)
}
