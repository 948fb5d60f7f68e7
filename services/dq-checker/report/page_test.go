package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/page"
	"github.com/saleslake/saleslake/pkg/page/pagetest"
	"github.com/saleslake/saleslake/pkg/sales"
)

// page writes the report as a file.
func (r *Report) page(t testing.TB) string {
	var b bytes.Buffer
	require.NoError(t, r.HTML(&b))
	file := filepath.Join(t.TempDir(), "report.html")
	require.NoError(t, os.WriteFile(file, b.Bytes(), 0o600))
	return file
}

// TestPage opens the page of a bad month and holds what is drawn against what the files
// have.
func TestPage(t *testing.T) {
	b := pagetest.Start(t)
	rig := newRig(t)
	m := rig.month()
	report := rig.read(all())
	file := report.page(t)
	b.Open(file, pagetest.Desktop, "light")

	require.Equal(t, []string{fmt.Sprint(m.slices.Pass), fmt.Sprint(m.slices.Warn), fmt.Sprint(m.slices.Fail), "2"}, b.Texts(".tiles dd"))
	require.Equal(t, []string{`dq-checker accept gold/fact_sales/day=2026-02-27 --version 7 --reason "…"`, `dq-checker accept gold/daily_sales/day=2026-02-21 --version 3 --reason "…"`}, b.Texts(".held code"))
	for i, d := range m.days {
		newest := len(m.days) - i
		cells := b.Texts(fmt.Sprintf("#days tbody tr:nth-child(%d) > *", newest))
		require.Equal(t, []string{d.Day, page.Number(d.Rows), page.Money(d.Revenue), fmt.Sprint(d.Warned), fmt.Sprint(d.Failed), percentWords(d.Loss)}, append(cells[:1:1], cells[2:]...))
	}
	for name, value := range map[string]func(Day) int64{
		"rows": func(d Day) int64 { return d.Rows }, "revenue": func(d Day) int64 { return d.Revenue },
		"loss": func(d Day) int64 { return d.Loss }, "breaches": func(d Day) int64 { return d.Warned + d.Failed },
	} {
		checkBars(t, b, name, m.days, value)
	}
	require.Len(t, b.Texts("#sample-table tbody tr"), len(m.samples))
	for i, s := range m.samples {
		require.Equal(t, []string{s["id"].(string), s["rule"].(string), s["column"].(string), s["value"].(string), s["source"].(string), fmt.Sprint(s["partition"]), fmt.Sprint(s["offset"]),
			fmt.Sprintf("%s, %d", s["file"], s["row"])}, b.Texts(fmt.Sprintf("#sample-table tbody tr:nth-child(%d) > *", i+1)))
	}
	require.Equal(t, len(m.days), pagetest.Ask[int](b, `document.querySelectorAll("[data-table='gold/fact_sales'] [data-rule=files] td.pass, [data-table='gold/fact_sales'] [data-rule=files] td.fail").length`))
	require.Equal(t, []string{"✕fail"}, b.Texts("[data-table='gold/fact_sales'] [data-rule=files] td.fail"))
	sources, off, balanced := report.parts()
	var numbers []string
	for _, e := range slices.Concat(sources.Lines, off.Lines, balanced.Lines) {
		for _, c := range []lake.Count{e.In, e.Out, e.Duplicate, e.Superseded, e.Rejected, e.Residual} {
			numbers = append(numbers, page.Number(c.Rows)+page.Money(c.Cents))
		}
	}
	require.Len(t, numbers, 6*len(report.Ledger))
	require.Equal(t, numbers, b.Texts(".ledger td.n"))

	require.Equal(t, []string{"file://" + file}, b.Requests(), "the page asks for nothing else")
	require.Empty(t, b.Faults())
}

// checkBars compares the heights of a chart's bars with the values, by their share of
// the greatest.
func checkBars(t *testing.T, b *pagetest.Browser, name string, days []Day, value func(Day) int64) {
	t.Helper()
	type drawn struct {
		Column string
		Value  int64
		Height float64
	}
	want, got := map[string]int64{}, map[string]int64{}
	greatest := int64(0)
	for _, d := range days {
		if v := value(d); v != 0 {
			want[d.Day] = v
			greatest = max(greatest, v)
		}
	}
	heights, tallest := map[string]float64{}, 0.0
	for _, bar := range pagetest.Ask[[]drawn](b, fmt.Sprintf(`[...document.querySelectorAll("#chart-%s .bar")].map(e => ({Column: e.dataset.column, Value: +e.dataset.value, Height: e.getBBox().height}))`, name)) {
		got[bar.Column] += bar.Value
		heights[bar.Column] += bar.Height
		tallest = max(tallest, heights[bar.Column])
	}
	require.NotEmpty(t, want, name)
	require.Equal(t, want, got, name)
	for day, v := range want {
		require.InDelta(t, float64(v)/float64(greatest), heights[day]/tallest, 0.001, "%s of %s", name, day)
	}
}

// TestPageIsReadable opens a bad month and nothing at all, on a phone and on a desk, light and dark.
func TestPageIsReadable(t *testing.T) {
	b := pagetest.Start(t)
	rig := newRig(t)
	rig.month()
	for _, report := range []*Report{rig.read(all()), newRig(t).read(all())} {
		file := report.page(t)
		for _, width := range []int64{pagetest.Phone, pagetest.Desktop} {
			for _, scheme := range []string{"light", "dark"} {
				b.Open(file, width, scheme)
				b.CheckReadable()
			}
		}
	}
	require.Empty(t, b.Faults())
}

// A report of a lake's text shows it and never runs it.
func TestPageShowsTextAsText(t *testing.T) {
	b := pagetest.Start(t)
	rig := newRig(t)
	evil := `<script>document.title="run"</script><img src=x onerror='document.title="run"'>`
	rig.put(sales.Results, judged(time.Hour, "2026-03-01", 1, "files", "fail", "fail").with(row{"message": evil}))
	b.Open(rig.read(all()).page(t), pagetest.Phone, "light")
	require.Contains(t, b.Texts(".held li")[0], evil)
	require.Contains(t, pagetest.Ask[string](b, "document.title"), "Data quality")
	require.Empty(t, b.Faults())
}

func TestJSON(t *testing.T) {
	rig := newRig(t)
	rig.month()
	report := rig.read(all())
	var b bytes.Buffer
	require.NoError(t, report.JSON(&b))
	var again Report
	require.NoError(t, json.Unmarshal(b.Bytes(), &again))
	require.Equal(t, report, &again)
}
