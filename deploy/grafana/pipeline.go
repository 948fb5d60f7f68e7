package main

import (
	"github.com/grafana/grafana-foundation-sdk/go/bargauge"
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// goal is what event time to warehouse should take at most, p95, in seconds.
const goal = 10

// hops are the stages in the order of the data, with the service of each.
var hops = []struct{ stage, service string }{
	{"bronze", "bronze-writer"}, {"silver", "silver-etl"}, {"gold", "gold-aggregator"}, {"dq", "dq-checker"}, {"load", "redshift-loader"},
}

// health gives a hop's state: 2 is down, 1 is behind, 0 is well. One that has no partition to commit to, as
// when Kafka is away, has no heartbeat and is behind. A heartbeat may wait for the next load.
func health(stage, service string) string {
	late := `(max(time() - sales_stage_heartbeat_timestamp_seconds{stage="` + stage + `"}) > bool 60 + 2 * scalar(max(sales_load_every_seconds) or vector(0)))`
	return `(` + late + ` or on () vector(1)) and on () (sum(up{service="` + service + `"}) > 0) or on () vector(2)`
}

// pipeline answers in its first row: is it healthy, and if not, which hop?
func pipeline() *board {
	d := newDashboard("Pipeline", "What flows, how fast, and whether to trust it. Read the first row from left to right: the first hop that is not blue is the one to look at.", "now-30m", "10s").
		Annotation(dashboard.NewAnnotationQueryBuilder().Name("Alerts").Datasource(metricsSource).Enable(true).IconColor(bad).
			Expr(`ALERTS{alertstate="firing"}`).TitleFormat("{{alertname}}").TextFormat("{{table}} {{stage}}").Step("10s"))

	state := []query{{"producer", `(sum(rate(sales_producer_events_total[1m])) == bool 0) * 3 or on () vector(3)`}}
	for _, h := range hops {
		state = append(state, query{h.stage, health(h.stage, h.service)})
	}
	d = d.WithRow(row("Is it healthy, and if not, which hop?")).
		WithPanel(tile("Hops", "Each hop in the order of the data. Behind: a heartbeat, which passes every 10 s behind all that came before it, is over 60 s late, or there is none; so are the hops after it. Down: no instance answers. Idle: the producer sends nothing, which is no fault of the pipeline.",
			"none", 12, state...).Thresholds(steps(dashboard.Threshold{Color: fine}, dashboard.Threshold{Color: warning, Value: cog.ToPtr[float64](1)}, dashboard.Threshold{Color: bad, Value: cog.ToPtr[float64](2)}, dashboard.Threshold{Color: grey, Value: cog.ToPtr[float64](3)})).
			Mappings(words(map[string]string{"0": "well", "1": "behind", "2": "down", "3": "idle"})).
			DataLinks(links(link("Instances", to("services"))))).
		WithPanel(tile("Event to warehouse", "Time from an event's own time to its commit in the warehouse, p95 of the last minutes. The goal is 10 s.", "s", 3,
			query{"p95", quantile("0.95", "", "sales_stage_freshness_seconds", `stage="load", dataset="sales_events"`)}).Decimals(1).Thresholds(levels(goal, 3*goal)).
			DataLinks(links(link("Late data", runbooks+"late-data.md")))).
		WithPanel(tile("Without account", "Rows that the ledgers cannot explain, at any hop. Anything but 0 holds the load.", "none", 3,
			query{"rows", `max(sales_dq_ledger_residual_rows)`}).Thresholds(none()).
			DataLinks(links(link("Ledger residual", runbooks+"ledger-residual.md")))).
		WithPanel(tile("Held", "Days and slices that failed a rule and wait; the warehouse keeps their older version.", "none", 3,
			query{"held", `sum(sales_dq_held_units)`}).Thresholds(none()).
			DataLinks(links(link("Held slice", runbooks+"held-slice.md"), link("Data quality", to("quality"))))).
		WithPanel(tile("Alerts", "Alerts that fire now.", "none", 3,
			query{"firing", `count(ALERTS{alertstate="firing"}) or on () vector(0)`}).Thresholds(none()).
			DataLinks(links(link("Runbooks", repository+"docs/runbooks"))))

	d = d.WithRow(row("What flows")).
		WithPanel(funnel()).
		WithPanel(lines("Rows into each hop", "Rows of committed batches, of sales and customers. Gold, dq and load count all rows of a day each time that a version of it comes.", "cps", 12,
			query{"producer", `sum(rate(sales_producer_events_total[$__rate_interval]))`},
			query{"{{stage}}", `sum by (stage) (rate(sales_stage_rows_total[$__rate_interval]))`}))

	d = d.WithRow(row("How fresh it is")).
		WithPanel(lines("Event to warehouse", "Time from an event's own time to its commit in the warehouse. The goal is a p95 of 10 s.", "s", 12,
			append(quantiles("", "", "sales_stage_freshness_seconds", `stage="load", dataset="sales_events"`), query{"goal", "vector(10)"})...)).
		WithPanel(lines("Freshness of each hop, p95", "Time from an event's own time to its commit at each hop. The step from a line to the next is what that hop takes.", "s", 12,
			query{"{{stage}}", quantile("0.95", "stage", "sales_stage_freshness_seconds", `dataset="sales_events"`)})).
		WithPanel(lines("Freshness of each hop, p50", "The same, median.", "s", 12,
			query{"{{stage}}", quantile("0.5", "stage", "sales_stage_freshness_seconds", `dataset="sales_events"`)})).
		WithPanel(lines("Age of the newest heartbeat", "Time since the newest heartbeat that each hop has committed, of the partition that is worst. It grows without end from the hop on that stands still, whether or not anything is sold.", "s", 12,
			query{"{{stage}}", `time() - min by (stage) (sales_stage_heartbeat_timestamp_seconds)`}))

	return d.WithRow(row("What waits, and what goes wrong")).
		WithPanel(lines("Lag in seconds", "Age of the newest record that a hop has handled, while it is behind; 0 when it has caught up.", "s", 8,
			query{"{{stage}}", `max by (stage) (sales_stage_lag_seconds)`})).
		WithPanel(lines("Lag in records", "Records that a hop has not handled.", "short", 8,
			query{"{{stage}}", `sum by (stage) (sales_stage_lag_records)`})).
		WithPanel(bars("Rejected by code", "Rows of the shown time that were rejected, by hop and code; the ten that are most. They lie in quarantine with their original bytes.", "short", 8,
			query{"{{stage}} {{code}}", `topk(10, sum by (stage, code) (increase(sales_stage_rejects_total[$__range])))`})).
		WithPanel(lines("Begun again and refused", "Sessions that began again from the committed offsets, and commits that were refused, as they are another instance's now. Some are normal when instances come and go.", "cps", 8,
			query{"{{stage}}", `sum by (stage) (rate(sales_stage_restarts_total[$__rate_interval]) + rate(sales_stage_fenced_total[$__rate_interval]))`})).
		WithPanel(lines("Failed requests to the bucket", "Requests that failed for good, and those that were made again.", "cps", 8,
			query{"errors", `sum(rate(sales_blob_requests_total{outcome="error"}[$__rate_interval]))`},
			query{"retried", `sum(rate(sales_blob_requests_total{outcome="retried"}[$__rate_interval]))`})).
		WithPanel(bars("Restarts", "How often instances of a service have started in the shown time.", "short", 8,
			query{"{{service}}", `sum by (service) (changes(process_start_time_seconds{job="saleslake"}[$__range]))`}).Thresholds(levels(1, 5)))
}

// funnel goes from what was sent to what is in the warehouse, and tells what left on the way.
func funnel() *bargauge.PanelBuilder {
	rows := func(stage, outcome string) string {
		return `sum(increase(sales_stage_rows_total{stage="` + stage + `", outcome="` + outcome + `"}[$__range]))`
	}
	return bars("What became of events", "Events of sales and customers in the shown time. Each hop is the one before it less what left there; what is still on its way is missing, too.", "short", 12,
		query{"1 sent", `sum(increase(sales_producer_events_total[$__range]))`},
		query{"2 landed in bronze", rows("bronze", "out")},
		query{"    rejected by bronze", rows("bronze", "rejected")},
		query{"3 new orders and versions in silver", rows("silver", "out")},
		query{"    duplicates", rows("silver", "duplicate")},
		query{"    superseded by a newer version", rows("silver", "superseded")},
		query{"    rejected by silver", rows("silver", "rejected")},
		query{"4 new in the warehouse", `sum(max by (table) (delta(sales_load_ledger_rows{table=~"gold/fact_sales|silver/customers"}[$__range])))`}).Decimals(0)
}
