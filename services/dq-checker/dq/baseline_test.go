package dq

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/rules"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

// today is a Wednesday.
const today = testDay + 6*weekDays - 1

func dayVerdict(day int32, version int64, outcome lake.Outcome, p *lake.Profile) stream.Record {
	v := lake.Verdict{Format: lake.Format, Outcome: outcome, Profile: p,
		Manifest: lake.Manifest{Format: lake.Format, Table: sales.TableFacts, Slice: lake.GoldSlice(day), Day: sales.FormatDay(day), Version: version}}
	return stream.Record{Topic: sales.TopicVerdicts, Key: []byte(v.Key()), Value: v.Encode()}
}

// usual is a day with rows in each hour, half of them of Books.
func usual(rows int64) *lake.Profile {
	return &lake.Profile{Hours: slices.Repeat([]int64{rows}, hoursOfDay), Values: map[string]map[string]int64{"category": {"Books": 12 * rows, "Toys": 12 * rows}}}
}

func sliceOf(hours []int64, values map[string]int64) *Slice {
	h, sums := hoursPart{}, &sumsPart{sums: map[string]int64{}}
	copy(h[:], hours)
	for v, n := range values {
		sums.sums[string(appendKey(nil, v))] = n
	}
	return &Slice{table: sales.TableSilver, parts: map[string]part{hoursNeed: &h, term{column: "rows", by: []string{"category"}}.id(): sums}}
}

var usualBaseline = Baseline{Deviations: 6, MinChange: rules.Whole / 10, MinHistory: 4, Weeks: 5, MinRows: 20}

// A day is compared with what passed of the same weekday.
func TestVolumeAndDistribution(t *testing.T) {
	weeks := func(n int, rows int64) (records []stream.Record) {
		for w := range n {
			records = append(records, dayVerdict(today-int32(w+1)*weekDays, 2, lake.Pass, usual(rows+int64(w))))
		}
		return records
	}
	const end = int64(today+1) * sales.MicrosPerDay
	flat := func(n int64) []int64 { return slices.Repeat([]int64{n}, hoursOfDay) }
	at := func(h int, n int64) []int64 { hours := flat(1000); hours[h] = n; return hours }
	even := map[string]int64{"Books": 500, "Toys": 500}
	for name, c := range map[string]struct {
		past         []stream.Record
		hours        []int64
		values       map[string]int64
		watermark    int64
		volume       string
		distribution string
	}{
		"as usual":           {weeks(5, 1000), flat(1000), even, end, "", ""},
		"not enough history": {weeks(3, 1000), flat(0), map[string]int64{"Books": 1000}, end, "", ""},
		"an hour is missing": {weeks(5, 1000), at(7, 0), even, end, "hour 07 UTC of " + sales.FormatDay(today) + " has 0 rows, from 816 to 1188 are usual on a Wednesday (median 1002 of 5 weeks)", ""},
		"an hour twice":      {weeks(4, 1000), at(7, 2000), even, end, "hour 07 UTC of " + sales.FormatDay(today) + " has 2000 rows, from 815 to 1187 are usual on a Wednesday (median 1001 of 4 weeks)", ""},
		"two hours":          {weeks(4, 1000), append(flat(1000)[:22], 100, 0), even, end + time.Minute.Microseconds(), "hour 23 UTC of " + sales.FormatDay(today) + " has 0 rows, from 815 to 1187 are usual on a Wednesday (median 1001 of 4 weeks), and 1 more hours are unusual", ""},
		"chance":             {weeks(5, 1000), at(7, 1150), even, end, "", ""},
		"not over yet":       {weeks(5, 1000), at(23, 10), even, end + time.Minute.Microseconds() - 1, "", ""},
		"over":               {weeks(5, 1000), at(23, 10), even, end + time.Minute.Microseconds(), "hour 23 UTC of " + sales.FormatDay(today) + " has 10 rows", ""},
		"silver is behind":   {weeks(5, 1000), flat(0), even, 0, "", ""},
		"few rows":           {weeks(5, 10), flat(0), map[string]int64{"Books": 19}, end, "", ""},
		"a failed week":      {append(weeks(3, 1000), dayVerdict(today-4*weekDays, 2, lake.Fail, usual(1000))), flat(0), even, end, "", ""},
		"a restated week":    {append(weeks(5, 1000), dayVerdict(today-weekDays, 3, lake.Warn, usual(1010)), dayVerdict(today-weekDays, 1, lake.Pass, usual(5))), flat(1000), even, end, "", ""},
		"one poisoned week":  {append(weeks(4, 1000), dayVerdict(today-5*weekDays, 2, lake.Pass, usual(90_000))), at(3, 100), even, end, "hour 03 UTC of " + sales.FormatDay(today) + " has 100 rows, from 816 to 1188 are usual", ""},
		"another weekday":    {append(weeks(3, 1000), dayVerdict(today-weekDays-1, 2, lake.Pass, usual(1000))), flat(0), even, end, "", ""},
		"shares move":        {weeks(5, 1000), flat(1000), map[string]int64{"Books": 700, "Toys": 300}, end, "", `"Books" is 0.7 of category, from 0.4 to 0.6 are usual on this weekday (median 0.5 of 5 weeks)`},
		"a value is new":     {weeks(5, 1000), flat(1000), map[string]int64{"Books": 430, "Toys": 430, "Boats": 140}, end, "", `"Boats" is 0.14 of category, from 0 to 0.1 are usual`},
		"a value is gone":    {weeks(5, 1000), flat(1000), map[string]int64{"Books": 1000}, end, "", `"Books" is 1 of category`},
	} {
		t.Run(name, func(t *testing.T) {
			vs := NewVerdicts()
			for _, r := range c.past {
				require.NoError(t, vs.Add(r))
			}
			e := &Evidence{Manifest: &lake.Manifest{Table: sales.TableFacts, Day: sales.FormatDay(today)}, Slice: sliceOf(c.hours, c.values), Past: vs.past, Watermark: c.watermark}
			check := func(found Result, err error, want string) {
				require.NoError(t, err)
				if want == "" {
					require.Equal(t, lake.Pass, found.Outcome, found.Message)
					return
				}
				require.Equal(t, lake.Warn, found.Outcome, found.Message)
				require.Contains(t, found.Message, want)
				require.NotNil(t, found.Measured)
				require.Positive(t, found.Failed)
			}
			found, err := judgeVolume(t.Context(), e, &rules.Rule{Severity: lake.SeverityWarn, Params: &Volume{Baseline: usualBaseline, Lateness: time.Minute}})
			check(found, err, c.volume)
			found, err = judgeDistribution(t.Context(), e, &rules.Rule{Severity: lake.SeverityWarn, Params: &Distribution{usualBaseline, "category"}})
			check(found, err, c.distribution)
		})
	}
}

// A day without an order has no slice, and the last hour of one is over on the next: the next one's
// verdicts tell of both, once it is sure what silver has.
func TestVolumeOfDaysBefore(t *testing.T) {
	full := func(last int64) []int64 { return append(slices.Repeat([]int64{1000}, hoursOfDay-1), last) }
	none := make([]int64, hoursOfDay)
	const begin = int64(today) * sales.MicrosPerDay
	yesterday, before := sales.FormatDay(today-1), sales.FormatDay(today-2)
	for name, c := range map[string]struct {
		days      map[int32][]int64 // known for sure, by days before today
		watermark int64
		want      []string // "" for none
		failed    int64
	}{
		"as usual":               {map[int32][]int64{1: full(1000)}, begin + microsPerHour, nil, 0},
		"its last hour":          {map[int32][]int64{1: full(10)}, begin + microsPerHour, []string{"hour 23 UTC of " + yesterday + " has 10 rows, from 816 to 1188 are usual on a Tuesday"}, 1},
		"not over":               {map[int32][]int64{1: full(10)}, begin + time.Minute.Microseconds() - 1, nil, 0},
		"an hour told of before": {map[int32][]int64{1: append([]int64{0}, full(1000)[1:]...)}, begin + microsPerHour, nil, 0},
		"no slice":               {map[int32][]int64{1: none, 2: full(1000)}, begin + microsPerHour, []string{yesterday + " has no orders at all, from 21644 to 26452 are usual on a Tuesday (median 24048 of 5 weeks)"}, 24},
		"none of two days":       {map[int32][]int64{1: none, 2: none, 3: full(1000)}, begin + microsPerHour, []string{yesterday + " has no orders", before + " has no orders"}, 48},
		"no slice, not over":     {map[int32][]int64{1: none, 2: full(1000)}, begin, nil, 0},
		"not known for sure":     {map[int32][]int64{2: none}, begin + microsPerHour, nil, 0},
		"silver is behind":       {map[int32][]int64{1: none}, 0, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			vs := NewVerdicts()
			for week := range int32(5) {
				for weekday := range int32(4) {
					require.NoError(t, vs.Add(dayVerdict(today-weekday-(week+1)*weekDays, 2, lake.Pass, usual(1000+int64(week)))))
				}
			}
			e := &Evidence{Manifest: &lake.Manifest{Table: sales.TableFacts, Day: sales.FormatDay(today)}, Slice: sliceOf(full(1000), nil), Past: vs.past, Watermark: c.watermark,
				Hours: func(day int32, _ int64) ([]int64, bool) { hours, known := c.days[today-day]; return hours, known }}
			found, err := judgeVolume(t.Context(), e, &rules.Rule{Severity: lake.SeverityWarn, Params: &Volume{Baseline: usualBaseline, Lateness: time.Minute}})
			require.NoError(t, err)
			require.Equal(t, len(c.want) > 0, found.Outcome == lake.Warn, found.Message)
			require.Equal(t, c.failed, found.Failed)
			for _, want := range c.want {
				require.Contains(t, found.Message, want)
			}
			if c.want == nil {
				return
			}
			few := usualBaseline
			few.MinHistory = 6
			found, err = judgeVolume(t.Context(), e, &rules.Rule{Severity: lake.SeverityWarn, Params: &Volume{Baseline: few, Lateness: time.Minute}})
			require.NoError(t, err)
			require.Equal(t, lake.Pass, found.Outcome, found.Message)
		})
	}
}

// What silver has of a day decides whether the profile of its verdict is all of it.
func TestHoursOfADay(t *testing.T) {
	const made = 1_000
	s := &stage{keeper: NewKeeper(), verdicts: NewVerdicts()}
	hours, known := s.hoursOf(today, made)
	require.True(t, known)
	require.Equal(t, make([]int64, hoursOfDay), hours, "no slice")
	m := lake.Manifest{Format: lake.Format, Table: sales.TableSilver, Slice: lake.SilverSlice(today, 1), Partition: 1, Version: 1, Count: lake.Count{Rows: 24 * 7}}
	require.NoError(t, s.keeper.Add(stream.Record{Topic: sales.TopicSilver, Key: []byte(m.Key()), Value: m.Encode()}))
	_, known = s.hoursOf(today, made)
	require.False(t, known, "no verdict")
	require.NoError(t, s.verdicts.Add(dayVerdict(today, 1, lake.Pass, usual(6))))
	_, known = s.hoursOf(today, made)
	require.False(t, known, "a newer version is on its way")
	require.NoError(t, s.verdicts.Add(dayVerdict(today, 2, lake.Pass, usual(7))))
	hours, known = s.hoursOf(today, made)
	require.True(t, known)
	require.Equal(t, usual(7).Hours, hours)
	_, known = s.hoursOf(today, -1)
	require.False(t, known, "it was judged since")
}

// A day that passed when another was there already is no history for that one, whichever is judged
// first. One that is restated stays what it was for the days made after it first passed.
func TestHistoryIsWhatHadPassedBefore(t *testing.T) {
	vs := NewVerdicts()
	require.EqualValues(t, 7, vs.since(today-weekDays, 7), "the first")
	verdict := func(version, since, rows int64) stream.Record {
		p := usual(rows)
		p.Since = since
		return dayVerdict(today-weekDays, version, lake.Pass, p)
	}
	require.NoError(t, vs.Add(verdict(1, 7, 10)))
	require.Empty(t, vs.past(today, 8, 6))
	require.Len(t, vs.past(today, 8, 7), 1)
	require.NoError(t, vs.Add(verdict(2, vs.since(today-weekDays, 9), 20)))
	require.Empty(t, vs.past(today, 8, 6))
	past := vs.past(today, 8, 8)
	require.Len(t, past, 1)
	require.Equal(t, usual(20).Hours, past[0].Hours)
}

// Whatever the history: the median is usual, what is beyond the bounds is not, and a change
// of less than half of the weeks does not move them past what the others have.
func TestBoundsAreRobust(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := Baseline{Deviations: rapid.Int64Range(1, 10).Draw(t, "deviations"), MinChange: rules.Share(rapid.Int64Range(0, 1_000_000).Draw(t, "change"))}
		values := rapid.SliceOfN(rapid.Int64Range(900, 1100), 5, 9).Draw(t, "values")
		change := func(m int64) int64 { return m * int64(b.MinChange) / int64(rules.Whole) }
		low, median, high := b.bounds(values, root, change)
		require.LessOrEqual(t, low, median)
		require.GreaterOrEqual(t, high, median)
		poisoned := slices.Clone(values)
		for i := range (len(values) - 1) / 2 {
			poisoned[i] = rapid.Int64Range(0, 1_000_000).Draw(t, "poison")
		}
		_, moved, _ := b.bounds(poisoned, root, change)
		require.LessOrEqual(t, moved, int64(1100))
		require.GreaterOrEqual(t, moved, int64(900))
	})
}

// Only so many days are kept.
func TestProfilesOfDaysAreBounded(t *testing.T) {
	vs := NewVerdicts()
	for i := range int32(profileDays + 50) {
		require.NoError(t, vs.Add(dayVerdict(testDay+i, 1, lake.Pass, usual(1))))
	}
	require.NoError(t, vs.Add(dayVerdict(testDay, 2, lake.Pass, usual(1))))
	require.Len(t, vs.days, profileDays)
}

func TestFreshness(t *testing.T) {
	r := &rules.Rule{Severity: lake.SeverityWarn}
	p := &Freshness{Max: time.Minute, Live: time.Hour}
	now := time.Unix(1_000_000, 0)
	for age, want := range map[time.Duration]lake.Outcome{
		-time.Second: lake.Pass, time.Minute: lake.Pass, time.Minute + time.Microsecond: lake.Warn, time.Hour: lake.Warn, time.Hour + time.Microsecond: lake.Pass,
	} {
		found := p.judge(r, now.Add(-age).UnixMicro(), now, "its verdict")
		require.Equal(t, want, found.Outcome, age)
		if age <= time.Hour {
			require.Equal(t, &lake.Range{Value: max(0, age.Microseconds()), High: 60_000_000, Unit: "microseconds"}, found.Measured)
		}
	}
	require.Equal(t, lake.Pass, p.judge(r, 0, now, "").Outcome, "nothing is known of its events")
}

// The oldest of the partitions' newest events counts, unless a partition is silent, or silver
// is behind.
func TestWatermark(t *testing.T) {
	const minute = int64(60_000_000)
	commit := func(p int32, event, made int64) []stream.Record {
		m := lake.Manifest{Format: lake.Format, Table: sales.TableSilver, Slice: fmt.Sprintf("day=2026-01-01/p=%03d", p), Partition: p, Version: made, EventTime: event, Created: made}
		return []stream.Record{{Topic: sales.TopicSilver, Key: []byte(m.Key()), Value: m.Encode()}}
	}
	k, m := NewKeeper(), &lake.Manifest{Slice: "day=2026-01-03"}
	add := func(records ...stream.Record) {
		for _, r := range records {
			require.NoError(t, k.Add(r))
		}
	}
	require.Zero(t, k.Watermark(m))
	add(commit(0, 50*minute, 100*minute)...)
	add(commit(1, 40*minute, 101*minute)...)
	require.Equal(t, 40*minute, k.Watermark(m))
	add(commit(0, 60*minute, 116*minute)...)
	require.Equal(t, 40*minute, k.Watermark(m), "a quarter of an hour is waited for")
	add(commit(0, 300*minute, 117*minute)...)
	require.Equal(t, 117*minute, k.Watermark(m), "a clock that is ahead moves it no further than now")

	h := sound()
	add(h.bronze...)
	require.Zero(t, k.Watermark(m), "silver is behind")
	add(h.silver...)
	require.Equal(t, 117*minute, k.Watermark(m))
	m.Slice, m.Inputs = "day=2026-01-01", []lake.Input{{Slice: "day=2026-01-01/p=003", Version: 1}, {Slice: "day=2026-01-01/p=000", Version: 117 * minute}, {Slice: "day=2026-01-01/p=001", Version: 101 * minute}}
	require.Zero(t, k.Watermark(m), "a newer version of the day is on its way")
	m.Inputs[0].Version = 2
	require.Equal(t, 117*minute, k.Watermark(m))
}
