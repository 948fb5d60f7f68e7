package dq

import (
	"context"
	"fmt"
	"time"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/rules"
)

// Freshness are the parameters of kind freshness: from the newest event of a slice's change to
// its verdict, and then to its load, no more time passes than Max. A change whose newest
// event is older than Live is a correction or a file of the past, and has no freshness.
type Freshness struct {
	Max  time.Duration `yaml:"max"`
	Live time.Duration `yaml:"live"`
}

// Check wants the durations in their order.
func (p *Freshness) Check(c *rules.Checker) {
	if p.Max > p.Live {
		c.Fault(fmt.Sprintf("max %s is above live %s", p.Max, p.Live), "use a max that is not", "max")
	}
}

func judgeFreshness(_ context.Context, e *Evidence, r *rules.Rule) (Result, error) {
	return r.Params.(*Freshness).judge(r, e.Manifest.EventTime, time.Now(), "its verdict"), nil
}

// judge measures from an event, µs UTC, to what came of it.
func (p *Freshness) judge(r *rules.Rule, event int64, at time.Time, what string) Result {
	age := max(0, at.Sub(time.UnixMicro(event)))
	if event == 0 || age > p.Live {
		return notJudged("nothing newer than %s has changed", p.Live)
	}
	return Result{Outcome: outcome(r, age > p.Max), Checked: unknown, Failed: unknown,
		Message:  fmt.Sprintf("%s from the newest event to %s (at most %s)", age.Round(time.Millisecond), what, p.Max),
		Measured: &lake.Range{Value: age.Microseconds(), Low: 0, High: p.Max.Microseconds(), Unit: "microseconds"}}
}

// freshness gives the findings on a load, by the rules of its table.
func (a *Auditor) freshness(l *lake.Loaded, p *passed) (findings []lake.Finding) {
	for _, r := range a.rules.Of(rulesTable(&lake.Manifest{Table: l.Table})) {
		if params, ok := r.Params.(*Freshness); ok {
			findings = append(findings, params.judge(r, p.event, time.UnixMicro(l.Loaded), "the warehouse").finding(r))
		}
	}
	return findings
}
