package report

import (
	"fmt"
	"strings"
)

// chart is a bar chart of days, drawn in a space of chartWidth by chartHeight.
type chart struct {
	Name   string // of its element
	Title  string
	Series []string // from the axis upwards
	Bars   []bar
	Top    string // greatest value of the axis, in words
	Bottom string // least one; empty when it is 0
	Zero   float64
	First  string // day
	Last   string
	Latest string // what the newest bar says
}

// bar is a part of a column of the chart.
type bar struct {
	Day        string
	Series     int
	Value      int64
	Text       string // the value in words
	X, Y, W, H float64
}

// The chart's space; bars are drawn between its margins.
const (
	chartWidth, chartHeight = 400.0, 170.0
	marginTop, marginBottom = 22.0, 24.0
	gap                     = 0.2 // of a column
)

// newChart draws the days' values, of each series one on top of the other; words
// writes a value.
func newChart(name, title string, days []Day, words func(int64) string, series []string, values func(*Day) []int64) chart {
	c := chart{Name: name, Title: title, Series: series}
	least, greatest := int64(0), int64(0)
	for i := range days {
		sum := int64(0)
		for _, v := range values(&days[i]) {
			sum += v
		}
		least, greatest = min(least, sum), max(greatest, sum)
	}
	c.Top = words(greatest)
	if least < 0 {
		c.Bottom = words(least)
	}
	height := chartHeight - marginTop - marginBottom
	scale := height / float64(max(1, greatest-least))
	c.Zero = marginTop + float64(greatest)*scale
	if greatest == least { // nothing but zeros
		c.Zero = marginTop + height
	}
	width := chartWidth / float64(max(1, len(days)))
	for i := range days {
		base, said := c.Zero, []string{}
		for s, v := range values(&days[i]) {
			b := bar{Day: days[i].Day, Series: s, Value: v, Text: strings.TrimSpace(words(v) + " " + series[s]), X: (float64(i) + gap/2) * width, W: (1 - gap) * width, Y: base, H: float64(v) * scale}
			if b.H < 0 {
				b.H = -b.H
			} else {
				b.Y -= b.H
			}
			base = b.Y
			said = append(said, b.Text)
			c.Bars = append(c.Bars, b)
		}
		if i == len(days)-1 {
			c.First, c.Last, c.Latest = days[0].Day, days[i].Day, strings.Join(said, ", ")
		}
	}
	return c
}

// Summary describes the chart to those who do not see it.
func (c chart) Summary() string {
	return fmt.Sprintf("%s, a bar for each day from %s to %s; the greatest is %s, the newest %s.", c.Title, c.First, c.Last, c.Top, c.Latest)
}
