// Package metrictest holds what a package registers against its section of docs/metrics.md, the
// catalogue of all metrics.
package metrictest

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update-metrics", false, "write the package's section of docs/metrics.md anew")

// What all stages register is in one section.
const (
	common        = "sales_stage_"
	commonSection = "Every stage"
)

// Registry notes what is registered, and hands it on to a real one, which refuses what does not fit together.
type Registry struct {
	*prometheus.Registry
	lines map[string]string // by name
}

// NewRegistry gives an empty one.
func NewRegistry() *Registry {
	return &Registry{Registry: prometheus.NewRegistry(), lines: map[string]string{}}
}

// MustRegister implements prometheus.Registerer.
func (r *Registry) MustRegister(all ...prometheus.Collector) {
	for _, c := range all {
		if err := r.Register(c); err != nil {
			panic(err)
		}
	}
}

// described is how a descriptor prints itself; its parts are not to be had otherwise.
var described = regexp.MustCompile(`^Desc\{fqName: "(.*?)", help: "(.*?)", (?:unit: ".*?", )?constLabels: \{(.*?)\}, variableLabels: \{(.*?)\}\}$`)

// Register implements prometheus.Registerer.
func (r *Registry) Register(c prometheus.Collector) error {
	if err := r.Registry.Register(c); err != nil {
		return err
	}
	descriptors := make(chan *prometheus.Desc)
	go func() {
		defer close(descriptors)
		c.Describe(descriptors)
	}()
	for d := range descriptors {
		part := described.FindStringSubmatch(d.String())
		if part == nil {
			return fmt.Errorf("unknown form of a descriptor: %s", d)
		}
		var labels []string
		for label := range strings.SplitSeq(part[3]+","+part[4], ",") {
			if name, _, _ := strings.Cut(label, "="); name != "" {
				labels = append(labels, "`"+name+"`")
			}
		}
		r.lines[part[1]] = fmt.Sprintf("| `%s` | %s | %s | %s |\n", part[1], kind(c), strings.Join(labels, ", "), part[2])
	}
	return nil
}

// kind is a collector's; those that are made at each scrape are gauges.
func kind(c prometheus.Collector) string {
	switch c.(type) {
	case *prometheus.CounterVec:
		return "counter"
	case *prometheus.HistogramVec, prometheus.Histogram:
		return "histogram"
	case *prometheus.GaugeVec, prometheus.Gauge:
		return "gauge"
	case prometheus.Counter:
		return "counter"
	}
	return "gauge"
}

// Require holds what is registered against the table of a section ("silver-etl") of the page at path.
func (r *Registry) Require(t *testing.T, path, section string) {
	t.Helper()
	body, err := os.ReadFile(path)
	require.NoError(t, err)
	var want strings.Builder
	want.WriteString("| metric | type | labels | |\n|---|---|---|---|\n")
	for _, name := range slices.Sorted(maps.Keys(r.lines)) {
		if strings.HasPrefix(name, common) && section != commonSection {
			continue // are in that section
		}
		want.WriteString(r.lines[name])
	}
	table := regexp.MustCompile(`(?ms)^## ` + regexp.QuoteMeta(section) + `$.*?\n\n(\| metric .*?\n)(?:\n|\z)`)
	at := table.FindSubmatchIndex(body)
	require.NotNil(t, at, "%s has no section %q with a table", path, section)
	if *update {
		body = slices.Concat(body[:at[2]], []byte(want.String()), body[at[3]:])
		require.NoError(t, os.WriteFile(path, body, 0o644))
		return
	}
	require.Equal(t, want.String(), string(body[at[2]:at[3]]), "run the test with -update-metrics")
}
