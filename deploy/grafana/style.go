package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/bargauge"
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// The colours that people with each kind of colour blindness tell apart (Okabe and Ito,
// "Color Universal Design", 2008). Well is blue and not green, so that it differs from bad for all.
const (
	blue      = "#0072B2"
	orange    = "#E69F00"
	vermilion = "#D55E00"
	sky       = "#56B4E9"
	green     = "#009E73"
	purple    = "#CC79A7"
	yellow    = "#F0E442"
	grey      = "#999999"
)

const (
	fine    = blue
	warning = orange
	bad     = vermilion
)

// colours have each stage, service, group and topic look the same wherever it is drawn: a group
// and the topic that it reads have the colour of their stage.
var colours = map[string]string{
	"producer": grey, "bronze": sky, "silver": green, "gold": orange, "dq": purple, "load": blue,
	"bronze-writer": sky, "silver-etl": green, "gold-aggregator": orange, "dq-checker": purple, "redshift-loader": blue,
	"silver-etl-customers": yellow,
	"sales_events":         sky, "customer_updates": grey, "lake.bronze": green, "lake.silver": orange, "lake.gold": purple, "lake.verdicts": blue,
	"p50": sky, "p95": blue, "goal": vermilion,
	"pass": blue, "warn": orange, "fail": vermilion,
	"today": blue, "last week": grey, "revenue": blue,
	"errors": vermilion, "retried": orange,
}

// labels are the values of the labels that series are named by.
var labels = map[string][]string{
	"{{stage}}":   {"bronze", "silver", "gold", "dq", "load"},
	"{{service}}": {"producer", "bronze-writer", "silver-etl", "gold-aggregator", "dq-checker", "redshift-loader"},
	"{{group}}":   {"bronze-writer", "silver-etl", "silver-etl-customers", "gold-aggregator", "dq-checker", "redshift-loader"},
	"{{topic}}":   {"sales_events", "customer_updates", "lake.bronze", "lake.silver", "lake.gold", "lake.verdicts"},
	"{{outcome}}": {"pass", "warn", "fail"},
}

// series are the names that a legend gives, with their colours.
func series(legend string) (names map[string]string) {
	for label, values := range labels {
		if !strings.Contains(legend, label) {
			continue
		}
		names = map[string]string{}
		for _, value := range values {
			names[strings.ReplaceAll(legend, label, value)] = colours[value]
		}
		return names
	}
	return map[string]string{legend: colours[legend]}
}

// Where to read on.
const (
	repository = "https://github.com/saleslake/saleslake/blob/main/"
	runbooks   = repository + "docs/runbooks/"
)

var (
	metricsSource   = common.DataSourceRef{Type: cog.ToPtr("prometheus"), Uid: cog.ToPtr("prometheus")}
	warehouseSource = common.DataSourceRef{Type: cog.ToPtr("grafana-postgresql-datasource"), Uid: cog.ToPtr("warehouse")}
)

// board is a dashboard that is being made.
type board = dashboard.DashboardBuilder //nolint:staticcheck // its successor, schema v2, is not what files provision in Grafana 12.2

// newDashboard is what all have: the links to the others, and nothing to edit.
func newDashboard(title, description, since, refresh string) *board {
	return dashboard.NewDashboardBuilder(title). //nolint:staticcheck // its successor, schema v2, is not what files provision in Grafana 12.2
							Description(description).
							Tags([]string{"saleslake"}).
							Readonly().
							Timezone("utc").
							Time(since, "now").
							Refresh(refresh).
							Tooltip(dashboard.DashboardCursorSyncCrosshair).
							Link(dashboard.NewDashboardLinkBuilder("Dashboards").Type(dashboard.DashboardLinkTypeDashboards).Tags([]string{"saleslake"}).KeepTime(true)).
							Link(dashboard.NewDashboardLinkBuilder("Runbooks").Type(dashboard.DashboardLinkTypeLink).Url(repository + "docs/runbooks").Icon("doc").TargetBlank(true))
}

func row(title string) *dashboard.RowBuilder { return dashboard.NewRowBuilder(title) }

// query is something to ask Prometheus; legend names its series.
type query struct{ legend, expr string }

// quantiles asks for p50 and p95 of a histogram; of names the series, and by is the label that
// tells them apart, if any.
func quantiles(of, by, histogram, selector string) []query {
	return []query{
		{strings.TrimSpace(of + " p50"), quantile("0.5", by, histogram, selector)},
		{strings.TrimSpace(of + " p95"), quantile("0.95", by, histogram, selector)},
	}
}

func quantile(q, by, histogram, selector string) string {
	return fmt.Sprintf("histogram_quantile(%s, sum by (%s) (rate(%s_bucket{%s}[$__rate_interval])))", q, strings.Trim("le, "+by, ", "), histogram, selector)
}

// over asks for the dashboard's whole time.
func (q query) over() cog.Builder[variants.Dataquery] {
	return prometheus.NewDataqueryBuilder().Datasource(metricsSource).Expr(q.expr).LegendFormat(q.legend).Range()
}

// now asks for the newest value.
func (q query) now() cog.Builder[variants.Dataquery] {
	return prometheus.NewDataqueryBuilder().Datasource(metricsSource).Expr(q.expr).LegendFormat(q.legend).Instant()
}

// sql asks the warehouse; id tells the queries of a panel apart, format is table or time_series.
func sql(id, format, text string) cog.Builder[variants.Dataquery] {
	return variants.NewUnknownDataqueryBuilderFromObject(variants.UnknownDataquery{
		"refId": id, "datasource": warehouseSource, "editorMode": "code", "rawQuery": true, "format": format, "rawSql": text,
	})
}

// levels colours values: fine until warnFrom, bad from badFrom.
func levels(warnFrom, badFrom float64) cog.Builder[dashboard.ThresholdsConfig] {
	return steps(dashboard.Threshold{Color: fine}, dashboard.Threshold{Color: warning, Value: &warnFrom}, dashboard.Threshold{Color: bad, Value: &badFrom})
}

// none has anything but 0 be bad.
func none() cog.Builder[dashboard.ThresholdsConfig] {
	return steps(dashboard.Threshold{Color: fine}, dashboard.Threshold{Color: bad, Value: cog.ToPtr(0.000001)})
}

// plain colours nothing by value.
func plain() cog.Builder[dashboard.ThresholdsConfig] {
	return steps(dashboard.Threshold{Color: blue})
}

func steps(all ...dashboard.Threshold) cog.Builder[dashboard.ThresholdsConfig] {
	return dashboard.NewThresholdsConfigBuilder().Mode(dashboard.ThresholdsModeAbsolute).Steps(all)
}

// words shows values as words.
func words(by map[string]string) []dashboard.ValueMapping {
	options := map[string]dashboard.ValueMappingResult{}
	for value, word := range by {
		options[value] = dashboard.ValueMappingResult{Text: &word}
	}
	return []dashboard.ValueMapping{{ValueMap: &dashboard.ValueMap{Type: dashboard.MappingTypeValueToText, Options: options}}}
}

// link leads to another dashboard, with the same time, or to a page.
func link(title, url string) cog.Builder[dashboard.DashboardLink] {
	return dashboard.NewDashboardLinkBuilder(title).Type(dashboard.DashboardLinkTypeLink).Url(url).KeepTime(true)
}

func links(all ...cog.Builder[dashboard.DashboardLink]) []cog.Builder[dashboard.DashboardLink] {
	return all
}

func to(uid string) string { return "/d/" + uid + "?${__url_time_range}" }

// tile shows newest values, large; several queries or series are tiles side by side.
func tile(title, description, unit string, width uint32, queries ...query) *stat.PanelBuilder {
	p := stat.NewPanelBuilder().Title(title).Description(description).Unit(unit).Span(width).Height(4).
		Datasource(metricsSource).ColorMode(common.BigValueColorModeBackgroundSolid).GraphMode(common.BigValueGraphModeNone).
		ReduceOptions(common.NewReduceDataOptionsBuilder().Calcs([]string{"lastNotNull"})).
		NoValue("–").Thresholds(plain())
	for _, q := range queries {
		p = p.WithTarget(q.now())
	}
	return p
}

// lines draws values over time. Series have the colours of their names.
func lines(title, description, unit string, width uint32, queries ...query) *timeseries.PanelBuilder {
	p := timeseries.NewPanelBuilder().Title(title).Description(description).Unit(unit).Span(width).Height(8).
		Datasource(metricsSource).Min(0).LineWidth(2).FillOpacity(5).ShowPoints(common.VisibilityModeNever).
		Legend(common.NewVizLegendOptionsBuilder().DisplayMode(common.LegendDisplayModeTable).Placement(common.LegendPlacementBottom).
			ShowLegend(true).Calcs([]string{"lastNotNull", "max"})).
		Tooltip(common.NewVizTooltipOptionsBuilder().Mode(common.TooltipDisplayModeMulti).Sort(common.SortOrderDescending)).
		Thresholds(plain())
	for _, q := range queries {
		p = coloured(p.WithTarget(q.over()), series(q.legend))
	}
	return p
}

func coloured(p *timeseries.PanelBuilder, names map[string]string) *timeseries.PanelBuilder {
	for _, name := range slices.Sorted(maps.Keys(names)) {
		p = p.OverrideByName(name, []dashboard.DynamicConfigValue{{Id: "color", Value: map[string]string{"mode": "fixed", "fixedColor": names[name]}}})
	}
	return p
}

// stacked is lines of which the sum matters.
func stacked(p *timeseries.PanelBuilder) *timeseries.PanelBuilder {
	return p.FillOpacity(40).LineWidth(1).Stacking(common.NewStackingConfigBuilder().Mode(common.StackingModeNormal).Group("A"))
}

// bars compares the newest values of many series, whose names are beside them.
func bars(title, description, unit string, width uint32, queries ...query) *bargauge.PanelBuilder {
	p := bargauge.NewPanelBuilder().Title(title).Description(description).Unit(unit).Span(width).Height(8).Min(0).
		Datasource(metricsSource).Orientation(common.VizOrientationHorizontal).DisplayMode(common.BarGaugeDisplayModeBasic).
		ValueMode(common.BarGaugeValueModeText).ReduceOptions(common.NewReduceDataOptionsBuilder().Calcs([]string{"lastNotNull"})).
		NoValue("none").Thresholds(plain())
	for _, q := range queries {
		p = p.WithTarget(q.now())
	}
	return p
}

// grid is a table of what the warehouse answers.
func grid(title, description string, width uint32, text string) *table.PanelBuilder {
	return table.NewPanelBuilder().Title(title).Description(description).Span(width).Height(8).
		Datasource(warehouseSource).WithTarget(sql("A", "table", text))
}
