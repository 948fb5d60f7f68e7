package dq

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/rules"
	"github.com/saleslake/saleslake/pkg/sales"
)

// RuleDay is the rule that is not declared: all tables of a day pass, or none.
const RuleDay = "day"

// Evidence is all that a verdict rests on.
type Evidence struct {
	Manifest *lake.Manifest
	Balances map[int32]Balance // of the partitions that went in
	Located  []Sample          // records in the places of the balances' faults
	Slice    *Slice            // what its files hold
	Day      map[string]*Slice // of the tables of the same day and version that were read before it; silver/sales is facts
	auditor  *Auditor

	Watermark int64 // µs UTC: events up to it have come; 0 while silver is behind bronze

	// Past gives the profiles of the same weekday in the weeks before a day, as far as they had passed
	// when a version was made, µs UTC; nil when none are known.
	Past func(day int32, weeks int, made int64) []*lake.Profile
	// Hours gives the orders of each hour of another day, false when they were not known for sure as a
	// version was made, µs UTC. One without a slice has none.
	Hours func(day int32, made int64) ([]int64, bool)
}

// Judge applies the rules of the manifest's table to the evidence, in their order. Samples are some
// of the rows that failed. An error is only the store's.
func (a *Auditor) Judge(ctx context.Context, e Evidence) (findings []lake.Finding, samples []Sample, err error) {
	e.auditor = a
	for _, r := range a.rules.Of(rulesTable(e.Manifest)) {
		found, err := kinds[r.Kind].judge(ctx, &e, r)
		if errors.Is(err, lake.ErrCorrupt) { // since it was audited
			found, err = faulty(r, []string{err.Error()}, ""), nil
		}
		if err != nil {
			return nil, nil, fmt.Errorf("rule %s: %w", r.Name, err)
		}
		findings = append(findings, found.finding(r))
		for _, s := range found.Samples {
			s.Rule = r.Name
			samples = append(samples, s)
		}
	}
	return findings, samples, nil
}

func (found Result) finding(r *rules.Rule) lake.Finding {
	return lake.Finding{Rule: r.Name, Kind: r.Kind, Severity: r.Severity, Owner: r.Owner,
		Outcome: found.Outcome, Message: found.Message, Checked: found.Checked, Failed: found.Failed, Measured: found.Measured}
}

// Worst gives the outcome that the findings add up to.
func Worst(findings []lake.Finding) lake.Outcome {
	worst := lake.Pass
	for _, f := range findings {
		if f.Outcome == lake.Fail || worst == lake.Pass {
			worst = f.Outcome
		}
	}
	return worst
}

// faulty is the result of a rule that looks for faults and at no rows.
func faulty(r *rules.Rule, faults []string, fine string, args ...any) Result {
	message := fmt.Sprintf(fine, args...)
	if len(faults) > 0 {
		message = strings.Join(faults, "; ")
	}
	return Result{Outcome: outcome(r, len(faults) > 0), Message: message, Checked: -1, Failed: -1}
}

func judgeFiles(_ context.Context, e *Evidence, r *rules.Rule) (Result, error) {
	return faulty(r, e.Slice.Unreadable, "%d files read, length, SHA-256, every column's count, rows and money as declared", len(e.Manifest.Files)), nil
}

func judgeSchema(_ context.Context, e *Evidence, r *rules.Rule) (Result, error) {
	return faulty(r, e.Slice.Drift, "the columns of %d files are those declared", len(e.Manifest.Files)), nil
}

func judgeLedger(_ context.Context, e *Evidence, r *rules.Rule) (Result, error) {
	var faults []string
	var in lake.Count
	for _, p := range slices.Sorted(maps.Keys(e.Balances)) {
		in = in.Add(e.Balances[p].In)
		for _, fault := range e.Balances[p].Faults {
			faults = append(faults, fmt.Sprintf("p=%03d: %s", p, fault))
		}
	}
	found := faulty(r, faults, "%d rows and %s of %d partitions are accounted for", in.Rows, sales.FormatCents(in.Cents), len(e.Balances))
	found.Samples = e.Located
	return found, nil
}
