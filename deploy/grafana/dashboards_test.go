package main

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	grafana "github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/stretchr/testify/require"
)

// TestFilesAreCurrent holds the files that Grafana reads against what is declared here.
func TestFilesAreCurrent(t *testing.T) {
	files, err := filepath.Glob("dashboards/*.json")
	require.NoError(t, err)
	require.Len(t, files, len(dashboards()), "a file that nothing declares: delete it")
	for uid, b := range dashboards() {
		want, err := render(uid, b)
		require.NoError(t, err)
		found, err := os.ReadFile("dashboards/" + uid + ".json")
		require.NoError(t, err)
		require.Equal(t, string(want), string(found), "run make dashboards")
	}
}

// panels gives the panels of all dashboards by "dashboard: title (kind)".
func panels(t *testing.T) map[string]*dashboard.Panel {
	all := map[string]*dashboard.Panel{}
	for uid, b := range dashboards() {
		built, err := b.Build()
		require.NoError(t, err)
		for _, p := range built.Panels {
			if p.Panel == nil {
				continue
			}
			require.NotNil(t, p.Panel.Title, uid)
			name := uid + ": " + *p.Panel.Title + " (" + p.Panel.Type + ")"
			require.Nil(t, all[name], "two panels are called %s", name)
			all[name] = p.Panel
		}
	}
	return all
}

func expr(q variants.Dataquery) string {
	if p, ok := q.(grafana.Dataquery); ok {
		return p.Expr
	}
	return ""
}

// TestRules checks what Grafana's dashboard-linter publishes as rules, as far as they apply to
// dashboards that are provisioned beside their data sources: each panel has a title, a description and
// a unit, asks something, and of a source that is provisioned; counters are asked for their rate
// over the interval that Grafana picks or for their increase over the time that is shown; and nobody edits.
func TestRules(t *testing.T) {
	sources, err := os.ReadFile("provisioning/datasources/sources.yml")
	require.NoError(t, err)
	window := regexp.MustCompile(`\[([^]]*)\]`)
	counter := regexp.MustCompile(`\b(sales|go|process)_\w+_total\b`)
	rated := regexp.MustCompile(`(rate|increase)\((sales|go|process)_\w+_total\b`)
	for name, p := range panels(t) {
		require.NotNil(t, p.Description, name)
		require.NotEmpty(t, *p.Description, name)
		if p.Type != "table" {
			require.NotNil(t, p.FieldConfig.Defaults.Unit, "%s has no unit", name)
		}
		require.NotEmpty(t, p.Targets, "%s asks nothing", name)
		require.Contains(t, string(sources), "uid: "+*p.Datasource.Uid, name)
		require.Contains(t, string(sources), "type: "+*p.Datasource.Type, name)
		for _, q := range p.Targets {
			for _, w := range window.FindAllStringSubmatch(expr(q), -1) {
				require.Contains(t, []string{"$__rate_interval", "$__range", "1m"}, w[1], name)
			}
			require.Len(t, rated.FindAllString(expr(q), -1), len(counter.FindAllString(expr(q), -1)), "%s shows a counter as it is: %s", name, expr(q))
		}
	}
	for uid, b := range dashboards() {
		built, err := b.Build()
		require.NoError(t, err)
		require.False(t, *built.Editable, uid)
	}
}

// TestSeriesAreTold has every line that can be drawn a colour that people with colour blindness tell
// from the others of its panel.
func TestSeriesAreTold(t *testing.T) {
	for name, p := range panels(t) {
		if p.Type != "timeseries" {
			continue
		}
		given := map[string]bool{}
		for _, o := range p.FieldConfig.Overrides {
			colour := o.Properties[0].Value.(map[string]string)["fixedColor"]
			require.NotEmpty(t, colour, "%s: %v", name, o.Matcher.Options)
			require.False(t, given[colour], "%s: two series have the colour of %v", name, o.Matcher.Options)
			given[colour] = true
		}
		for _, q := range p.Targets {
			if p, ok := q.(grafana.Dataquery); ok {
				left := *p.LegendFormat
				for label := range labels {
					left = strings.ReplaceAll(left, label, "")
				}
				require.NotContains(t, left, "{{", "%s: the values of the label are not known", name)
			}
		}
	}
}

// TestLinks has each link lead to a dashboard or a page of this repository that is there.
func TestLinks(t *testing.T) {
	for name, p := range panels(t) {
		for _, l := range p.FieldConfig.Defaults.Links {
			if page, ok := strings.CutPrefix(*l.Url, repository); ok {
				_, err := os.Stat("../../" + page)
				require.NoError(t, err, name)
				continue
			}
			uid, _, _ := strings.Cut(strings.TrimPrefix(*l.Url, "/d/"), "?")
			require.Contains(t, slices.Collect(maps.Keys(dashboards())), uid, name)
		}
	}
}

// TestMetricsAreThere has every metric in a panel be one that a service registers: of the catalogue,
// which tests of the services hold against what they register, or of the process.
func TestMetricsAreThere(t *testing.T) {
	catalogue, err := os.ReadFile("../../docs/metrics.md")
	require.NoError(t, err)
	registered := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `(sales_\\w+)` \\|").FindAllStringSubmatch(string(catalogue), -1) {
		registered[m[1]] = true
	}
	process := prometheus.NewRegistry()
	process.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	families, err := process.Gather()
	require.NoError(t, err)
	for _, f := range families {
		registered[f.GetName()] = true
	}
	value, metric := regexp.MustCompile(`"[^"]*"`), regexp.MustCompile(`\b(sales|go|process)_[a-z0-9_]+`)
	for name, p := range panels(t) {
		for _, q := range p.Targets {
			for _, m := range metric.FindAllString(value.ReplaceAllString(expr(q), ""), -1) {
				require.True(t, registered[strings.TrimSuffix(m, "_bucket")], "%s asks for %s, which no service registers", name, m)
			}
		}
	}
}
