package clean

import (
	"fmt"
	"slices"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/rules"
	"github.com/saleslake/saleslake/pkg/sales"
)

// declared makes rules of those that are declared with severity quarantine. They are about rows of
// silver, in its spelling, and come after the contract's.
func declared(of []*rules.Rule) (all []rule) {
	for _, r := range of {
		params := r.Params.(rules.RowParams)
		for _, name := range params.Named() {
			all = append(all, rule{sales.RuleViolated, name,
				func(b *column.Batch, c *column.Column, marks []uint16, id uint16) {
					about, fails := meant(b, params.About()), breaks(params, b, c)
					for row := range marks {
						if marks[row] == passed && fails(row) && about(row) {
							marks[row] = id
						}
					}
				},
				func(b *column.Batch, c *column.Column, row int) string {
					return fmt.Sprintf("rule %s: %s %s", r.Name, shown(b.Schema.Fields[b.Schema.Must(name)], c, row), params.Fault())
				}})
		}
	}
	return all
}

// breaks tells which rows of a column are at fault.
func breaks(p rules.RowParams, b *column.Batch, c *column.Column) func(row int) bool {
	switch p := p.(type) {
	case *rules.NotNull:
		return texts(c, func(v []byte) bool { return len(v) == 0 })
	case *rules.AcceptedValues:
		accepted := oneOf(c, p.Values)
		none := texts(c, func(v []byte) bool { return len(v) == 0 })
		return func(row int) bool { return !accepted(row) && !none(row) }
	case *rules.Regex:
		return texts(c, func(v []byte) bool { return len(v) > 0 && !p.Match(v) })
	case *rules.Range:
		days := b.Column("order_ts").I64
		return func(row int) bool {
			low, high := p.Bounds(sales.DayOf(days[row]))
			v := number(c, row)
			return v < low || v > high
		}
	}
	panic("clean: no test of rows of " + b.Schema.Name) // the kinds are those of rules.RowKinds
}

// meant tells which rows a rule is about.
func meant(b *column.Batch, w rules.Where) func(row int) bool {
	about := func(int) bool { return true }
	for name, values := range w {
		before, holds := about, oneOf(b.Column(name), values)
		about = func(row int) bool { return before(row) && holds(row) }
	}
	return about
}

// oneOf tells which rows of a column have one of the values.
func oneOf(c *column.Column, values []rules.Text) func(row int) bool {
	if c.Type.IsText() {
		return texts(c, func(v []byte) bool { return slices.Contains(values, rules.Text(v)) })
	}
	var numbers []int64
	for _, value := range values {
		if n, err := value.Number(c.Type); err == nil {
			numbers = append(numbers, n)
		}
	}
	return func(row int) bool { return slices.Contains(numbers, number(c, row)) }
}

// texts tests a column of text, symbols once for each distinct value; no row of another passes.
func texts(c *column.Column, test func([]byte) bool) func(row int) bool {
	switch {
	case c.Type == column.Symbol:
		known := make([]bool, c.Dict.Len())
		for code := range known {
			known[code] = test([]byte(c.Dict.Value(int32(code))))
		}
		return func(row int) bool { return known[c.I32[row]] }
	case c.Type.IsText():
		return func(row int) bool { return test(c.Text.At(row)) }
	default:
		return func(int) bool { return false }
	}
}

func number(c *column.Column, row int) int64 {
	if c.I32 != nil {
		return int64(c.I32[row])
	}
	return c.I64[row]
}

// shown is a row's value as a message has it.
func shown(f column.Field, c *column.Column, row int) string {
	switch {
	case !f.Type.IsText():
		return sales.FormatNumber(f.Type, number(c, row))
	case len(c.Bytes(row)) == 0:
		return "it"
	default:
		return quoted(c, row)
	}
}
