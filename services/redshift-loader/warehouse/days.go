package warehouse

import (
	"fmt"
	"slices"
	"strings"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// timeSpan is a closed-open range of times, as SQL reads them. Statements that touch a
// big table name the range that they need, so that whatever is sorted by time reads no more.
type timeSpan struct{ from, to string }

// noTime is a range that nothing is in.
var noTime = timeSpan{"1970-01-01", "1970-01-01"}

// spanOf answers the range that the verdicts' days are in.
func spanOf(verdicts []*lake.Verdict) (timeSpan, error) {
	if len(verdicts) == 0 {
		return noTime, nil
	}
	byDay := func(a, b *lake.Verdict) int { return strings.Compare(a.Manifest.Day, b.Manifest.Day) }
	return daysFrom(slices.MinFunc(verdicts, byDay).Manifest.Day, slices.MaxFunc(verdicts, byDay).Manifest.Day)
}

// daysFrom answers the range from a day to another, which is included.
func daysFrom(first, last string) (timeSpan, error) {
	end, err := sales.ParseDay(last)
	if err != nil {
		return noTime, fmt.Errorf("read day: %w", err)
	}
	return timeSpan{first, sales.FormatDay(end + 1)}, nil
}

// dayLoad is how a day of facts is loaded: from all of its files, or from those that say
// what changed since what is loaded.
type dayLoad struct {
	verdict *lake.Verdict
	whole   bool
	had     lake.Count  // by the ledger, before
	rows    []lake.File // of silver's schema
	changes []lake.File // of the schema of changes
}

func planDays(verdicts []*lake.Verdict, loaded map[string]Slice) []dayLoad {
	days := make([]dayLoad, len(verdicts))
	for i, v := range verdicts {
		d, ok := follow(v, loaded[v.Key()])
		if !ok {
			d = dayLoad{verdict: v, whole: true, rows: v.Manifest.Files}
		}
		days[i] = d
	}
	return days
}

// follow answers the changes that lead from what is loaded of a day to its verdict's
// version. It says no when they do not go back so far.
func follow(v *lake.Verdict, loaded Slice) (dayLoad, bool) {
	d := dayLoad{verdict: v, had: loaded.Count}
	known := 0
	for i := range v.Manifest.Inputs {
		in := &v.Manifest.Inputs[i]
		version, ok := loaded.inputs[in.Slice]
		if !ok {
			return d, false
		}
		changes, ok := in.Since(version)
		if !ok {
			return d, false
		}
		for _, c := range changes {
			d.rows, d.changes = append(d.rows, c.Added...), append(d.changes, c.Changed...)
		}
		known++
	}
	return d, known > 0 && known == len(loaded.inputs)
}

// withoutChanges is the verdict of a day that has to be loaded whole.
func withoutChanges(v *lake.Verdict) *lake.Verdict {
	whole := *v
	whole.Manifest.Inputs = slices.Clone(v.Manifest.Inputs)
	for i := range whole.Manifest.Inputs {
		whole.Manifest.Inputs[i].Changes, whole.Manifest.Inputs[i].Base = nil, 0
	}
	return &whole
}
