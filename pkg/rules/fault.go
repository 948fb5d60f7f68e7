package rules

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Fault is one thing that is wrong with a rules file.
type Fault struct {
	Line, Column int    // from 1
	Rule         string // its name, "" when it is the file or the rule has none
	Problem      string
	Remedy       string
}

// Faults is all that is wrong with a file.
type Faults struct {
	File   string
	Faults []Fault
}

// Error lists the faults, one a line, each with its place and remedy.
func (f *Faults) Error() string {
	lines := make([]string, len(f.Faults))
	for i, fault := range f.Faults {
		rule := ""
		if fault.Rule != "" {
			rule = "rule " + fault.Rule + ": "
		}
		lines[i] = fmt.Sprintf("%s:%d:%d: %s%s; %s", f.File, fault.Line, fault.Column, rule, fault.Problem, fault.Remedy)
	}
	return strings.Join(lines, "\n")
}

func (f *Faults) sorted() *Faults {
	slices.SortStableFunc(f.Faults, func(a, b Fault) int { return cmp.Or(a.Line-b.Line, a.Column-b.Column) })
	return f
}
