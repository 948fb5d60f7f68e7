package dq

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/rules"
	"github.com/saleslake/saleslake/pkg/sales"
)

// Distribution are the parameters of kind distribution: each value of a column has the share
// of the rows that it had on the same weekday before.
type Distribution struct {
	Baseline `yaml:",inline"`
	Column   string `yaml:"column"`
}

// Check wants a column that is there.
func (p *Distribution) Check(c *rules.Checker) {
	c.Column(p.Column, []column.Type{column.Symbol, column.String}, "column")
	p.checkHistory(c)
}

func (p *Distribution) term() term { return term{column: "rows", by: []string{p.Column}} }

func distributionNeeds(r *rules.Rule) []need {
	return []need{r.Params.(*Distribution).term().need(r.Table)}
}

// values gives the rows of each value of a column.
func (e *Evidence) values(column string) map[string]int64 {
	of := map[string]int64{}
	if p, ok := e.Slice.parts[term{column: "rows", by: []string{column}}.id()].(*sumsPart); ok {
		for group, n := range p.sums {
			of[keyValues(group)[0]] = n
		}
	}
	return of
}

func judgeDistribution(_ context.Context, e *Evidence, r *rules.Rule) (Result, error) {
	p := r.Params.(*Distribution)
	day, err := sales.ParseDay(e.Manifest.Day)
	if err != nil {
		return Result{}, err
	}
	if len(e.Slice.Unreadable) > 0 {
		return notRead(), nil
	}
	now := e.values(p.Column)
	if len(now) > profileValues {
		return notJudged("%s has %d values, more than the %d that are compared", p.Column, len(now), profileValues), nil
	}
	rows := total(now)
	if rows < p.MinRows {
		return notJudged("not enough rows: %d of %d", rows, p.MinRows), nil
	}
	known := map[string]bool{}
	var past []map[string]int64
	for _, d := range e.past(day, p.Weeks) {
		if values := d.Values[p.Column]; total(values) >= p.MinRows {
			past = append(past, values)
			maps.Copy(known, present(values))
		}
	}
	if len(past) < p.MinHistory {
		return notJudged("not enough history: %d of %d days", len(past), p.MinHistory), nil
	}
	maps.Copy(known, present(now))
	found := Result{Outcome: lake.Pass, Checked: rows, Message: fmt.Sprintf("%d values of %s have the shares of %d weeks before", len(known), p.Column, len(past))}
	worst := int64(-1)
	for _, value := range slices.Sorted(maps.Keys(known)) {
		shares := make([]int64, len(past))
		for i, d := range past {
			shares[i] = rules.PPM(d[value], total(d))
		}
		low, median, high := p.bounds(shares, func(m int64) int64 { return root(m * (int64(rules.Whole) - m) / rows) },
			func(int64) int64 { return int64(p.MinChange) })
		share := rules.PPM(now[value], rows)
		away := abs(share - median)
		if share >= low && share <= high || away <= worst {
			continue
		}
		worst, found.Outcome, found.Failed = away, r.Severity.Outcome(), now[value]
		found.Measured = &lake.Range{Value: share, Low: low, High: high, Unit: "ppm"}
		found.Message = fmt.Sprintf("%q is %s of %s, from %s to %s are usual on this weekday (median %s of %d weeks)", value,
			rules.Share(share), p.Column, rules.Share(low), rules.Share(high), rules.Share(median), len(past))
	}
	return found, nil
}

func present(values map[string]int64) map[string]bool {
	of := make(map[string]bool, len(values))
	for v := range values {
		of[v] = true
	}
	return of
}

func total(values map[string]int64) (sum int64) {
	for _, n := range values {
		sum += n
	}
	return sum
}
