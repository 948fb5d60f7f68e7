package rules

import (
	"slices"

	"gopkg.in/yaml.v3"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// Rule is one declared rule.
type Rule struct {
	Name        string
	Kind        string
	Table       string // "" for every table that the kind knows
	Severity    lake.Severity
	Owner       string
	Description string
	Runbook     string // URL or path in the repository, "" when there is none
	Params      Params `yaml:"-"` // the kind's own

	node *yaml.Node
}

// Params are the parameters that rules of a kind have beyond what all have. They are decoded
// from the rule's own YAML node.
type Params interface {
	Check(c *Checker) // reports what the JSON Schema cannot say
}

// None is the Params of kinds that have none.
type None struct{}

// Check finds nothing.
func (None) Check(*Checker) {}

// Kind tells how rules of a kind are read.
type Kind struct {
	New    func() Params // a pointer to the zero parameters
	Tables []string      // that a rule may be about, nil for all
}

// Set is the rules of a file, in its order.
type Set struct {
	File  string
	Rules []*Rule

	kinds map[string]Kind
}

// Of gives the rules that slices of a table are judged by.
func (s *Set) Of(table string) (of []*Rule) {
	for _, r := range s.Rules {
		if r.Table == table || r.Table == "" && s.kinds[r.Kind].knows(table) {
			of = append(of, r)
		}
	}
	return of
}

// Quarantining gives the rules of which silver refuses the rows that break them: they are about
// silver/sales, and their parameters are RowParams.
func (s *Set) Quarantining() (of []*Rule) {
	for _, r := range s.Rules {
		if r.Severity == lake.SeverityQuarantine {
			of = append(of, r)
		}
	}
	return of
}

func (k Kind) knows(table string) bool { return k.Tables == nil || slices.Contains(k.Tables, table) }

// Schema gives the columns of a table that rules may be about, nil when there is no such
// table. Those of gold/fact_sales are silver's.
func Schema(table string) *column.Schema {
	for _, s := range schemas {
		if s.Name == table {
			return s
		}
	}
	return nil
}

var schemas = []*column.Schema{sales.Silver, sales.SilverCustomers, sales.DailySales, sales.DailyProducts, sales.HourlySales, sales.RefundsByDay, sales.Restatements}

// Tables lists the tables that rules may be about.
func Tables() (names []string) {
	for _, s := range schemas {
		names = append(names, s.Name)
	}
	return names
}
