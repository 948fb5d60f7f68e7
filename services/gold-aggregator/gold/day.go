package gold

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// version is a day's manifests, in the order of tables.
type version [len(tables)]*lake.Manifest

// day is what the topics say of one day.
type day struct {
	name   string
	date   int32                     // days since 1970-01-01
	silver map[string]*lake.Manifest // the newest by slice
	gold   version                   // the newest, nil before the first
	since  time.Time                 // when it changed, if it has
	whole  bool                      // every partition of silver has changed it since its gold version
	urgent bool                      // it must not wait for other corrections
}

const (
	// afterMidnight is how long a day goes on after its end: until then most of what comes is its last events.
	afterMidnight = time.Hour
	// manyChanges of a slice are followed before silver forgets the first of them.
	manyChanges = lake.MaxChanges * 3 / 4
)

// over tells whether the day has ended, and most of its events have come.
func (d *day) over(now time.Time) bool { return d.ended(now.UnixMicro(), afterMidnight) }

// ended tells whether the day had ended some time before now, µs UTC.
func (d *day) ended(now int64, before time.Duration) bool {
	return now >= int64(d.date+1)*sales.MicrosPerDay+before.Microseconds()
}

// take keeps a silver manifest if it is newer, and tells whether it was.
func (d *day) take(m *lake.Manifest) bool {
	if have := d.silver[m.Slice]; have != nil && have.Version >= m.Version {
		return false
	}
	d.silver[m.Slice] = m
	return true
}

// taken gives the silver versions that the gold version was made from, by slice.
func (d *day) taken() map[string]int64 {
	versions := map[string]int64{}
	if m := d.gold[facts]; m != nil {
		for _, in := range m.Inputs {
			versions[in.Slice] = in.Version
		}
	}
	return versions
}

// changed tells whether the gold version was made from other silver versions
// than the newest, or lacks a table, as one from before that table was made.
func (d *day) changed() bool {
	if slices.Contains(d.gold[:], nil) {
		return true
	}
	taken := d.taken()
	return len(taken) != len(d.silver) || len(d.newer(taken)) > 0
}

// newer gives the slices that are not in taken as they are now.
func (d *day) newer(taken map[string]int64) []*lake.Manifest {
	var newer []*lake.Manifest
	for slice, m := range d.silver {
		if taken[slice] != m.Version {
			newer = append(newer, m)
		}
	}
	return newer
}

// check finds silver slices that gold was made from and that the topic lost.
func (d *day) check() error {
	for slice, version := range d.taken() {
		m := d.silver[slice]
		if m == nil || m.Version < version {
			return fmt.Errorf("gold of %s was made from version %d of %s/%s, which %s does not have: the topic is not whole",
				d.name, version, sales.TableSilver, slice, sales.TopicSilver)
		}
	}
	return nil
}

// slices gives the silver manifests in the order of their names.
func (d *day) slices() []*lake.Manifest {
	return slices.SortedFunc(maps.Values(d.silver), func(a, b *lake.Manifest) int { return cmp.Compare(a.Slice, b.Slice) })
}

// manifests gives the next version of the day; the files and counts of the
// aggregates are left to be filled.
func (d *day) manifests(cluster string, now int64) version {
	next := lake.Manifest{Format: lake.Format, Slice: lake.GoldSlice(d.date), Day: d.name, Partition: -1,
		Version: 1, Cluster: cluster, Files: []lake.File{}, Created: now}
	for _, m := range d.gold {
		if m != nil {
			next.Version = max(next.Version, m.Version+1)
		}
	}
	for _, m := range d.newer(d.taken()) {
		next.EventTime = max(next.EventTime, m.EventTime)
	}
	for _, m := range d.slices() {
		next.Inputs = append(next.Inputs, lake.Input{Table: m.Table, Slice: m.Slice, Version: m.Version, Count: m.Count})
	}
	var v version
	for i := range tables {
		m := next
		m.Table, m.Schema = tables[i].name, tables[i].schema.Version
		v[i] = &m
	}
	v[facts].Inputs = slices.Clone(next.Inputs)
	for i, m := range d.slices() {
		v[facts].Files = append(v[facts].Files, m.Files...)
		v[facts].Count = v[facts].Count.Add(m.Count)
		v[facts].Inputs[i].Base, v[facts].Inputs[i].Changes = m.Base, m.Changes // a load follows these
	}
	return v
}
