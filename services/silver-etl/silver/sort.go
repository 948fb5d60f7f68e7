package silver

import (
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/services/silver-etl/dedup"
)

// dayRows are the new rows of one day.
type dayRows struct {
	day      int32
	from, to int32         // places in the sorted order
	rows     *column.Batch // of the silver schema
}

// sorting puts a merge's rows in the order of their days. It goes column by
// column and reads each from start to end, writing to as many places as there
// are days: picking the rows of one day after the other would wait for memory
// at every value.
type sorting struct {
	*dataset
	merge  *dedup.Merge
	rows   []dedup.Row
	dayOf  []int32 // by row: position in days
	places []int32 // by row
	days   []dayRows
}

// sortByDay takes the rows out of the merge's batches, which are empty
// afterwards.
func (d *dataset) sortByDay(m *dedup.Merge) (*sorting, error) {
	s := &sorting{dataset: d, merge: m, rows: m.Rows()}
	s.place()
	for i := range s.days {
		s.days[i].rows = &column.Batch{Schema: d.silver, Columns: make([]column.Column, len(d.silver.Fields))}
	}
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i := range d.silver.Fields {
		group.Go(func() error {
			s.move(i)
			return nil
		})
	}
	return s, group.Wait()
}

// place finds the days and each row's place: a counting sort, as days are few
// and close to each other.
func (s *sorting) place() {
	if len(s.rows) == 0 {
		return
	}
	times := vectors(s.merge, s.silver.Must(s.dayColumn), func(c *column.Column) []int64 { return c.I64 })
	s.dayOf, s.places = make([]int32, len(s.rows)), make([]int32, len(s.rows))
	first, last := int32(1<<31-1), int32(-1<<31)
	for i, r := range s.rows {
		day := sales.DayOf(times[r.Batch][r.Row])
		s.dayOf[i] = day
		first, last = min(first, day), max(last, day)
	}
	next := make([]int32, int(last-first)+1) // by day: rows, then the next free place
	for _, day := range s.dayOf {
		next[day-first]++
	}
	position := make([]int32, len(next)) // by day: in days
	for i, from := 0, int32(0); i < len(next); i++ {
		if n := next[i]; n > 0 {
			position[i] = int32(len(s.days))
			s.days = append(s.days, dayRows{day: first + int32(i), from: from, to: from + n})
			next[i] = from
			from += n
		}
	}
	for i, day := range s.dayOf {
		s.places[i] = next[day-first]
		next[day-first]++
		s.dayOf[i] = position[day-first]
	}
}

// at gives the day of a row of the merge, and its position among that day's.
func (s *sorting) at(row int) (day int32, place int) {
	d := &s.days[s.dayOf[row]]
	return d.day, int(s.places[row] - d.from)
}

// vectors gives one column's vector of each batch of the merge.
func vectors[T any](m *dedup.Merge, field int, of func(*column.Column) T) []T {
	batches := m.Batches()
	out := make([]T, len(batches))
	for i, b := range batches {
		out[i] = of(&b.Columns[field])
	}
	return out
}

// move puts one column in order.
func (s *sorting) move(field int) {
	kind := s.silver.Fields[field].Type
	for i := range s.days {
		s.days[i].rows.Columns[field].Type = kind
	}
	switch kind {
	case column.Symbol:
		s.moveSymbols(field)
	case column.String, column.Binary:
		s.moveText(field)
	case column.Int64, column.Decimal, column.Timestamp:
		in := vectors(s.merge, field, func(c *column.Column) []int64 { return c.I64 })
		all := moveValues(s, in)
		for _, d := range s.days {
			d.rows.Columns[field].I64 = all[d.from:d.to:d.to]
		}
	default:
		s.setCodes(field, moveValues(s, vectors(s.merge, field, func(c *column.Column) []int32 { return c.I32 })))
	}
	for _, b := range s.merge.Batches() {
		b.Columns[field] = column.Column{}
	}
}

func moveValues[T any](s *sorting, in [][]T) []T {
	out := make([]T, len(s.rows))
	for i, r := range s.rows {
		out[s.places[i]] = in[r.Batch][r.Row]
	}
	return out
}

func (s *sorting) setCodes(field int, all []int32) {
	for _, d := range s.days {
		d.rows.Columns[field].I32 = all[d.from:d.to:d.to]
	}
}

// moveSymbols gives all days one dictionary.
func (s *sorting) moveSymbols(field int) {
	dict := column.NewDict()
	codes := vectors(s.merge, field, func(c *column.Column) []int32 {
		codes := make([]int32, c.Dict.Len())
		for code := range codes {
			codes[code] = dict.CodeString(c.Dict.Value(int32(code)))
		}
		return codes
	})
	in := vectors(s.merge, field, func(c *column.Column) []int32 { return c.I32 })
	out := make([]int32, len(s.rows))
	for i, r := range s.rows {
		out[s.places[i]] = codes[r.Batch][in[r.Batch][r.Row]]
	}
	s.setCodes(field, out)
	for _, d := range s.days {
		d.rows.Columns[field].Dict = dict
	}
}

// moveText gives each day a text of its own: first the lengths find their
// places and add up to ends, then the bytes follow.
func (s *sorting) moveText(field int) {
	in := vectors(s.merge, field, func(c *column.Column) *column.Text { return &c.Text })
	ends := make([]uint32, len(s.rows))
	for i, r := range s.rows {
		ends[s.places[i]] = uint32(len(in[r.Batch].At(int(r.Row))))
	}
	data := make([][]byte, len(s.days))
	for i, d := range s.days {
		sum := uint32(0)
		for place := d.from; place < d.to; place++ {
			sum += ends[place]
			ends[place] = sum
		}
		data[i] = make([]byte, sum)
		d.rows.Columns[field].Text = column.Text{Data: data[i], Ends: ends[d.from:d.to:d.to]}
	}
	for i, r := range s.rows {
		v := in[r.Batch].At(int(r.Row))
		end := ends[s.places[i]]
		copy(data[s.dayOf[i]][end-uint32(len(v)):end], v)
	}
}
