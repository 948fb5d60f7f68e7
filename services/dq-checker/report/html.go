package report

import (
	"bytes"
	"embed"
	"html/template"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/page"
)

// What is drawn; JSON has all of it.
const (
	cardDays  = 31  // columns of a scorecard
	trendDays = 92  // bars of a chart
	pageRows  = 200 // lines of a table
)

//go:embed page.html page.css
var assets embed.FS

var pageTemplate = page.Template(assets, template.FuncMap{
	"ppm":   percentWords,
	"month": monthName,
	"short": func(day string) string { return strings.TrimPrefix(day[4:], "-") },
})

// view is what the page shows of a report.
type view struct {
	*Report
	Headline string
	Worst    lake.Outcome
	State    string // Worst in words
	Cards    []card
	Charts   []*page.Chart
	Recent   []Day // newest first
	Sources  lines
	Off      lines // of days, with a residual
	Balanced lines // of days, without one
	Left     left
}

// lines are a part of the ledger.
type lines struct {
	Title string
	Lines []Entry
}

// left counts what the page leaves out.
type left struct{ Held, Breaches, Samples, Ledger, Days int }

// card is the scorecard of one table.
type card struct {
	Table string
	Days  []string // newest first
	Left  int      // days left out
	Rules []cardRule
}

type cardRule struct {
	Rule
	Cells []*Cell // by Days of the card; nil where it was not judged
}

// HTML writes the report as a page.
func (r *Report) HTML(out io.Writer) error {
	v := view{Report: r, Headline: r.headline(), Cards: r.cards()}
	v.Worst, v.State = r.state()
	shown := *r
	shown.Held, v.Left.Held = first(r.Held, pageRows)
	shown.Breaches, v.Left.Breaches = first(r.Breaches, pageRows)
	shown.Samples, v.Left.Samples = first(r.Samples, pageRows)
	shown.Ledger, v.Left.Ledger = first(r.Ledger, pageRows)
	v.Report = &shown
	v.Sources, v.Off, v.Balanced = shown.parts()
	v.Left.Days = max(0, len(r.Days)-trendDays)
	drawn := r.Days[v.Left.Days:]
	v.Recent = slices.Clone(drawn)
	slices.Reverse(v.Recent)
	if len(drawn) > 0 {
		v.Charts = charts(drawn)
	}
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, v); err != nil {
		return err
	}
	_, err := out.Write(b.Bytes())
	return err
}

func charts(days []Day) []*page.Chart {
	chart := func(name, title string, words func(int64) string, series []string, values func(*Day) []int64) *page.Chart {
		columns := make([]page.Column, len(days))
		for i := range days {
			columns[i] = page.Column{Day: days[i].Day, Values: values(&days[i])}
		}
		return page.NewChart(name, title, words, series, columns)
	}
	return []*page.Chart{
		chart("breaches", "Breaches", page.Number, []string{"fail", "warn"}, func(d *Day) []int64 { return []int64{d.Failed, d.Warned} }),
		chart("loss", "Row loss", percentWords, []string{""}, func(d *Day) []int64 { return []int64{d.Loss} }),
		chart("rows", "Rows", page.Number, []string{""}, func(d *Day) []int64 { return []int64{d.Rows} }),
		chart("revenue", "Revenue", page.Money, []string{""}, func(d *Day) []int64 { return []int64{d.Revenue} }),
	}
}

// cards cuts the scorecard into tables.
func (r *Report) cards() (cards []card) {
	for from := 0; from < len(r.Scorecard); {
		to := from
		var days []string
		for ; to < len(r.Scorecard) && r.Scorecard[to].Table == r.Scorecard[from].Table; to++ {
			for i := range r.Scorecard[to].Days {
				days = append(days, r.Scorecard[to].Days[i].Day)
			}
		}
		slices.Sort(days)
		days = slices.Compact(days)
		c := card{Table: r.Scorecard[from].Table, Left: max(0, len(days)-cardDays)}
		c.Days = days[c.Left:]
		slices.Reverse(c.Days) // a phone shows the first ones
		for _, rule := range r.Scorecard[from:to] {
			c.Rules = append(c.Rules, cardRule{rule, rule.on(c.Days)})
		}
		cards, from = append(cards, c), to
	}
	return cards
}

// on gives the rule's cells of the days.
func (c *Rule) on(days []string) []*Cell {
	cells := make([]*Cell, len(days))
	for i := range c.Days {
		if at := slices.Index(days, c.Days[i].Day); at >= 0 {
			cells[at] = &c.Days[i]
		}
	}
	return cells
}

func first[T any](all []T, n int) (some []T, left int) {
	if len(all) <= n {
		return all, 0
	}
	return all[:n], len(all) - n
}

// percentWords writes millionths as a percentage without idle zeros.
func percentWords(ppm int64) string {
	return strconv.FormatFloat(float64(ppm)/10_000, 'f', -1, 64) + " %"
}

// monthName gives the short name of a day's month.
func monthName(day string) string {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return ""
	}
	return t.Format("Jan")
}

// parts cuts the ledger.
func (r *Report) parts() (sources, off, balanced lines) {
	sources.Title, off.Title, balanced.Title = "Sources, since their first record", "Days that do not balance", "Days that balance"
	for i := range r.Ledger {
		part := &balanced
		switch e := &r.Ledger[i]; {
		case e.Scope == scopeSource:
			part = &sources
		case e.balance() == 0:
			part = &off
		}
		part.Lines = append(part.Lines, r.Ledger[i])
	}
	return sources, off, balanced
}

// state says in a word or two how things are.
func (r *Report) state() (lake.Outcome, string) {
	switch {
	case r.nothing():
		return lake.Warn, "Nothing judged"
	case r.Slices.Fail > 0:
		return lake.Fail, "Held"
	case r.Residuals > 0:
		return lake.Fail, "Ledger off"
	case r.Slices.Warn > 0:
		return lake.Warn, "Warnings"
	}
	return lake.Pass, "All is well"
}

// Of names what a line is of.
func (e Entry) Of() string { return e.of() }

// Worst is what the day's slices add up to.
func (d Day) Worst() lake.Outcome { return d.Slices.worst() }
