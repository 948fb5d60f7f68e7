// Package pagetest opens pages in Chromium, for tests.
package pagetest

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"maps"
	"os"
	"os/exec"
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
)

// The widths of a window, in CSS pixels.
const (
	Phone   = 390
	Desktop = 1280
)

// Browser opens pages in Chromium and takes down what they ask of the network and what
// they complain of.
type Browser struct {
	t   testing.TB
	ctx context.Context

	mu       sync.Mutex
	requests []string
	faults   []string
}

// Start starts Chromium. Without one the test is skipped, loudly, and with CI set it fails.
func Start(t testing.TB) *Browser {
	t.Helper()
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
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	b := &Browser{t: t, ctx: ctx}
	require.NoError(t, chromedp.Listen(ctx, b.note)) // starts the browser
	return b
}

func (b *Browser) note(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if !strings.HasPrefix(e.Request.URL, "data:") { // that is in the page itself
			b.requests = append(b.requests, e.Request.URL)
		}
	case *runtime.EventConsoleAPICalled:
		b.faults = append(b.faults, fmt.Sprintf("console %s", e.Type))
	case *runtime.EventExceptionThrown:
		b.faults = append(b.faults, e.ExceptionDetails.Text)
	case *log.EventEntryAdded:
		b.faults = append(b.faults, e.Entry.Text)
	}
}

// Open shows a file in a window of that width, in the "light" or "dark" scheme.
func (b *Browser) Open(file string, width int64, scheme string) {
	b.t.Helper()
	b.resize(width, 844)
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
	require.NoError(b.t, err)
	require.NoError(b.t, chromedp.Do(b.ctx, chromedp.Navigate("file://"+file)))
}

// Requests are the URLs that were asked for, the pages' own included.
func (b *Browser) Requests() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.requests
}

// Faults are the errors and all else that was written on the console.
func (b *Browser) Faults() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.faults
}

// Ask evaluates JavaScript in the page.
func Ask[T any](b *Browser, script string) T {
	b.t.Helper()
	answer, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](script))
	require.NoError(b.t, err)
	return answer
}

// Texts gives what is written in the elements that a selector finds.
func (b *Browser) Texts(selector string) []string {
	b.t.Helper()
	return Ask[[]string](b, fmt.Sprintf(`[...document.querySelectorAll(%q)].map(e => e.textContent.replace(/\s+/g, " ").trim())`, selector))
}

// Screenshot writes a PNG of the page, from its top to a height in CSS pixels.
func (b *Browser) Screenshot(file string, height int64) {
	b.t.Helper()
	b.resize(Ask[int64](b, `window.innerWidth`), height)
	picture, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	require.NoError(b.t, err)
	full, err := png.Decode(bytes.NewReader(picture))
	require.NoError(b.t, err)
	var small bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	require.NoError(b.t, encoder.Encode(&small, commonColors(full)))
	require.NoError(b.t, os.WriteFile(file, small.Bytes(), 0o644))
}

// commonColors draws a picture with its 256 most frequent colours. Nobody sees the
// difference, as the others are edges of letters; the file is less than half as big.
func commonColors(full image.Image) image.Image {
	bounds, counts := full.Bounds(), map[color.Color]int{}
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			counts[full.At(x, y)]++
		}
	}
	colors := slices.SortedFunc(maps.Keys(counts), func(a, b color.Color) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)))
	})
	small := image.NewPaletted(bounds, colors[:min(len(colors), 256)])
	draw.Draw(small, bounds, full, bounds.Min, draw.Src)
	return small
}

func (b *Browser) resize(width, height int64) {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height, DeviceScaleFactor: 1, Mobile: width == Phone})
	require.NoError(b.t, err)
}

// CheckReadable fails when the page is wider than its window, has text that is too faint, or
// has tables and pictures that tell nothing to who does not see them.
func (b *Browser) CheckReadable() {
	b.t.Helper()
	require.LessOrEqual(b.t, Ask[int](b, `document.documentElement.scrollWidth`), Ask[int](b, `window.innerWidth`), "the page is wider than the window")
	require.Empty(b.t, Ask[[]string](b, faint), "contrast under 4.5 to 1")
	require.Empty(b.t, Ask[[]string](b, mute), "elements without a name")
}

// mute lists elements of which a screen reader cannot tell what they are.
const mute = `[...document.querySelectorAll("th:not([scope]), svg:not([aria-label]):not([aria-hidden]), .scroll:not([aria-label]):not([aria-labelledby]), section:not([aria-labelledby])")].map(e => e.outerHTML.slice(0, 80))`

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
