package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/saleslake/saleslake/pkg/column"
)

// Checker collects what is wrong with one rule beyond its schema.
type Checker struct {
	Rule   *Rule
	Schema *column.Schema // of the rule's table, nil when it has none
	parser *parser
}

// Fault reports a fault at a field of the rule: its path, such as "columns", "1".
func (c *Checker) Fault(problem, remedy string, path ...string) {
	c.parser.fault(at(c.Rule.node, path), c.Rule.Name, problem, remedy)
}

// Column finds the named column of the rule's table, of one of the types when any are given.
// When there is none it reports that at the path and answers nil.
func (c *Checker) Column(name string, types []column.Type, path ...string) *column.Field {
	return c.ColumnOf(c.Schema, name, types, path...)
}

// ColumnOf is Column for another table.
func (c *Checker) ColumnOf(s *column.Schema, name string, types []column.Type, path ...string) *column.Field {
	i := s.Index(name)
	if i < 0 {
		names := make([]string, len(s.Fields))
		for i, f := range s.Fields {
			names[i] = f.Name
		}
		c.Fault(fmt.Sprintf("%s has no column %q", s.Name, name), "name one of "+strings.Join(names, ", "), path...)
		return nil
	}
	f := &s.Fields[i]
	if len(types) > 0 && !slices.Contains(types, f.Type) {
		c.Fault(fmt.Sprintf("column %s of %s is a %s", name, s.Name, f.Type), "name one of another type, or use another kind of rule", path...)
		return nil
	}
	return f
}
