package page

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Chart is a chart of bars by day, one on top of the other in each column. The picture is a
// unit across for each column, and Height downwards: browsers do not draw numbers as great
// as the values may be.
type Chart struct {
	Name    string   // of its element, chart-<Name>
	Title   string   // with the unit of the values
	Series  []string // what the bars of a column are, from the axis upwards
	Columns []Column
	Words   func(int64) string // writes a value
	Low     int64              // least value of the axis, 0 or less
	High    int64              // greatest, over Low
	step    int64              // between two ticks
}

// Column is a day and the value of each series.
type Column struct {
	Day    string // YYYY-MM-DD
	Values []int64
}

// NewChart makes a chart; Ticks are at round values of the axis.
func NewChart(name, title string, words func(int64) string, series []string, columns []Column) *Chart {
	c := &Chart{Name: name, Title: title, Series: series, Columns: columns, Words: words}
	for _, column := range columns {
		above, below := int64(0), int64(0)
		for _, v := range column.Values {
			above, below = above+max(v, 0), below+min(v, 0)
		}
		c.High, c.Low = max(c.High, above), min(c.Low, below)
	}
	c.step = Step(c.High - c.Low)
	c.High += (c.step - c.High%c.step) % c.step
	c.Low -= (c.step + c.Low%c.step) % c.step
	if c.High == c.Low { // nothing but zeros
		c.High = c.step
	}
	return c
}

// Step gives a round distance of ticks, three to five of which cover a range.
func Step(over int64) int64 {
	const ticks = 5
	for power := int64(1); ; power *= 10 {
		for _, digit := range []int64{1, 2, 5} {
			if over/ticks < digit*power {
				return digit * power
			}
		}
	}
}

// Height of a chart's picture.
const Height = 1000

// Height is for the template.
func (c *Chart) Height() int { return Height }

// Y is where a value is in the picture.
func (c *Chart) Y(v int64) float64 { return Height * float64(c.High-v) / float64(c.High-c.Low) }

// Label is a text beside an axis.
type Label struct {
	At   float64 // percent of the axis, from the left or from below
	Text string
	Y    float64 // in the picture
}

// Ticks are those of the axis of values.
func (c *Chart) Ticks() (all []Label) {
	for v := c.Low; v <= c.High; v += c.step {
		all = append(all, Label{100 * float64(v-c.Low) / float64(c.High-c.Low), strings.TrimSuffix(c.Words(v), ".00"), c.Y(v)})
	}
	return all
}

// Letters is how long the longest text of the ticks is.
func (c *Chart) Letters() (longest int) {
	for _, tick := range c.Ticks() {
		longest = max(longest, utf8.RuneCountInString(tick.Text))
	}
	return longest
}

// Bar is the part of a column that is a series'.
type Bar struct {
	Column string
	Series int
	Value  int64
	Text   string // the value in words
	X, Y   float64
	W, H   float64
}

// Bars gives those that are not 0. What is under 0 hangs from the axis.
func (c *Chart) Bars() (all []Bar) {
	const gap = 0.2 // of a column
	for i, column := range c.Columns {
		above, below := int64(0), int64(0)
		for s, v := range column.Values {
			if v == 0 {
				continue
			}
			b := Bar{Column: column.Day, Series: s, Value: v, Text: strings.TrimSpace(c.Words(v) + " " + c.Series[s]), X: float64(i) + gap/2, W: 1 - gap}
			if v > 0 {
				above += v
				b.Y, b.H = c.Y(above), c.Y(above-v)-c.Y(above)
			} else {
				b.Y, b.H = c.Y(below), c.Y(below+v)-c.Y(below)
				below += v
			}
			all = append(all, b)
		}
	}
	return all
}

// Labels are those of the axis of days: the months, or the first and the last day.
func (c *Chart) Labels() (labels []Label) {
	const most, edge = 5, 85 // labels; percent after which there is no room for one
	var months []Label
	for i, column := range c.Columns {
		at := 100 * float64(i) / float64(len(c.Columns))
		if t, err := time.Parse(time.DateOnly, column.Day); err == nil && t.Day() == 1 && at < edge {
			months = append(months, Label{At: at, Text: monthOf(t, len(months) == 0)})
		}
	}
	if len(months) < 2 {
		if len(c.Columns) > 0 {
			labels = append(labels, Label{Text: c.Columns[0].Day})
		}
		return labels
	}
	for i := 0; i < len(months); i += (len(months) + most - 1) / most {
		labels = append(labels, months[i])
	}
	return labels
}

// monthOf names a month, the first one and each January with their year.
func monthOf(t time.Time, first bool) string {
	if first || t.Month() == time.January {
		return t.Format("Jan 2006")
	}
	return t.Format("Jan")
}

// Latest is the newest day's value.
func (c *Chart) Latest() string {
	if len(c.Columns) == 0 {
		return ""
	}
	last := c.Columns[len(c.Columns)-1]
	return last.Day + ": " + c.Words(total(last.Values))
}

// Summary describes the chart to those who do not see it.
func (c *Chart) Summary() string {
	if len(c.Columns) == 0 {
		return c.Title + ", nothing to draw."
	}
	greatest, most := 0, int64(0)
	for i, column := range c.Columns {
		if sum := total(column.Values); i == 0 || sum > most {
			greatest, most = i, sum
		}
	}
	last := c.Columns[len(c.Columns)-1]
	return fmt.Sprintf("%s, a bar for each day from %s to %s; the greatest is %s on %s, the newest %s.", c.Title, c.Columns[0].Day, last.Day,
		c.Words(most), c.Columns[greatest].Day, c.Words(total(last.Values)))
}

func total(values []int64) (sum int64) {
	for _, v := range values {
		sum += v
	}
	return sum
}
