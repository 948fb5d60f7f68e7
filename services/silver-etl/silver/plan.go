package silver

import (
	"maps"
	"slices"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/services/silver-etl/dedup"
)

// change is what a commit does to one day's slice.
type change struct {
	day    int32
	before *slice          // nil when there is none yet
	rows   *column.Batch   // new rows, nil when there are none
	prev   []int32         // by new row: the day of its order's row before; nil when all orders are new
	lost   map[*file]int64 // rows that the slice's files lose
	parts  []*part         // what the next version is made of
	number uint32          // of the file with the new rows

	made  *slice // the outcome
	took  int64  // rows taken over from replaced files
	files int    // written
	bytes int64  // of those files
}

// lostRows is how many rows the slice loses.
func (ch *change) lostRows() (n int64) {
	for _, rows := range ch.lost {
		n += rows
	}
	return n
}

// newRows is how many rows the slice gains.
func (ch *change) newRows() int64 {
	if ch.rows == nil {
		return 0
	}
	return int64(ch.rows.Rows())
}

// plan finds the days that the merge touches, in their order.
func (c *commit) plan() ([]*change, error) {
	byDay := map[int32]*change{}
	at := func(day int32) *change {
		if byDay[day] == nil {
			byDay[day] = &change{day: day, before: c.state.slices[day], lost: map[*file]int64{}}
		}
		return byDay[day]
	}
	for _, d := range c.sorted.days {
		at(d.day).rows = d.rows
	}
	for i, r := range c.sorted.rows {
		if r.Old == dedup.NoFile {
			continue
		}
		f := c.state.files[r.Old]
		at(f.day).lost[f]++
		day, row := c.sorted.at(i)
		at(day).replaces(row, f.day)
	}
	for _, r := range c.merge.Taken() {
		f := c.state.files[r.Old]
		at(f.day).lost[f]++
	}
	changes := make([]*change, 0, len(byDay))
	for _, day := range slices.Sorted(maps.Keys(byDay)) {
		ch := byDay[day]
		ch.parts = ch.layout(c.TargetBytes)
		if err := c.numberParts(ch); err != nil {
			return nil, err
		}
		changes = append(changes, ch)
	}
	return changes, nil
}

// numberParts gives the files to be written their numbers.
func (c *commit) numberParts(ch *change) error {
	for _, p := range ch.parts {
		if ch.stays(p) != nil {
			continue
		}
		var err error
		if p.number, err = c.number(); err != nil {
			return err
		}
		if p.fresh {
			ch.number = p.number
		}
	}
	return nil
}

// current gives the files of the slice, none when there is no slice yet.
func (ch *change) current() []*file {
	if ch.before == nil {
		return nil
	}
	return ch.before.files
}

// replaces notes that a new row's order had its row on a day.
func (ch *change) replaces(row int, day int32) {
	if ch.prev == nil {
		ch.prev = slices.Repeat([]int32{ch.day}, ch.rows.Rows())
	}
	ch.prev[row] = day
}
