package silver

import (
	"fmt"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/services/silver-etl/dedup"
)

// state is what the partition's silver rows are at the committed offset.
type state struct {
	version  int64                   // of the last commit; slices take their versions from it
	index    *dedup.Index            // whole entries: the orders of days from hot on, and some others
	filter   *dedup.Filter           // all orders that are not in the index
	hot      int32                   // the first day whose orders are all in the index
	slices   map[int32]*slice        // by day
	files    map[uint32]*file        // by number
	lastFile uint32                  // number given last
	ledgers  map[string]*lake.Ledger // by source
}

// slice is the current version of one day's rows.
type slice struct {
	manifest *lake.Manifest
	files    []*file // as in the manifest
}

// file is an object of a slice. Its number stands for it in the index.
type file struct {
	lake.File
	number uint32
	day    int32
}

func newState() *state {
	return &state{slices: map[int32]*slice{}, files: map[uint32]*file{}, ledgers: map[string]*lake.Ledger{}}
}

// number gives a file number that was never given.
func (s *state) number() (uint32, error) {
	if s.lastFile == dedup.MaxFile {
		return 0, fmt.Errorf("this process has written %d files to one partition, its limit: restart it", s.lastFile)
	}
	s.lastFile++
	return s.lastFile, nil
}

// put makes m the current version of its day.
func (s *state) put(day int32, next *slice) {
	if old := s.slices[day]; old != nil {
		for _, f := range old.files {
			delete(s.files, f.number)
		}
	}
	for _, f := range next.files {
		s.files[f.number] = f
	}
	s.slices[day] = next
}

// check compares the slices, the index and the ledgers with each other.
func (s *state) check() error {
	var rows, accounted lake.Count
	for _, sl := range s.slices {
		rows = rows.Add(sl.manifest.Count)
	}
	for _, l := range s.ledgers {
		accounted = accounted.Add(l.Out)
		if r := l.Residual(); r != (lake.Count{}) {
			return fmt.Errorf("ledger %s does not balance: %d rows and %d cents without account", l.Key(), r.Rows, r.Cents)
		}
	}
	if rows != accounted {
		return fmt.Errorf("the silver slices hold %d rows and %d cents, the ledgers say %d and %d: lake.silver is not whole. "+
			"Delete the topic and write it back with %q; where that says so again, copies are missing, too: make a new lake of the sources",
			rows.Rows, rows.Cents, accounted.Rows, accounted.Cents, remedy)
	}
	if orders := s.index.Len() + s.filter.Len(); int64(orders) != rows.Rows {
		return fmt.Errorf("the silver slices hold %d rows of %d orders", rows.Rows, orders)
	}
	return nil
}
