package main

import (
	"github.com/grafana/grafana-foundation-sdk/go/barchart"
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// today selects the hours of today in UTC, lastWeek those of this weekday a week ago as far as
// today has come: of the hour that runs, the share that has passed.
const (
	now      = `(now() at time zone 'UTC')`
	today    = `order_hour >= date_trunc('day', ` + now + `)`
	lastWeek = `order_hour >= date_trunc('day', ` + now + `) - interval '7 days' AND order_hour < ` + now + ` - interval '7 days'`
	passed   = `CASE WHEN order_hour = date_trunc('hour', ` + now + `) - interval '7 days' THEN extract(epoch FROM ` + now + ` - date_trunc('hour', ` + now + `)) / 3600 ELSE 1 END`
)

// business answers from the warehouse, with the rights of a reader.
func business() *board {
	d := newDashboard("Business", "What was sold, from the warehouse, as it is loaded. Days are UTC. Gross is of completed and refunded orders, net is without the refunded ones.", "now-24h", "10s")

	d = d.WithRow(row("Today")).
		WithPanel(sum("Net revenue today", "Completed orders of today, UTC.", "currencyUSD",
			`SELECT coalesce(sum(net_revenue), 0) AS "today" FROM sales.agg_hourly_sales WHERE `+today)).
		WithPanel(sum("The same weekday last week", "Net revenue until the same time of day, a week ago; of the hour that runs, the share that has passed.", "currencyUSD",
			`SELECT coalesce(sum(net_revenue * (`+passed+`)), 0) AS "last week" FROM sales.agg_hourly_sales WHERE `+lastWeek)).
		WithPanel(sum("Against last week", "Net revenue of today against that, in percent; a dash when there was none.", "percent",
			`SELECT 100 * (coalesce((SELECT sum(net_revenue) FROM sales.agg_hourly_sales WHERE `+today+`), 0)
    / nullif((SELECT sum(net_revenue * (`+passed+`)) FROM sales.agg_hourly_sales WHERE `+lastWeek+`), 0) - 1) AS "change"`).Decimals(1).
			Thresholds(steps(dashboard.Threshold{Color: bad}, dashboard.Threshold{Color: warning, Value: cog.ToPtr[float64](-20)}, dashboard.Threshold{Color: fine, Value: cog.ToPtr[float64](0)}))).
		WithPanel(sum("Orders today", "Completed and refunded orders.", "short",
			`SELECT coalesce(sum(orders), 0) AS "orders" FROM sales.agg_hourly_sales WHERE `+today)).
		WithPanel(sum("Average order today", "Gross revenue of an order.", "currencyUSD",
			`SELECT sum(gross_revenue) / nullif(sum(orders), 0) AS "average" FROM sales.agg_hourly_sales WHERE `+today).Decimals(2)).
		WithPanel(sum("Refunded today", "Share of the gross revenue of today's orders that was refunded.", "percentunit",
			`SELECT sum(refunded_revenue) / nullif(sum(gross_revenue), 0) AS "refunded" FROM sales.agg_hourly_sales WHERE `+today).Decimals(1).
			Thresholds(levels(0.1, 0.25)))

	d = d.WithRow(row("Over time")).
		WithPanel(overTime("Net revenue by hour, today and last week", "Hours of today, and of the same weekday a week ago moved by seven days.", "today", "last week",
			byHour("today", "0 days", now), byHour("last week", "7 days", `date_trunc('day', `+now+`) + interval '23 hours'`))).
		WithPanel(overTime("Net revenue by day", "Days of the last five weeks; the last one is not over.", "revenue", "",
			`SELECT order_date::timestamp AS time, sum(net_revenue) AS "revenue" FROM sales.agg_daily_sales
WHERE order_date > (`+now+`)::date - 35 GROUP BY 1 ORDER BY 1`).DrawStyle(common.GraphDrawStyleBars).FillOpacity(70).TimeFrom("35d"))

	d = d.WithRow(row("Where it comes from, in the shown time")).
		WithPanel(ranked("Regions", "Net revenue by region.",
			`SELECT region, sum(net_revenue) AS revenue FROM sales.agg_hourly_sales WHERE $__timeFilter(order_hour) GROUP BY 1 ORDER BY 2 DESC`)).
		WithPanel(ranked("Categories", "Net revenue by product category.",
			`SELECT category, sum(net_revenue) AS revenue FROM sales.agg_hourly_sales WHERE $__timeFilter(order_hour) GROUP BY 1 ORDER BY 2 DESC`)).
		WithPanel(ranked("Products", "The ten products with the most net revenue; whole days.",
			`SELECT coalesce(p.name, a.product_id) AS product, sum(a.net_revenue) AS revenue FROM sales.agg_daily_products a
LEFT JOIN sales.dim_product p ON p.product_id = a.product_id
WHERE a.order_date BETWEEN $__timeFrom()::timestamp::date AND $__timeTo()::timestamp::date GROUP BY 1 ORDER BY 2 DESC LIMIT 10`))

	const loaded = `FROM sales.fact_sales WHERE loaded_at > ` + now + ` - interval '10 minutes'`
	return d.WithRow(row("Live")).
		WithPanel(sum("Newest order", "Time since the newest event that is in the warehouse; a dash when nothing was loaded for ten minutes.", "s",
			`SELECT extract(epoch FROM `+now+` - max(event_ts)) AS "ago" `+loaded).Decimals(0).Height(8).Thresholds(levels(30, 300))).
		WithPanel(grid("Orders as they come", "The newest orders that were loaded in the last ten minutes.", 20,
			`SELECT event_ts AS "event", order_id AS "order", region, category, quantity, revenue, status
`+loaded+` ORDER BY event_ts DESC LIMIT 15`).
			OverrideByName("revenue", []dashboard.DynamicConfigValue{{Id: "unit", Value: "currencyUSD"}}))
}

// byHour asks for the net revenue of each hour from midnight to an hour of today, as it was so long
// before.
func byHour(name, before, to string) string {
	return `SELECT hour AS time, coalesce(sum(net_revenue), 0) AS "` + name + `"
FROM generate_series(date_trunc('day', ` + now + `), ` + to + `, interval '1 hour') AS hour
LEFT JOIN sales.agg_hourly_sales ON order_hour = hour - interval '` + before + `' GROUP BY 1 ORDER BY 1`
}

// sum is a tile of the one number that the warehouse answers.
func sum(title, description, unit, text string) *stat.PanelBuilder {
	return tile(title, description, unit, 4).Datasource(warehouseSource).WithTarget(sql("A", "table", text)).
		ColorMode(common.BigValueColorModeValue)
}

// overTime draws the answers of the warehouse; names are those of their columns.
func overTime(title, description, name, other string, texts ...string) *timeseries.PanelBuilder {
	p := lines(title, description, "currencyUSD", 12).Datasource(warehouseSource)
	p = coloured(p, series(name))
	if other != "" {
		p = coloured(p, series(other))
	}
	for i, text := range texts {
		p = p.WithTarget(sql(string(rune('A'+i)), "time_series", text))
	}
	return p
}

// ranked compares what the warehouse answers: a name and a revenue in each row.
func ranked(title, description, text string) *barchart.PanelBuilder {
	return barchart.NewPanelBuilder().Title(title).Description(description).Unit("currencyUSD").Span(8).Height(9).Min(0).
		Datasource(warehouseSource).Orientation(common.VizOrientationHorizontal).ShowValue(common.VisibilityModeAuto).
		Legend(common.NewVizLegendOptionsBuilder().ShowLegend(false).DisplayMode(common.LegendDisplayModeList).Placement(common.LegendPlacementBottom).Calcs([]string{})).
		Tooltip(common.NewVizTooltipOptionsBuilder().Mode(common.TooltipDisplayModeSingle).Sort(common.SortOrderNone)).
		ColorScheme(dashboard.NewFieldColorBuilder().Mode(dashboard.FieldColorModeIdFixed).FixedColor(blue)).
		WithTarget(sql("A", "table", text))
}
