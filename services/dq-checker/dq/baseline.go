package dq

import (
	"math/big"
	"slices"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/rules"
	"github.com/saleslake/saleslake/pkg/sales"
)

const (
	// weekDays is the distance of days that are compared.
	weekDays = 7
	// profileDays is how many days a profile is kept, counted from the newest one.
	profileDays = 400
	// profileValues is how many values of a column a profile has at most.
	profileValues = 50
)

// dayProfile is what passed of a day.
type dayProfile struct {
	version int64
	judged  int64 // µs UTC
	*lake.Profile
}

// remember keeps the profile of the newest version of a day that passed: one that failed,
// and what a day was before it was restated, are no measure for others.
func (vs *Verdicts) remember(day int32, v *lake.Verdict) {
	if v.Profile == nil || !v.Passed() || day <= vs.newestDay-profileDays {
		return
	}
	if known := vs.days[day]; known.Profile == nil || known.version < v.Manifest.Version {
		vs.days[day] = dayProfile{v.Manifest.Version, v.Created, v.Profile}
	}
	if day > vs.newestDay {
		vs.newestDay = day
		for old := range vs.days {
			if old <= day-profileDays {
				delete(vs.days, old)
			}
		}
	}
}

// since tells when a day first passed, µs UTC: now, unless it is known to have before.
func (vs *Verdicts) since(day int32, now int64) int64 {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	if p := vs.days[day]; p.Profile != nil {
		return p.Since
	}
	return now
}

// past gives the profiles of the same weekday in the weeks before a day, of which one had passed when
// a version was made (µs UTC). So it does not matter which of the days that are there
// together is judged first, nor whether the verdict on one has been read when the next is judged.
func (vs *Verdicts) past(day int32, weeks int, made int64) (profiles []*lake.Profile) {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	for week := range weeks {
		if p := vs.days[day-int32(week+1)*weekDays]; p.Profile != nil && p.Since <= made {
			profiles = append(profiles, p.Profile)
		}
	}
	return profiles
}

// hours gives the rows of each hour of a day as they passed, nil when they had not yet when a version
// of another was made, µs UTC.
func (vs *Verdicts) hours(day int32, made int64) []int64 {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	if p := vs.days[day]; p.Profile != nil && p.judged <= made {
		return p.Hours
	}
	return nil
}

// hoursOf gives the orders of each hour of a day: those of its newest verdict, when silver has as
// many, and none when silver has none.
func (s *stage) hoursOf(day int32, made int64) ([]int64, bool) {
	hours, rows := s.verdicts.hours(day, made), s.keeper.Rows(sales.TableSilver, day)
	if rows == 0 {
		return make([]int64, hoursOfDay), true
	}
	for _, n := range hours {
		rows -= n
	}
	return hours, hours != nil && rows == 0
}

func (e *Evidence) past(day int32, weeks int) []*lake.Profile {
	if e.Past == nil {
		return nil
	}
	return e.Past(day, weeks, e.Manifest.Created)
}

// Baseline are the parameters of kinds that compare a day with those of the same weekday
// before it. What is usual is the median. A value is unusual when it is further from that than
// MinChange, and Deviations times what values scatter: the median absolute deviation, made
// comparable with a standard deviation, or when that is more, what mere chance makes of a count.
type Baseline struct {
	Deviations int64       `yaml:"deviations"`
	MinChange  rules.Share `yaml:"min_change"`
	MinHistory int         `yaml:"min_history"` // days, from which on is judged
	Weeks      int         `yaml:"weeks"`       // that are looked back, at most
	MinRows    int64       `yaml:"min_rows"`    // from which on is judged: of an hour of a volume, of a day's distribution
}

// checkHistory wants enough weeks for the history.
func (b *Baseline) checkHistory(c *rules.Checker) {
	if b.Weeks < b.MinHistory {
		c.Fault("weeks are fewer than min_history, so it would never be judged", "look back further", "weeks")
	}
}

// bounds gives what is usual: between low and high, of values in the same unit as noise
// and change, which are given the median.
func (b *Baseline) bounds(values []int64, noise, change func(median int64) int64) (low, median, high int64) {
	median = middle(values)
	apart := make([]int64, len(values))
	for i, v := range values {
		apart[i] = abs(v - median)
	}
	const toSigma, unit = 14_826, 10_000 // of a normal distribution
	sigma := max(middle(apart)*toSigma/unit, noise(median))
	usual := max(b.Deviations*sigma, change(median))
	return max(0, median-usual), median, median + usual
}

// middle is the median; of an even number of values the mean of the two, rounded down.
func middle(values []int64) int64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	if n%2 == 1 {
		return sorted[n/2]
	}
	return (sorted[n/2-1] + sorted[n/2]) / 2
}

// root is the square root, rounded down.
func root(n int64) int64 {
	return new(big.Int).Sqrt(big.NewInt(max(n, 0))).Int64()
}
