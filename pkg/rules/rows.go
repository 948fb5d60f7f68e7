package rules

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/saleslake/saleslake/pkg/column"
)

// Limits are the parameters of rules that count failing rows.
type Limits struct {
	MaxFailedShare Share `yaml:"max_failed_share"` // of the rows that were looked at
	MinRows        int64 `yaml:"min_rows"`         // looked at, from which on the slice is judged
}

// Breached tells whether too many of the rows failed.
func (l Limits) Breached(failed, checked int64) bool {
	return failed > 0 && checked >= l.MinRows && l.MaxFailedShare.Exceeded(failed, checked)
}

// Said names the share that may fail, when there is one.
func (l Limits) Said() string {
	if l.MaxFailedShare == 0 {
		return ""
	}
	return fmt.Sprintf(" (at most %s of them may)", l.MaxFailedShare)
}

// Where says which rows a rule is about: those whose columns hold one of the values each.
type Where map[string][]Text

// Check wants the columns to be there, in a table.
func (w Where) Check(c *Checker, s *column.Schema, path ...string) {
	for name := range w {
		c.ColumnOf(s, name, []column.Type{column.Symbol, column.String, column.Int32, column.Int64}, append(path, name)...)
	}
}

// String gives the condition in one spelling.
func (w Where) String() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(w)) {
		fmt.Fprintf(&b, " %s in %q", name, w[name])
	}
	return b.String()
}

// RowParams are the parameters of kinds that look at one row at a time. A null passes all but
// not_null.
type RowParams interface {
	Params
	Allowed() Limits
	About() Where
	Named() []string // columns, at each of which a row may be at fault
	Fault() string   // what is wrong with rows at fault, such as "is missing"
}

// RowKinds are the kinds whose parameters are RowParams.
var RowKinds = map[string]Kind{
	"not_null":        {New: func() Params { return &NotNull{} }},
	"accepted_values": {New: func() Params { return &AcceptedValues{} }},
	"range":           {New: func() Params { return &Range{} }},
	"regex":           {New: func() Params { return &Regex{} }},
}

// row is what the parameters of all these kinds have.
type row struct {
	Limits `yaml:",inline"`
	Where  Where `yaml:"where"`
}

// Allowed gives how many rows may fail.
func (p *row) Allowed() Limits { return p.Limits }

// About gives the condition under which the rule looks at a row.
func (p *row) About() Where { return p.Where }
