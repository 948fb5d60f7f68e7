package main

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// services shows the processes: which run, what they need, and what they ask of Kafka and of the bucket.
func services() *board {
	const of = `{service=~"$service"}`
	d := newDashboard("Services", "The processes: which run, what they need of the machine, and what they ask of Kafka and of the bucket.", "now-1h", "10s").
		WithVariable(dashboard.NewQueryVariableBuilder("service").Label("Service").Description("Services to show.").Datasource(metricsSource).
			Query(dashboard.StringOrMap{String: cog.ToPtr(`label_values(up{job="saleslake"}, service)`)}).
			Multi(true).IncludeAll(true).AllValue(".+").Current(dashboard.VariableOption{
			Text: dashboard.StringOrArrayOfString{String: cog.ToPtr("All")}, Value: dashboard.StringOrArrayOfString{String: cog.ToPtr("$__all")}}).
			Refresh(dashboard.VariableRefreshOnTimeRangeChanged))

	d = d.WithRow(row("Which run")).
		WithPanel(tile("Instances", "Instances that answer Prometheus. 0: the service is down.", "none", 24,
			query{"{{service}}", `sum by (service) (up{job="saleslake", service=~"$service"})`}).
			Thresholds(steps(dashboard.Threshold{Color: bad}, dashboard.Threshold{Color: fine, Value: cog.ToPtr[float64](1)}))).
		WithPanel(lines("Up for", "Time since the youngest instance started. A saw is a restart loop.", "s", 12,
			query{"{{service}}", `time() - max by (service) (process_start_time_seconds` + of + `)`})).
		WithPanel(bars("Versions", "Instances by service and version.", "none", 12,
			query{"{{service}} {{version}} ({{go}})", `count by (service, version, go) (sales_build_info` + of + `)`}))

	d = d.WithRow(row("What they need")).
		WithPanel(stacked(lines("CPU", "Cores in use, all instances together.", "none", 12,
			query{"{{service}}", `sum by (service) (rate(process_cpu_seconds_total` + of + `[$__rate_interval]))`}))).
		WithPanel(stacked(lines("Memory", "Memory that the system has given (resident), all instances together.", "bytes", 12,
			query{"{{service}}", `sum by (service) (process_resident_memory_bytes` + of + `)`}))).
		WithPanel(lines("Go heap", "Heap in use.", "bytes", 8,
			query{"{{service}}", `sum by (service) (go_memstats_heap_inuse_bytes` + of + `)`})).
		WithPanel(lines("Memory outside Go", "Resident memory above what the Go runtime has: librdkafka's queues, DuckDB, cgo.", "bytes", 8,
			query{"{{service}}", `clamp_min(sum by (service) (process_resident_memory_bytes` + of + ` - (go_memstats_sys_bytes - go_memstats_heap_released_bytes)), 0)`})).
		WithPanel(lines("Longest GC pause", "Longest stop of the Go runtime for garbage collection among the recent ones.", "s", 8,
			query{"{{service}}", `max by (service) (go_gc_duration_seconds{quantile="1", service=~"$service"})`})).
		WithPanel(lines("Goroutines", "A number that only grows is a leak.", "short", 8,
			query{"{{service}}", `sum by (service) (go_goroutines` + of + `)`})).
		WithPanel(lines("Threads", "Threads of the system, those of librdkafka and DuckDB among them.", "short", 8,
			query{"{{service}}", `sum by (service) (go_threads` + of + `)`})).
		WithPanel(lines("Open files", "Share of the descriptors that a process may have.", "percentunit", 8,
			query{"{{service}}", `max by (service) (process_open_fds` + of + ` / process_max_fds` + of + `)`}))

	d = d.WithRow(row("What librdkafka says of Kafka")).
		WithPanel(lines("Connections", "Brokers that the worst connected client of the service has a connection to. 0: Kafka is away.", "none", 8,
			query{"{{service}}", `min by (service) (sales_kafka_connections` + of + `)`})).
		WithPanel(lines("Time of an answer, p99", "Of the slowest broker, in the last five seconds. A fetch may wait for records by itself, 0.1 s at most.", "s", 8,
			query{"{{service}}", `max by (service) (sales_kafka_round_trip_seconds` + of + `)`})).
		WithPanel(lines("Held back by quotas", "How long brokers made the clients wait, as they are over their quota.", "s", 8,
			query{"{{service}}", `max by (service) (sales_kafka_throttle_seconds` + of + `)`})).
		WithPanel(lines("Requests that wait", "Sent, or about to be, and not answered.", "short", 8,
			query{"{{service}}", `sum by (service) (sales_kafka_requests_waiting` + of + `)`})).
		WithPanel(lines("Bytes that wait in clients", "Fetched ones for the stage, produced ones for a broker.", "bytes", 8,
			query{"{{service}}", `sum by (service) (sales_kafka_queued_bytes` + of + `)`})).
		WithPanel(lines("Failures", "Requests that failed or were not answered in time, broken connections among them.", "cps", 8,
			query{"{{service}}", `sum by (service) (rate(sales_kafka_request_failures_total` + of + `[$__rate_interval]))`}))

	return d.WithRow(row("What they ask of the bucket")).
		WithPanel(lines("Requests", "Requests to the bucket, by service.", "reqps", 8,
			query{"{{service}}", `sum by (service) (rate(sales_blob_requests_total` + of + `[$__rate_interval]))`})).
		WithPanel(lines("Time of a request, p95", "Without its retries.", "s", 8,
			query{"{{service}}", quantile("0.95", "service", "sales_blob_request_seconds", `service=~"$service"`)})).
		WithPanel(lines("Bytes", "Bytes of objects read and written.", "Bps", 8,
			query{"{{service}}", `sum by (service) (rate(sales_blob_transferred_bytes_total` + of + `[$__rate_interval]))`}))
}
