package dq

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/rules"
	"github.com/saleslake/saleslake/pkg/sales"
)

const hoursOfDay, microsPerHour = 24, sales.MicrosPerDay / 24

// Volume are the parameters of kind volume: the rows of each hour that is over are as many as
// in that hour of the same weekday before.
type Volume struct {
	Baseline `yaml:",inline"`
	Lateness time.Duration `yaml:"lateness"` // after its end an hour is over
}

// Check wants parameters under which it is judged.
func (p *Volume) Check(c *rules.Checker) { p.checkHistory(c) }

// hoursPart has the rows of each hour.
type hoursPart [hoursOfDay]int64

func (p *hoursPart) join(after []part) part {
	all := *p
	for _, a := range after {
		for h, n := range a.(*hoursPart) {
			all[h] += n
		}
	}
	return &all
}

func (*hoursPart) size() int { return 8 * hoursOfDay }

const hoursNeed = "hours"

func volumeNeeds(*rules.Rule) []need { return []need{{sales.TableSilver, hoursNeed, scanHours}} }

// scanHours counts the rows by their hour; those of another day are left out.
func scanHours(g *RowGroup, in scope) (part, error) {
	v, err := g.Column("order_ts")
	if err != nil {
		return nil, err
	}
	hours := &hoursPart{}
	begin := int64(in.day) * sales.MicrosPerDay
	for _, ts := range v.Ints {
		if ts >= begin && ts < begin+sales.MicrosPerDay {
			hours[(ts-begin)/microsPerHour]++
		}
	}
	return hours, nil
}

// profileOf gives what later days are compared with; nil when no rule compares.
func (a *Auditor) profileOf(e *Evidence) *lake.Profile {
	if e.Manifest.Table != sales.TableFacts {
		return nil
	}
	p := &lake.Profile{Values: map[string]map[string]int64{}}
	for _, r := range a.rules.Of(sales.TableSilver) {
		switch params := r.Params.(type) {
		case *Volume:
			p.Hours = e.hours()
		case *Distribution:
			if values := e.values(params.Column); len(values) <= profileValues {
				p.Values[params.Column] = values
			}
		}
	}
	if p.Hours == nil && len(p.Values) == 0 {
		return nil
	}
	return p
}

// hours gives the rows of each hour.
func (e *Evidence) hours() []int64 {
	if p, ok := e.Slice.parts[hoursNeed].(*hoursPart); ok {
		return slices.Clone(p[:])
	}
	return make([]int64, hoursOfDay) // no file
}

// notJudged is the result of a rule that compares, and has nothing to compare with yet.
func notJudged(format string, args ...any) Result {
	return Result{Outcome: lake.Pass, Message: fmt.Sprintf(format, args...), Checked: unknown, Failed: unknown}
}

// notRead is the result of such a rule when rule files has found why there is less to compare.
func notRead() Result { return notJudged("not all files could be read") }

func judgeVolume(_ context.Context, e *Evidence, r *rules.Rule) (Result, error) {
	p := r.Params.(*Volume)
	day, err := sales.ParseDay(e.Manifest.Day)
	if err != nil {
		return Result{}, err
	}
	if len(e.Slice.Unreadable) > 0 {
		return notRead(), nil
	}
	found, compared := p.compare(r, e, day, e.hours(), 0)
	for before := day - 1; e.Hours != nil && before >= day-weekDays; before-- {
		hours, known := e.Hours(before, e.Manifest.Created)
		if !known {
			break
		}
		there := slices.Max(hours) > 0
		more := p.absent(r, e, before)
		if there { // all but its last hour were over when it was judged
			more, _ = p.compare(r, e, before, hours, hoursOfDay-1)
		}
		if more.Failed > 0 {
			found, compared = more.and(found), true
		}
		if there {
			break
		}
	}
	if !compared {
		return notJudged("not enough history: fewer than %d days", p.MinHistory), nil
	}
	return found, nil
}

// and adds what another comparison found.
func (found Result) and(other Result) Result {
	found.Checked, found.Failed = found.Checked+max(0, other.Checked), found.Failed+max(0, other.Failed)
	if other.Outcome != lake.Pass {
		found.Message += "; " + other.Message
	}
	return found
}

// absent judges a day that is over and has no order: no slice of its own tells of it.
func (p *Volume) absent(r *rules.Rule, e *Evidence, day int32) Result {
	var usual []int64
	for _, d := range p.past(e, day) {
		sum := int64(0)
		for _, n := range d.Hours {
			sum += n
		}
		usual = append(usual, sum)
	}
	if len(usual) < p.MinHistory || e.Watermark-p.Lateness.Microseconds() < int64(day+1)*sales.MicrosPerDay {
		return Result{Outcome: lake.Pass}
	}
	low, median, high := p.bounds(usual, root, p.change)
	if low == 0 || median < p.MinRows {
		return Result{Outcome: lake.Pass}
	}
	return Result{Outcome: r.Severity.Outcome(), Checked: hoursOfDay, Failed: hoursOfDay, Measured: &lake.Range{Value: 0, Low: low, High: high, Unit: "rows"},
		Message: fmt.Sprintf("%s has no orders at all, from %d to %d are usual on a %s (median %d of %d weeks)", sales.FormatDay(day), low, high, weekday(day), median, len(usual))}
}

// past gives the weeks before that tell their hours: others are from before the rule was declared.
func (p *Volume) past(e *Evidence, day int32) []*lake.Profile {
	return slices.DeleteFunc(e.past(day, p.Weeks), func(d *lake.Profile) bool { return d.Hours == nil })
}

// change is what is never unusual.
func (p *Volume) change(median int64) int64 { return median * int64(p.MinChange) / int64(rules.Whole) }

func weekday(day int32) time.Weekday { return time.Unix(int64(day)*86_400, 0).UTC().Weekday() }

// compare looks at the hours of a day, from one on, that are over. It is false when there is not enough
// history.
func (p *Volume) compare(r *rules.Rule, e *Evidence, day int32, hours []int64, from int) (found Result, compared bool) {
	past := p.past(e, day)
	if len(past) < p.MinHistory {
		return Result{Outcome: lake.Pass}, false
	}
	over := (e.Watermark - p.Lateness.Microseconds() - int64(day)*sales.MicrosPerDay) / microsPerHour
	over = max(int64(from), min(over, hoursOfDay))
	found = Result{Outcome: lake.Pass, Checked: over - int64(from), Message: fmt.Sprintf("%d hours are over and have as many rows as the same hours of %d weeks before", over-int64(from), len(past))}
	worst := int64(-1)
	for h := from; h < int(over); h++ {
		usual := make([]int64, len(past))
		for i, d := range past {
			usual[i] = d.Hours[h]
		}
		low, median, high := p.bounds(usual, root, p.change)
		rows := hours[h]
		if rows >= low && rows <= high || max(rows, median) < p.MinRows {
			continue
		}
		found.Outcome, found.Failed = r.Severity.Outcome(), found.Failed+1
		if away := abs(rows - median); away > worst {
			worst, found.Measured = away, &lake.Range{Value: rows, Low: low, High: high, Unit: "rows"}
			found.Message = fmt.Sprintf("hour %02d UTC of %s has %d rows, from %d to %d are usual on a %s (median %d of %d weeks)", h, sales.FormatDay(day), rows, low, high, weekday(day), median, len(past))
		}
	}
	if found.Failed > 1 {
		found.Message += fmt.Sprintf(", and %d more hours are unusual", found.Failed-1)
	}
	return found, true
}
