package silver

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/saleslake/saleslake/services/silver-etl/dedup"
)

// room is the share of silver.index_bytes, one in so many, that is left to new
// orders when older ones are put in the filter, so that this is not done with
// each commit.
const room = 8

// dayRows gives the rows of each slice, and their sum.
func (s *state) dayRows() (byDay map[int32]int, sum int) {
	byDay = make(map[int32]int, len(s.slices))
	for day, sl := range s.slices {
		byDay[day] = int(sl.manifest.Rows)
		sum += byDay[day]
	}
	return byDay, sum
}

// firstHot gives the first of the days whose orders may be in the index: those
// within the horizon of the newest, as far as the bound allows. The others must
// find room in the filter.
func (t *task) firstHot() (int32, error) {
	rows, sum := t.dayRows()
	if need := sum * dedup.FilterBytes; need > t.IndexBytes {
		return 0, fmt.Errorf("partition %d has %d orders, which take %d bytes at least, and silver.index_bytes is %d: "+
			"give the instance more memory and raise silver.index_bytes, or move to a lake with more partitions",
			t.partition, sum, need, t.IndexBytes)
	}
	days := slices.Sorted(maps.Keys(rows))
	if len(days) == 0 {
		return 0, nil
	}
	slices.Reverse(days)
	first, need := days[0]+1, sum*dedup.FilterBytes
	for _, day := range days {
		need += rows[day] * (dedup.IndexBytes - dedup.FilterBytes)
		if int64(days[0]-day) > int64(t.Horizon/(24*time.Hour)) || need > t.IndexBytes-t.IndexBytes/room {
			break
		}
		first = day
	}
	return first, nil
}

// cool puts orders of days before the hot ones in the filter: those from a ref
// on, which a commit has met; and all, with later hot days, when the index is
// beyond its bound or much of it is beyond the horizon.
func (t *task) cool(from dedup.Ref) error {
	first, err := t.firstHot()
	if err != nil {
		return err
	}
	rows, _ := t.dayRows()
	beyond := 0
	for day, n := range rows {
		if day >= t.hot && day < first {
			beyond += n
		}
	}
	used := t.index.Len()*dedup.IndexBytes + t.filter.Len()*dedup.FilterBytes
	if used > t.IndexBytes || beyond > t.index.Len()/room {
		t.hot, from = max(first, t.hot), 0
	}
	t.index.Retain(from, func(o *dedup.Order) bool {
		day := t.files[o.File].day
		if day < t.hot {
			t.filter.Add(o.Key, day)
		}
		return day >= t.hot
	})
	return nil
}
