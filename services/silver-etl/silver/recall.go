package silver

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"runtime"
	"slices"

	"github.com/saleslake/saleslake/services/silver-etl/dedup"
)

// recall takes those of the orders that only the filter knows into the index,
// from the files of the days that it names. An order that is on none of them is
// new.
func (c *commit) recall(ctx context.Context, orders iter.Seq[dedup.Key]) error {
	wanted := c.wanted(orders)
	var files []*file
	for _, day := range slices.Sorted(maps.Keys(wanted)) {
		files = append(files, c.slices[day].files...)
	}
	c.recalled += len(files)
	return inOrder(ctx, len(files), runtime.GOMAXPROCS(0),
		func(ctx context.Context, i int) (*stored, error) { return c.readStored(ctx, files[i]) },
		func(_ context.Context, i int, s *stored) error {
			f := files[i]
			for row, key := range s.keys.Orders {
				if !wanted[f.day][key] {
					continue
				}
				if err := c.insert(f, s, row); err != nil {
					return err
				}
				c.filter.Remove(key, f.day)
			}
			return nil
		})
}

// wanted gives the orders that the index does not know and the filter may, by day.
func (c *commit) wanted(orders iter.Seq[dedup.Key]) map[int32]map[dedup.Key]bool {
	wanted := map[int32]map[dedup.Key]bool{}
	if c.filter.Len() == 0 {
		return wanted
	}
	var days []int32
	for key := range orders {
		if _, known := c.index.Find(key); known {
			continue
		}
		days = c.filter.Days(days[:0], key)
		for _, day := range days {
			if wanted[day] == nil {
				wanted[day] = map[dedup.Key]bool{}
			}
			wanted[day][key] = true
		}
	}
	return wanted
}

// insert puts a stored row's order in the index.
func (t *task) insert(f *file, s *stored, row int) error {
	key := s.keys.Orders[row]
	if _, twice := t.index.Find(key); twice {
		return fmt.Errorf("%s: row %d: the order has a row elsewhere already", f.Key, row+1)
	}
	t.index.Insert(dedup.Order{Key: key, EventTS: s.times[row], Event: s.keys.Events[row], Cents: s.cents[row],
		Offset: s.offsets[row], Content: s.keys.Content[row], File: f.number})
	return nil
}
