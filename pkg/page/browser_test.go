package page_test

import (
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/page"
	"github.com/saleslake/saleslake/pkg/page/pagetest"
)

// Browsers draw no great coordinates. A bar of a trillion is as high as the axis all the same.
func TestGreatValuesAreDrawn(t *testing.T) {
	const trillion = 1_000_000_000_000
	files := fstest.MapFS{
		"page.html": {Data: []byte(`<!doctype html><html lang="en"><head>{{template "head" "Chart"}}</head><body>{{template "chart" .}}</body></html>`)},
		"page.css":  {},
	}
	name := filepath.Join(t.TempDir(), "page.html")
	file, err := os.Create(name)
	require.NoError(t, err)
	require.NoError(t, page.Template(files, nil).Execute(file, page.NewChart("sum", "Sum", page.Money, []string{"lower", "upper"}, []page.Column{
		{Day: "2026-05-03", Values: []int64{trillion / 2, trillion / 2}}, {Day: "2026-05-04", Values: []int64{trillion / 4, 0}}})))
	require.NoError(t, file.Close())
	b := pagetest.Start(t)
	b.Open(name, pagetest.Phone, "dark")
	b.CheckReadable()
	heights := pagetest.Ask[[]float64](b, `[...document.querySelectorAll(".bar")].map(e => e.getBBox().height * e.getScreenCTM().d / e.ownerSVGElement.getBoundingClientRect().height)`)
	require.InDeltaSlice(t, []float64{0.5, 0.5, 0.25}, heights, 0.001)
	require.Empty(t, b.Faults())
}
