package main

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// services shows the processes: which run, what they need, and what they ask of the bucket.
func services() *board {
	const of = `{service=~"$service"}`
	d := newDashboard("Services", "The processes: which run, what they need of the machine, and what they ask of the bucket.", "now-1h", "10s").
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

	return d.WithRow(row("What they ask of the bucket")).
		WithPanel(lines("Requests", "Requests to the bucket, by service.", "reqps", 8,
			query{"{{service}}", `sum by (service) (rate(sales_blob_requests_total` + of + `[$__rate_interval]))`})).
		WithPanel(lines("Time of a request, p95", "Without its retries.", "s", 8,
			query{"{{service}}", quantile("0.95", "service", "sales_blob_request_seconds", `service=~"$service"`)})).
		WithPanel(lines("Bytes", "Bytes of objects read and written.", "Bps", 8,
			query{"{{service}}", `sum by (service) (rate(sales_blob_transferred_bytes_total` + of + `[$__rate_interval]))`}))
}
