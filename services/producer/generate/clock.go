package generate

import (
	"math/bits"
	"math/rand/v2"
	"time"
)

const (
	second = int64(1_000_000) // microseconds
	minute = 60 * second
	hour   = 60 * minute
	day    = 24 * hour
)

// clock tells when item i of a stream happens: later items never happen earlier.
type clock struct {
	start, every int64 // microseconds; every > 0 = evenly
	rows         uint64
	upTo         []uint64 // weight of the hours up to and with this one
	hour         int
	first, end   uint64 // the items of this hour are [first, end)
}

// Visits by hour of the day and by weekday from Sunday, in percent of an average one.
var (
	byHour    = [24]uint64{35, 22, 15, 11, 10, 15, 30, 55, 80, 100, 115, 125, 135, 130, 120, 115, 115, 125, 145, 165, 180, 170, 125, 70}
	byWeekday = [7]uint64{125, 92, 88, 90, 96, 112, 130}
)

// newClock spreads rows over days: mornings are quiet, weekends busy, business grows by 40 % from first to last day, and no
// day is quite like another.
func newClock(o Options) *clock {
	c := &clock{start: o.Start.UnixMicro(), every: o.Every.Microseconds(), rows: uint64(o.Rows), hour: -1}
	if c.every > 0 {
		return c
	}
	r := newRand(o.Seed, "clock")
	var mood uint64
	hours := newWeighted(o.Days*24, func(i int) uint64 {
		d, h := i/24, i%24
		if h == 0 {
			mood = 90 + r.Uint64N(21)
		}
		growth := uint64(1000 + 400*d/o.Days)
		weekday := o.Start.Add(time.Duration(d) * 24 * time.Hour).Weekday()
		return growth * mood * byHour[h] * byWeekday[weekday] / 100
	})
	c.upTo = hours.upTo
	return c
}

// at must be called with ascending i.
func (c *clock) at(i uint64, r *rand.Rand) int64 {
	if c.every > 0 {
		return c.start + int64(i)*c.every
	}
	for i >= c.end {
		c.hour++
		c.first, c.end = c.end, c.rowsUpTo(c.hour)
	}
	gap := hour / int64(c.end-c.first)
	return c.start + int64(c.hour)*hour + int64(i-c.first)*gap + r.Int64N(max(gap, 1))
}

func (c *clock) rowsUpTo(h int) uint64 {
	high, low := bits.Mul64(c.upTo[h], c.rows)
	n, _ := bits.Div64(high, low, c.upTo[len(c.upTo)-1])
	return n
}
