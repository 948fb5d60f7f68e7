package warehouse

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
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

// dayLoad is how a day of facts is loaded. A day that the ledger knows is followed: of its
// silver slices those that changed are taken by their changes, or whole, from all of their
// files. Another day is loaded whole.
type dayLoad struct {
	verdict  *lake.Verdict
	followed bool
	had      lake.Count  // by the ledger, before
	whole    []int32     // partitions of a followed day whose slices are loaded whole
	rows     []lake.File // of silver's schema
	changes  []lake.File // of the schema of changes
}

func planDays(verdicts []*lake.Verdict, loaded map[string]Slice) []dayLoad {
	days := make([]dayLoad, len(verdicts))
	for i, v := range verdicts {
		d, ok := follow(v, loaded[v.Key()])
		if !ok {
			d = dayLoad{verdict: v, rows: v.Manifest.Files}
		}
		days[i] = d
	}
	return days
}

// follow answers what leads from what is loaded of a day to its verdict's version. It says
// no when that is all of its files.
func follow(v *lake.Verdict, loaded Slice) (dayLoad, bool) {
	d := dayLoad{verdict: v, followed: true, had: loaded.Count}
	known, left := 0, maps.Clone(loaded.inputs)
	for i := range v.Manifest.Inputs {
		in := &v.Manifest.Inputs[i]
		version, ok := loaded.inputs[in.Slice]
		delete(left, in.Slice)
		changes, leads := in.Since(version)
		if !ok || !leads {
			if !d.takeWhole(in.Slice, in.Count, filesUnder(v.Manifest.Files, in.Table+"/"+in.Slice)) {
				return d, false
			}
			continue
		}
		known++
		for _, c := range changes {
			d.rows, d.changes = append(d.rows, c.Added...), append(d.changes, c.Changed...)
		}
	}
	for slice := range left { // which has no row any more
		if !d.takeWhole(slice, lake.Count{}, nil) {
			return d, false
		}
	}
	return d, known > 0
}

// takeWhole adds a slice with all of its files, unless they are not what it should have.
func (d *dayLoad) takeWhole(slice string, want lake.Count, files []lake.File) bool {
	_, number, _ := strings.Cut(slice, "/p=")
	partition, err := strconv.ParseInt(number, 10, 32)
	var found lake.Count
	for _, f := range files {
		found = found.Add(f.Count)
	}
	d.whole, d.rows = append(d.whole, int32(partition)), append(d.rows, files...)
	return err == nil && found == want
}

// filesUnder gives the files in a folder.
func filesUnder(files []lake.File, folder string) []lake.File {
	return slices.DeleteFunc(slices.Clone(files), func(f lake.File) bool { return !strings.HasPrefix(f.Key, folder+"/") })
}

// sliceLoad is how a slice is loaded whose own manifest may name its changes: by those, when
// they lead on from what the ledger has, else whole.
type sliceLoad struct {
	verdict  *lake.Verdict
	followed bool
	had      lake.Count  // by the ledger, before
	rows     []lake.File // of the slice's schema
	changes  []lake.File // of that of its changes
}

func planSlice(v *lake.Verdict, loaded Slice) sliceLoad {
	changes, leads := v.Manifest.Since(loaded.Version)
	if !leads {
		return sliceLoad{verdict: v, rows: v.Manifest.Files}
	}
	s := sliceLoad{verdict: v, followed: true, had: loaded.Count}
	for _, c := range changes {
		s.rows, s.changes = append(s.rows, c.Added...), append(s.changes, c.Changed...)
	}
	return s
}

// sliceLoads are those of one table.
type sliceLoads []sliceLoad

func planSlices(verdicts []*lake.Verdict, loaded map[string]Slice) sliceLoads {
	plan := make(sliceLoads, len(verdicts))
	for i, v := range verdicts {
		plan[i] = planSlice(v, loaded[v.Key()])
	}
	return plan
}

func (l sliceLoads) files() (rows, changes []lake.File) {
	for _, s := range l {
		rows, changes = append(rows, s.rows...), append(changes, s.changes...)
	}
	return rows, changes
}

// whole are the verdicts of the slices that are loaded whole.
func (l sliceLoads) whole() (verdicts []*lake.Verdict) {
	for _, s := range l {
		if !s.followed {
			verdicts = append(verdicts, s.verdict)
		}
	}
	return verdicts
}

// withoutChanges is the verdict of a slice that has to be loaded whole.
func withoutChanges(v *lake.Verdict) *lake.Verdict {
	whole := *v
	whole.Manifest.Changes, whole.Manifest.Base = nil, 0
	whole.Manifest.Inputs = slices.Clone(v.Manifest.Inputs)
	for i := range whole.Manifest.Inputs {
		whole.Manifest.Inputs[i].Changes, whole.Manifest.Inputs[i].Base = nil, 0
	}
	return &whole
}
