package page

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/saleslake/saleslake/pkg/lake"
)

func TestWords(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 7: "7", 999: "999", 1000: "1,000", -999: "-999", -1000: "-1,000", 12_345_678: "12,345,678"} {
		require.Equal(t, want, Number(n))
	}
	for cents, want := range map[int64]string{0: "0.00", 5: "0.05", -5: "-0.05", 99_999: "999.99", 100_000: "1,000.00", -123_456_789: "-1,234,567.89"} {
		require.Equal(t, want, Money(cents))
	}
	marks := map[string]bool{Mark(lake.Pass): true, Mark(lake.Warn): true, Mark(lake.Fail): true}
	require.Len(t, marks, 3, "colours are not alone")
}

func TestTemplate(t *testing.T) {
	files := fstest.MapFS{
		"page.html": {Data: []byte(`<head>{{template "head" .Title}}</head><body>{{number .N}} {{money .N}} {{time "2026-05-04T12:30:59Z"}} {{mark .Outcome}}{{template "chart" .Chart}}</body>`)},
		"page.css":  {Data: []byte(".own { color: red; }")},
	}
	var text strings.Builder
	require.NoError(t, Template(files, nil).Execute(&text, map[string]any{
		"Title": "a < b", "N": int64(1234), "Outcome": lake.Warn, "Chart": NewChart("sum", "Sum", Number, []string{""}, []Column{{Day: "2026-05-04", Values: []int64{3}}}),
	}))
	for _, want := range []string{"<title>a &lt; b</title>", ".own { color: red; }", "--panel:", "default-src 'none'", "1,234 12.34 2026-05-04 12:30 !", `id="chart-sum"`, "<title>2026-05-04: 3</title>"} {
		require.Contains(t, text.String(), want)
	}
	require.Panics(t, func() { Template(fstest.MapFS{}, nil) })
}

// TestChart draws days of any values: bars are as high as their values, stand on the axis
// or on each other, and stay in the drawing, whose edges are ticks.
func TestChart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.Int64Range(rapid.SampledFrom([]int64{0, -1_000_000_000_000}).Draw(t, "least"), rapid.SampledFrom([]int64{0, 3, 1_000_000_000_000}).Draw(t, "greatest"))
		columns := make([]Column, rapid.IntRange(0, 100).Draw(t, "days"))
		for i := range columns {
			columns[i].Values = []int64{value.Draw(t, "first"), value.Draw(t, "second")}
		}
		c := NewChart("sum", "Sum", Number, []string{"first", "second"}, columns)
		ticks := c.Ticks()
		require.InDelta(t, Height, ticks[0].Y, 1e-9)
		require.Zero(t, ticks[len(ticks)-1].Y)
		require.Equal(t, []float64{0, 100}, []float64{ticks[0].At, ticks[len(ticks)-1].At})
		require.LessOrEqual(t, len(ticks), 8)

		above, below, drawn := make([]int64, len(columns)), make([]int64, len(columns)), make([][2]int64, len(columns))
		for _, b := range c.Bars() {
			day := int(b.X)
			require.InDelta(t, Height*float64(max(b.Value, -b.Value))/float64(c.High-c.Low), b.H, 1e-6)
			if b.Value > 0 {
				require.InDelta(t, c.Y(above[day]), b.Y+b.H, 1e-6)
				above[day] += b.Value
			} else {
				require.InDelta(t, c.Y(below[day]), b.Y, 1e-6)
				below[day] += b.Value
			}
			drawn[day][b.Series] = b.Value
			require.GreaterOrEqual(t, b.Y, 0.0)
			require.LessOrEqual(t, b.Y+b.H, Height+1e-6)
			require.LessOrEqual(t, b.X+b.W, float64(day+1))
		}
		for i, column := range columns {
			require.Equal(t, column.Values, drawn[i][:])
		}
	})
}

func TestLabelsOfDays(t *testing.T) {
	days := func(names ...string) (columns []Column) {
		for _, name := range names {
			columns = append(columns, Column{Day: name, Values: []int64{1}})
		}
		return columns
	}
	texts := func(columns []Column) (all []string) {
		for _, l := range NewChart("sum", "Sum", Number, []string{""}, columns).Labels() {
			all = append(all, l.Text)
		}
		return all
	}
	require.Empty(t, texts(nil))
	require.Equal(t, []string{"2026-05-03"}, texts(days("2026-05-03", "2026-05-04")))
	require.Equal(t, []string{"Dec 2025", "Jan 2026", "Feb"}, texts(days("2025-11-30", "2025-12-01", "2026-01-01", "2026-02-01", "2026-02-02", "2026-02-03", "2026-02-04")))
}
