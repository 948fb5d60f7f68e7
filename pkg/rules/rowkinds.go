package rules

import (
	"fmt"
	"regexp"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/sales"
)

// NotNull are the parameters of kind not_null.
type NotNull struct {
	row     `yaml:",inline"`
	Columns []string `yaml:"columns"`
}

// Check wants the columns to be there.
func (p *NotNull) Check(c *Checker) {
	for i, name := range p.Columns {
		c.Column(name, nil, "columns", fmt.Sprint(i))
	}
	p.Where.Check(c, c.Schema, "where")
}

// Named gives the columns.
func (p *NotNull) Named() []string { return p.Columns }

// Fault says what is wrong with a row.
func (p *NotNull) Fault() string { return "is missing" }

// AcceptedValues are the parameters of kind accepted_values.
type AcceptedValues struct {
	row    `yaml:",inline"`
	Column string `yaml:"column"`
	Values []Text `yaml:"values"`
}

// Check wants a column of text or of whole numbers, and numbers for the latter.
func (p *AcceptedValues) Check(c *Checker) {
	p.Where.Check(c, c.Schema, "where")
	f := c.Column(p.Column, []column.Type{column.Symbol, column.String, column.Int32, column.Int64}, "column")
	if f == nil || f.Type.IsText() {
		return
	}
	for i, value := range p.Values {
		if _, err := value.Number(f.Type); err != nil {
			c.Fault(fmt.Sprintf("%q %v, but column %s is a %s", value, err, f.Name, f.Type), "name whole numbers", "values", fmt.Sprint(i))
		}
	}
}

// Named gives the column.
func (p *AcceptedValues) Named() []string { return []string{p.Column} }

// Fault says what is wrong with a row.
func (p *AcceptedValues) Fault() string { return "is not an accepted value" }

// Regex are the parameters of kind regex: the pattern must match the whole value.
type Regex struct {
	row     `yaml:",inline"`
	Column  string `yaml:"column"`
	Pattern string `yaml:"pattern"`

	whole *regexp.Regexp
}

// Check compiles the pattern.
func (p *Regex) Check(c *Checker) {
	p.Where.Check(c, c.Schema, "where")
	c.Column(p.Column, []column.Type{column.Symbol, column.String}, "column")
	if _, err := regexp.Compile(p.Pattern); err != nil {
		c.Fault(fmt.Sprintf("the pattern does not compile: %v", err), "write it in Go's syntax (RE2)", "pattern")
		return
	}
	p.whole = regexp.MustCompile(`\A(?:` + p.Pattern + `)\z`)
}

// Match tells whether the pattern matches all of a value.
func (p *Regex) Match(value []byte) bool { return p.whole.Match(value) }

// Named gives the column.
func (p *Regex) Named() []string { return []string{p.Column} }

// Fault says what is wrong with a row.
func (p *Regex) Fault() string { return "does not match " + p.Pattern }

// Range are the parameters of kind range: bounds of a number, an amount, a date or a time,
// or that the column's UTC date is the day of the slice.
type Range struct {
	row    `yaml:",inline"`
	Column string `yaml:"column"`
	Min    *Text  `yaml:"min"`
	Max    *Text  `yaml:"max"`
	InDay  bool   `yaml:"in_day"`

	of        column.Type
	low, high int64 // in the units of the column
}

// Check reads the bounds as values of the column.
func (p *Range) Check(c *Checker) {
	p.Where.Check(c, c.Schema, "where")
	types := []column.Type{column.Int32, column.Int64, column.Decimal, column.Date, column.Timestamp}
	if p.InDay {
		types = []column.Type{column.Date, column.Timestamp}
	}
	f := c.Column(p.Column, types, "column")
	if f == nil {
		return
	}
	p.of, p.low, p.high = f.Type, -1<<63, 1<<63-1
	for _, bound := range []struct {
		name string
		text *Text
		to   *int64
	}{{"min", p.Min, &p.low}, {"max", p.Max, &p.high}} {
		if bound.text == nil {
			continue
		}
		n, err := bound.text.Number(f.Type)
		if err != nil {
			c.Fault(fmt.Sprintf("%s %q %v, but column %s is a %s", bound.name, *bound.text, err, f.Name, f.Type), "write a value of the column", bound.name)
		}
		*bound.to = n
	}
	switch {
	case p.InDay == (p.Min != nil || p.Max != nil):
		c.Fault("has neither min nor max nor in_day, or in_day beside the others", "give min, max or both, or in_day")
	case p.low > p.high:
		c.Fault("min is above max", "use a min that is not", "min")
	}
}

// Named gives the column.
func (p *Range) Named() []string { return []string{p.Column} }

// Fault says what is wrong with a row.
func (p *Range) Fault() string {
	switch {
	case p.InDay:
		return "is of another day"
	case p.Max == nil:
		return "is under " + string(*p.Min)
	case p.Min == nil:
		return "is over " + string(*p.Max)
	default:
		return fmt.Sprintf("is not from %s to %s", *p.Min, *p.Max)
	}
}

// Bounds gives the least and the greatest value, in the units of the column, in a slice of a
// day: UTC, days since 1970-01-01.
func (p *Range) Bounds(day int32) (low, high int64) {
	switch {
	case !p.InDay:
		return p.low, p.high
	case p.of == column.Timestamp:
		return int64(day) * sales.MicrosPerDay, int64(day+1)*sales.MicrosPerDay - 1
	default:
		return int64(day), int64(day)
	}
}
