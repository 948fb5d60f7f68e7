package dq

import (
	"fmt"
	"time"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// idle is how long a partition may bring nothing while others do, before nobody waits for it.
const idle = 15 * time.Minute

// Watermark gives the time, in µs UTC, up to which the events of a day of gold have come that a manifest
// is made of: of each partition the newest event, and of these the oldest. It is 0 while silver has
// not taken all that bronze landed, or the day has newer slices than those.
func (k *Keeper) Watermark(m *lake.Manifest) int64 {
	const table = sales.TableSilver
	taken := make(map[string]int64, len(m.Inputs))
	for _, in := range m.Inputs {
		taken[in.Slice] = in.Version
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	var moved int64
	for key, b := range k.books {
		if key.table == table {
			slice := fmt.Sprintf("%s/p=%03d", m.Slice, key.partition)
			if b.behind() || b.slices[slice].version > taken[slice] {
				return 0
			}
			moved = max(moved, b.moved)
		}
	}
	watermark := int64(0)
	for key, b := range k.books {
		if key.table == table && b.event > 0 && b.moved >= moved-idle.Microseconds() && (watermark == 0 || b.event < watermark) {
			watermark = b.event
		}
	}
	return watermark
}

// Rows counts the rows that a table of silver has of a day (UTC, days since 1970-01-01).
func (k *Keeper) Rows(table string, day int32) (rows int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for key, b := range k.books {
		if key.table == table {
			rows += b.slices[lake.SilverSlice(day, key.partition)].Rows
		}
	}
	return rows
}

// behind tells whether bronze landed something that silver has not taken.
func (b *book) behind() bool {
	for source, s := range b.bronze {
		if l := b.silver[source]; l == nil || l.TopicID == s.topicID && l.Next < s.next {
			return true
		}
	}
	return false
}
