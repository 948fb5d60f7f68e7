package dq

import (
	"fmt"
	"regexp"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/rules"
	"github.com/saleslake/saleslake/pkg/sales"
)

// NotNull are the parameters of kind not_null.
type NotNull struct {
	Limits  `yaml:",inline"`
	Where   Where    `yaml:"where"`
	Columns []string `yaml:"columns"`
}

// Check wants the columns to be there.
func (p *NotNull) Check(c *rules.Checker) {
	for i, name := range p.Columns {
		c.Column(name, nil, "columns", fmt.Sprint(i))
	}
	p.Where.check(c, c.Schema, "where")
}

func (p *NotNull) limits() Limits    { return p.Limits }
func (p *NotNull) about() Where      { return p.Where }
func (p *NotNull) columns() []string { return p.Columns }
func (p *NotNull) fault() string     { return "is missing" }

func (p *NotNull) test(g *RowGroup, name string, _ scope) (func(int) bool, error) {
	v, err := g.Column(name)
	if err != nil {
		return nil, err
	}
	if !v.text && v.Null == nil {
		return func(int) bool { return false }, nil
	}
	return v.null, nil
}

// AcceptedValues are the parameters of kind accepted_values.
type AcceptedValues struct {
	Limits `yaml:",inline"`
	Where  Where        `yaml:"where"`
	Column string       `yaml:"column"`
	Values []rules.Text `yaml:"values"`
}

// Check wants a column of text or of whole numbers, and numbers for the latter.
func (p *AcceptedValues) Check(c *rules.Checker) {
	p.Where.check(c, c.Schema, "where")
	f := c.Column(p.Column, []column.Type{column.Symbol, column.String, column.Int32, column.Int64}, "column")
	if f == nil || isText(f.Type) {
		return
	}
	for i, value := range p.Values {
		if _, err := value.Number(f.Type); err != nil {
			c.Fault(fmt.Sprintf("%q %v, but column %s is a %s", value, err, f.Name, f.Type), "name whole numbers", "values", fmt.Sprint(i))
		}
	}
}

func (p *AcceptedValues) limits() Limits    { return p.Limits }
func (p *AcceptedValues) about() Where      { return p.Where }
func (p *AcceptedValues) columns() []string { return []string{p.Column} }
func (p *AcceptedValues) fault() string     { return "is not an accepted value" }

func (p *AcceptedValues) test(g *RowGroup, name string, _ scope) (func(int) bool, error) {
	v, err := g.Column(name)
	if err != nil {
		return nil, err
	}
	accepted := v.oneOf(p.Values)
	return func(i int) bool { return !accepted(i) && !v.null(i) }, nil
}

// Regex are the parameters of kind regex: the pattern must match the whole value.
type Regex struct {
	Limits  `yaml:",inline"`
	Where   Where  `yaml:"where"`
	Column  string `yaml:"column"`
	Pattern string `yaml:"pattern"`

	whole *regexp.Regexp
}

// Check compiles the pattern.
func (p *Regex) Check(c *rules.Checker) {
	p.Where.check(c, c.Schema, "where")
	c.Column(p.Column, []column.Type{column.Symbol, column.String}, "column")
	if _, err := regexp.Compile(p.Pattern); err != nil {
		c.Fault(fmt.Sprintf("the pattern does not compile: %v", err), "write it in Go's syntax (RE2)", "pattern")
		return
	}
	p.whole = regexp.MustCompile(`\A(?:` + p.Pattern + `)\z`)
}

func (p *Regex) limits() Limits    { return p.Limits }
func (p *Regex) about() Where      { return p.Where }
func (p *Regex) columns() []string { return []string{p.Column} }
func (p *Regex) fault() string     { return "does not match " + p.Pattern }

func (p *Regex) test(g *RowGroup, name string, _ scope) (func(int) bool, error) {
	v, err := g.Column(name)
	if err != nil {
		return nil, err
	}
	return v.matches(func(text []byte) bool { return len(text) > 0 && !p.whole.Match(text) }), nil
}

// Range are the parameters of kind range: bounds of a number, an amount, a date or a time,
// or that the column's UTC date is the day of the slice.
type Range struct {
	Limits `yaml:",inline"`
	Where  Where       `yaml:"where"`
	Column string      `yaml:"column"`
	Min    *rules.Text `yaml:"min"`
	Max    *rules.Text `yaml:"max"`
	InDay  bool        `yaml:"in_day"`

	of        column.Type
	low, high int64 // in the units of the column
}

// Check reads the bounds as values of the column.
func (p *Range) Check(c *rules.Checker) {
	p.Where.check(c, c.Schema, "where")
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
		text *rules.Text
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

func (p *Range) limits() Limits    { return p.Limits }
func (p *Range) about() Where      { return p.Where }
func (p *Range) columns() []string { return []string{p.Column} }

func (p *Range) fault() string {
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

func (p *Range) test(g *RowGroup, name string, in scope) (func(int) bool, error) {
	v, err := g.Column(name)
	if err != nil {
		return nil, err
	}
	low, high := p.low, p.high
	if p.InDay {
		low, high = int64(in.day), int64(in.day)
		if p.of == column.Timestamp {
			low, high = low*sales.MicrosPerDay, (high+1)*sales.MicrosPerDay-1
		}
	}
	return func(i int) bool { n := v.Ints[i]; return (n < low || n > high) && !v.null(i) }, nil
}
