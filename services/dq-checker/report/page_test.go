package report

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// browser opens pages in Chromium and takes down what they ask of the network and what
// they complain of.
type browser struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	requests []string
	faults   []string
}

func newBrowser(t *testing.T) *browser {
	program := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil && program == "" {
			program = path
		}
	}
	if program == "" {
		if os.Getenv("CI") != "" {
			t.Fatal("Chromium is not on this machine: install chromium")
		}
		t.Skip("SKIPPED, NOTHING WAS TESTED: Chromium is not on this machine, install chromium (with CI set this fails)")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.NoSandbox)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	b := &browser{t: t, ctx: ctx}
	require.NoError(t, chromedp.Listen(ctx, b.note)) // starts the browser
	return b
}

func (b *browser) note(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	case *runtime.EventConsoleAPICalled:
		b.faults = append(b.faults, fmt.Sprintf("console %s", e.Type))
	case *runtime.EventExceptionThrown:
		b.faults = append(b.faults, e.ExceptionDetails.Text)
	case *log.EventEntryAdded:
		b.faults = append(b.faults, e.Entry.Text)
	}
}

// open shows a page in a window of that width, light or dark.
func (b *browser) open(file string, width int64, scheme string) {
	b.t.Helper()
	phone := width < 600
	_, err := chromedp.Call(b.ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 844, DeviceScaleFactor: 1, Mobile: phone})
	require.NoError(b.t, err)
	_, err = chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
	require.NoError(b.t, err)
	require.NoError(b.t, chromedp.Do(b.ctx, chromedp.Navigate("file://"+file)))
}

// ask evaluates JavaScript in the page.
func ask[T any](b *browser, script string) T {
	b.t.Helper()
	answer, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](script))
	require.NoError(b.t, err)
	return answer
}

// texts gives what is written in the elements that a selector finds.
func (b *browser) texts(selector string) []string {
	b.t.Helper()
	return ask[[]string](b, fmt.Sprintf(`[...document.querySelectorAll(%q)].map(e => e.textContent.replace(/\s+/g, " ").trim())`, selector))
}

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
	b := newBrowser(t)
	rig := newRig(t)
	m := rig.month()
	report := rig.read(all())
	file := report.page(t)
	b.open(file, 1280, "light")

	require.Equal(t, []string{fmt.Sprint(m.slices.Pass), fmt.Sprint(m.slices.Warn), fmt.Sprint(m.slices.Fail), "2"}, b.texts(".tiles dd"))
	require.Equal(t, []string{`dq-checker accept gold/fact_sales/day=2026-02-27 --version 7 --reason "…"`, `dq-checker accept gold/daily_sales/day=2026-02-21 --version 3 --reason "…"`}, b.texts(".held code"))
	for i, d := range m.days {
		newest := len(m.days) - i
		cells := b.texts(fmt.Sprintf("#days tbody tr:nth-child(%d) > *", newest))
		require.Equal(t, []string{d.Day, group(fmt.Sprint(d.Rows)), words(d.Revenue), fmt.Sprint(d.Warned), fmt.Sprint(d.Failed), percentWords(d.Loss)}, append(cells[:1:1], cells[2:]...))
	}
	for name, value := range map[string]func(Day) int64{
		"rows": func(d Day) int64 { return d.Rows }, "revenue": func(d Day) int64 { return d.Revenue },
		"loss": func(d Day) int64 { return d.Loss }, "breaches": func(d Day) int64 { return d.Warned + d.Failed },
	} {
		b.checkBars(name, m.days, value)
	}
	require.Len(t, b.texts("#sample-table tbody tr"), len(m.samples))
	for i, s := range m.samples {
		require.Equal(t, []string{s["id"].(string), s["rule"].(string), s["column"].(string), s["value"].(string), s["source"].(string), fmt.Sprint(s["partition"]), fmt.Sprint(s["offset"]),
			fmt.Sprintf("%s, %d", s["file"], s["row"])}, b.texts(fmt.Sprintf("#sample-table tbody tr:nth-child(%d) > *", i+1)))
	}
	require.Equal(t, len(m.days), ask[int](b, `document.querySelectorAll("[data-table='gold/fact_sales'] [data-rule=files] td.pass, [data-table='gold/fact_sales'] [data-rule=files] td.fail").length`))
	require.Equal(t, []string{"✕fail"}, b.texts("[data-table='gold/fact_sales'] [data-rule=files] td.fail"))
	sources, off, balanced := report.parts()
	var numbers []string
	for _, e := range slices.Concat(sources.Lines, off.Lines, balanced.Lines) {
		for _, c := range []lake.Count{e.In, e.Out, e.Duplicate, e.Superseded, e.Rejected, e.Residual} {
			numbers = append(numbers, number(c.Rows)+words(c.Cents))
		}
	}
	require.Len(t, numbers, 6*len(report.Ledger))
	require.Equal(t, numbers, b.texts(".ledger td.n"))

	require.Equal(t, []string{"file://" + file}, ofNetwork(b.requests), "the page asks for nothing else")
	require.Empty(t, b.faults)
}

// checkBars compares the heights of a chart's bars with the values, by their share of
// the greatest.
func (b *browser) checkBars(name string, days []Day, value func(Day) int64) {
	b.t.Helper()
	type drawn struct {
		Day    string
		Value  int64
		Height float64
	}
	bars := ask[[]drawn](b, fmt.Sprintf(`[...document.querySelectorAll("#chart-%s .bar")].map(e => ({Day: e.dataset.day, Value: +e.dataset.value, Height: e.getBBox().height}))`, name))
	sums, heights := map[string]int64{}, map[string]float64{}
	greatest, tallest := int64(0), 0.0
	for _, bar := range bars {
		sums[bar.Day] += bar.Value
		heights[bar.Day] += bar.Height
		greatest, tallest = max(greatest, sums[bar.Day]), max(tallest, heights[bar.Day])
	}
	require.Len(b.t, sums, len(days), name)
	require.Positive(b.t, tallest)
	for _, d := range days {
		require.Equal(b.t, value(d), sums[d.Day], "%s of %s", name, d.Day)
		require.InDelta(b.t, float64(value(d))/float64(greatest), heights[d.Day]/tallest, 0.001, "%s of %s", name, d.Day)
	}
}

// ofNetwork leaves out what is in the page itself.
func ofNetwork(urls []string) (all []string) {
	for _, url := range urls {
		if !strings.HasPrefix(url, "data:") {
			all = append(all, url)
		}
	}
	return all
}

// TestPageFitsAPhone looks for what is wider than a phone, for text that is too faint, and
// for tables and pictures that tell nothing to who does not see them. With
// SCREENSHOTS set to a folder it leaves pictures there.
func TestPageFitsAPhone(t *testing.T) {
	b := newBrowser(t)
	rig := newRig(t)
	rig.month()
	for name, report := range map[string]*Report{"month": rig.read(all()), "empty": newRig(t).read(all())} {
		file := report.page(t)
		for _, width := range []int64{390, 1280} {
			for _, scheme := range []string{"light", "dark"} {
				b.open(file, width, scheme)
				require.LessOrEqual(t, ask[int64](b, `document.documentElement.scrollWidth`), width, "%s, %d px", name, width)
				require.Empty(t, ask[[]string](b, faint), "%s, %s", name, scheme)
				if dir := os.Getenv("SCREENSHOTS"); dir != "" {
					picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
					require.NoError(t, err)
					require.NoError(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%d-%s.png", name, width, scheme)), picture, 0o644))
				}
			}
		}
		require.Zero(t, ask[int](b, `document.querySelectorAll("th:not([scope]), svg:not([aria-label]), .scroll:not([aria-label]):not([aria-labelledby])").length`))
	}
	require.Empty(t, b.faults)
}

// faint lists texts whose contrast with what is behind them is under 4.5 to 1, the
// least of WCAG 2 AA.
const faint = `(() => {
  const rgb = c => { const m = c.match(/[\d.]+/g).map(Number); return m.length > 3 ? m : [...m, 1] };
  const light = c => { const [r, g, b] = c.map(v => { v /= 255; return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4 }); return .2126 * r + .7152 * g + .0722 * b };
  const behind = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c[3] > 0) return c } return [255, 255, 255, 1] };
  const found = new Set();
  for (const e of document.body.querySelectorAll("*")) {
    const text = [...e.childNodes].filter(n => n.nodeType === 3).map(n => n.data.trim()).join("");
    if (!text || e.closest("title, defs")) continue;
    const style = getComputedStyle(e), ink = e.closest("svg") ? style.fill : style.color;
    const [a, b] = [light(rgb(ink).slice(0, 3)), light(behind(e).slice(0, 3))].sort((x, y) => y - x);
    if ((a + .05) / (b + .05) < 4.5) found.add(e.tagName + "." + (e.className.baseVal ?? e.className) + " " + text.slice(0, 30));
  }
  return [...found];
})()`

// A report of a lake's text shows it and never runs it.
func TestPageShowsTextAsText(t *testing.T) {
	b := newBrowser(t)
	rig := newRig(t)
	evil := `<script>document.title="run"</script><img src=x onerror='document.title="run"'>`
	rig.put(sales.Results, judged(time.Hour, "2026-03-01", 1, "files", "fail", "fail").with(row{"message": evil}))
	b.open(rig.read(all()).page(t), 390, "light")
	require.Contains(t, b.texts(".held li")[0], evil)
	require.Contains(t, ask[string](b, "document.title"), "Data quality")
	require.Empty(t, b.faults)
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
