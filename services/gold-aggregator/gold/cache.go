package gold

import (
	"container/list"
	"sync"

	"github.com/saleslake/saleslake/services/gold-aggregator/fold"
)

// cache keeps partial aggregates by the key of their file, the last used ones
// up to a number of bytes. It is safe for concurrent use.
type cache struct {
	mu      sync.Mutex
	limit   int
	bytes   int
	entries map[string]*list.Element
	used    *list.List // of *entry, the last used in front
}

type entry struct {
	key     string
	partial *fold.Partial
}

func newCache(limit int) *cache {
	return &cache{limit: limit, entries: map[string]*list.Element{}, used: list.New()}
}

func (c *cache) get(key string) (*fold.Partial, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[key]
	if !ok {
		return nil, false
	}
	c.used.MoveToFront(e)
	return e.Value.(*entry).partial, true
}

// put adds a partial and gives the bytes that the cache then holds.
func (c *cache) put(key string, p *fold.Partial) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.entries[key]; !ok {
		c.entries[key] = c.used.PushFront(&entry{key, p})
		c.bytes += p.Bytes()
	}
	for c.bytes > c.limit {
		last := c.used.Back()
		e := c.used.Remove(last).(*entry)
		delete(c.entries, e.key)
		c.bytes -= e.partial.Bytes()
	}
	return c.bytes
}
