package gold

import (
	"container/list"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// cache keeps states of days, the last used ones up to a number of bytes. A state
// belongs to one task's day: whoever takes it has it alone, and puts it back when
// it is what the task commits next. The cache is safe for concurrent use.
type cache struct {
	mu      sync.Mutex
	limit   int
	bytes   int
	entries map[*day]*list.Element
	used    *list.List // of *entry, the last used in front
	gauge   prometheus.Gauge
}

type entry struct {
	day   *day
	state *state
	bytes int
}

func newCache(limit int, gauge prometheus.Gauge) *cache {
	return &cache{limit: limit, entries: map[*day]*list.Element{}, used: list.New(), gauge: gauge}
}

// take gives a day's state, and forgets it; nil when there is none.
func (c *cache) take(d *day) *state {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.entries[d]
	if e == nil {
		return nil
	}
	return c.remove(e).state
}

// put keeps a day's state, and drops the longest unused ones, which may be this
// one, when there are too many bytes.
func (c *cache) put(d *day, st *state) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := &entry{d, st, st.day.Bytes()}
	c.entries[d] = c.used.PushFront(e)
	c.bytes += e.bytes
	for c.bytes > c.limit {
		c.remove(c.used.Back())
	}
	c.gauge.Set(float64(c.bytes))
}

func (c *cache) remove(at *list.Element) *entry {
	e := c.used.Remove(at).(*entry)
	delete(c.entries, e.day)
	c.bytes -= e.bytes
	c.gauge.Set(float64(c.bytes))
	return e
}
