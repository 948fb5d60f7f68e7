package report

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/services/local-runner/local"
)

// scorecard is the rules by the tables that they judge.
type scorecard struct {
	Tables []string
	Rules  []scoreRule
}

type scoreRule struct {
	Name  string
	Cells []*score // by table; nil where the rule does not judge it
}

// score counts slices.
type score struct{ local.Rule }

// Judged is how many slices there are.
func (s score) Judged() int64 { return s.Pass + s.Warn + s.Fail }

// Worst is the worst outcome.
func (s score) Worst() lake.Outcome { return lake.WorstOf(s.Warn, s.Fail) }

func scores(rules []local.Rule) (c scorecard) {
	for _, r := range rules {
		c.Tables = append(c.Tables, r.Table)
	}
	slices.Sort(c.Tables)
	c.Tables = slices.Compact(c.Tables)
	for _, r := range rules { // they are in the order of their names
		if n := len(c.Rules); n == 0 || c.Rules[n-1].Name != r.Rule {
			c.Rules = append(c.Rules, scoreRule{r.Rule, make([]*score, len(c.Tables))})
		}
		c.Rules[len(c.Rules)-1].Cells[slices.Index(c.Tables, r.Table)] = &score{r}
	}
	return c
}

// rejects are those of a dataset in a stage.
type rejects struct {
	Dataset, Stage string
	Money          bool
	Codes          []code
}

type code struct {
	sales.Code
	lake.Count
	Share   float64 // percent of the code with the most rows
	Samples []local.Sample
}

func rejected(r *local.Report) (all []rejects) {
	for _, f := range flows(r.Ledger) {
		for _, h := range f.Hops {
			of := rejects{Dataset: f.Dataset, Stage: h.Stage, Money: f.Money && h.Stage != "bronze"} // which cannot read it
			for name, c := range h.Rejected {
				if c.Rows > 0 {
					of.Codes = append(of.Codes, code{Code: name, Count: c, Samples: samplesOf(r, f.Dataset, h.Stage, name)})
				}
			}
			if len(of.Codes) == 0 {
				continue
			}
			slices.SortFunc(of.Codes, func(a, b code) int { return cmp.Or(cmp.Compare(b.Rows, a.Rows), cmp.Compare(a.Code, b.Code)) })
			for i := range of.Codes {
				of.Codes[i].Share = 100 * float64(of.Codes[i].Rows) / float64(of.Codes[0].Rows)
			}
			all = append(all, of)
		}
	}
	return all
}

func samplesOf(r *local.Report, dataset, stage string, code sales.Code) (all []local.Sample) {
	for _, s := range r.Samples {
		if s.Dataset == dataset && s.Stage == stage && s.Code == code {
			all = append(all, s)
		}
	}
	return all
}

// printable writes bytes as text in which nothing hides: what is no UTF-8, or is invisible,
// or turns the direction of the text, is a backslash sequence, and so is a backslash.
func printable(raw []byte) string {
	quoted := strconv.Quote(string(raw))
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}
