package dq

import "github.com/saleslake/saleslake/pkg/rules"

// rowTest tells which rows of a column are at fault by a rule that looks at one row at a time.
func rowTest(p rules.RowParams, g *RowGroup, column string, in scope) (fails func(i int) bool, err error) {
	v, err := g.Column(column)
	if err != nil {
		return nil, err
	}
	switch p := p.(type) {
	case *rules.NotNull:
		if !v.text && v.Null == nil {
			return func(int) bool { return false }, nil
		}
		return v.null, nil
	case *rules.AcceptedValues:
		accepted := v.oneOf(p.Values)
		return func(i int) bool { return !accepted(i) && !v.null(i) }, nil
	case *rules.Regex:
		return v.matches(func(text []byte) bool { return len(text) > 0 && !p.Match(text) }), nil
	case *rules.Range:
		low, high := p.Bounds(in.day)
		return func(i int) bool { n := v.Ints[i]; return (n < low || n > high) && !v.null(i) }, nil
	}
	panic("dq: no test of rows of " + column) // the kinds are those of rules.RowKinds
}
