package silver

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

// follower is a reader of lake.silver that keeps the rows of each slice at each
// version that it has seen, and takes the changes from all of them to each new
// version.
type follower struct {
	seen map[string]map[int64]map[string]row // by slice, version and order
	days map[string]int32                    // of each order's current row
}

func newFollower() *follower {
	return &follower{seen: map[string]map[int64]map[string]row{}, days: map[string]int32{}}
}

// follow takes the records of one commit before it replaces any file.
func (f *follower) follow(t require.TestingT, o Options, records []stream.Record) {
	var manifests []*lake.Manifest
	for _, r := range records {
		if lake.IsManifest(r.Key) {
			m, err := lake.DecodeManifest(r.Value)
			require.NoError(t, err)
			manifests = append(manifests, m)
		}
	}
	for _, m := range manifests {
		now := map[string]row{}
		for _, r := range rowsIn(t, o, m.Files...) {
			require.NotContains(t, now, r.orderID)
			now[r.orderID] = r
		}
		require.LessOrEqual(t, len(m.Changes), lake.MaxChanges)
		require.GreaterOrEqual(t, m.Base, int64(1))
		for version, rows := range f.seen[m.Key()] {
			changes, ok := m.Since(version)
			require.Equal(t, version >= m.Base, ok)
			if ok {
				require.Equal(t, now, f.apply(t, o, m, rows, changes), "%s from %d by %v", m.Key(), version, changes)
			}
		}
		if f.seen[m.Key()] == nil {
			f.seen[m.Key()] = map[int64]map[string]row{}
		}
		f.seen[m.Key()][m.Version] = now
	}
	f.days = map[string]int32{}
	for _, versions := range f.seen {
		for _, r := range versions[slices.Max(slices.Collect(maps.Keys(versions)))] {
			f.days[r.orderID] = sales.DayOf(r.orderTS)
		}
	}
}

// apply makes a version's rows out of an earlier one's.
func (f *follower) apply(t require.TestingT, o Options, m *lake.Manifest, before map[string]row, changes []lake.Change) map[string]row {
	rows := maps.Clone(before)
	for _, c := range changes {
		for _, r := range rowsIn(t, o, c.Added...) {
			require.NotContains(t, rows, r.orderID)
			rows[r.orderID] = r
			if c.Version == m.Version {
				require.NotContains(t, f.days, r.orderID, "an added file has new orders only")
			}
		}
		f.applyFile(t, o, m, rows, c)
	}
	return rows
}

func (f *follower) applyFile(t require.TestingT, o Options, m *lake.Manifest, rows map[string]row, c lake.Change) {
	for _, file := range c.Changed {
		b := batchIn(t, o, sales.Changes, file)
		all := rowsOf(b)
		for i, r := range all { // what goes, then what comes
			if op := b.Column("_op").String(i); op != sales.OpUpsert {
				require.Equal(t, rows[r.orderID], r)
				delete(rows, r.orderID)
				require.Equal(t, op == sales.OpBefore, slices.ContainsFunc(all, func(n row) bool { return n.orderID == r.orderID && n != r }))
			}
			own, err := sales.ParseDay(m.Day)
			require.NoError(t, err)
			want, known := f.days[r.orderID]
			if !known || b.Column("_op").String(i) != sales.OpUpsert {
				want = own
			}
			if c.Version == m.Version {
				require.Equal(t, want, b.Column("_prev_day").I32[i])
			}
		}
		for i, r := range all {
			if b.Column("_op").String(i) == sales.OpUpsert {
				require.NotContains(t, rows, r.orderID)
				rows[r.orderID] = r
			}
		}
	}
}

func batchIn(t require.TestingT, o Options, s *column.Schema, f lake.File) *column.Batch {
	r, err := lake.Fetch(context.Background(), o.Bucket, f)
	require.NoError(t, err)
	b := column.NewBatch(s, 0)
	require.NoError(t, r.Read(b))
	require.Equal(t, f.Count, salesEvents.count(b))
	return b
}

func rowsIn(t require.TestingT, o Options, files ...lake.File) (rows []row) {
	for _, f := range files {
		rows = append(rows, rowsOf(batchIn(t, o, sales.Silver, f))...)
	}
	return rows
}

// slice gives the newest manifest of a day.
func (h *harness) slice(day int32) *lake.Manifest {
	return readTopic(h.t, h.topic, h.options).manifests[sales.TableSilver+"/"+lake.SilverSlice(day, 0)]
}

// orders lands orders and drains them, version v of each, placed on a day.
func (h *harness) orders(from, to int, v, placed int64) {
	events := make([]event, 0, to-from)
	for i := from; i < to; i++ {
		e := simpleEvent(fmt.Sprint("order-", i), h.ends[sourceKey("sales_events", 0)]+int64(i-from))
		e.eventTS, e.orderTS = midnight+v, midnight+placed*day
		events = append(events, e)
	}
	h.land(events)
	h.drain()
}

func TestChangesSayWhatAVersionDid(t *testing.T) {
	h := newHarness(t, &memoryTopic{}, tempLake(t, 0), 1)
	defer h.close()
	today := sales.DayOf(midnight)
	h.orders(0, 20, 0, 0)
	m := h.slice(today)
	require.Equal(t, m.Version, m.Base, "the first version is all there is")
	require.Empty(t, m.Changes)

	h.orders(20, 60, 0, 0)
	m = h.slice(today)
	require.Equal(t, int64(1), m.Base)
	require.Equal(t, []lake.Change{{Version: 2, Added: m.Files[1:]}}, m.Changes, "a file of new orders is the change")

	h.orders(59, 61, 1, 0)
	m = h.slice(today)
	require.Len(t, m.Changes, 2)
	b := batchIn(t, h.options, sales.Changes, m.Changes[1].Changed[0])
	require.Equal(t, []string{"upsert order-59", "upsert order-60", "before order-59"}, opsOf(b))

	h.orders(0, 1, 2, -1)
	m = h.slice(today)
	require.Equal(t, []string{"delete order-0"}, opsOf(batchIn(t, h.options, sales.Changes, m.Changes[2].Changed[0])))
	require.Equal(t, h.slice(today-1).Version, h.slice(today-1).Base)
	h.orders(0, 1, 3, 0)
	m = h.slice(today)
	b = batchIn(t, h.options, sales.Changes, m.Changes[3].Changed[0])
	require.Equal(t, []string{"upsert order-0"}, opsOf(b))
	require.Equal(t, []int32{today - 1}, b.Column("_prev_day").I32)
	require.Zero(t, h.slice(today-1).Rows)

	h.orders(0, 40, 4, 0)
	m = h.slice(today)
	require.Equal(t, m.Version, m.Base, "most of the slice has changed")
	require.Empty(t, m.Changes)
	require.Equal(t, m.Named(), onDisk(t, h.options, today))
}

func opsOf(b *column.Batch) []string {
	ops := make([]string, b.Rows())
	for i := range ops {
		ops[i] = b.Column("_op").String(i) + " " + b.Column("order_id").String(i)
	}
	return ops
}

// onDisk lists the objects of a day's slice.
func onDisk(t require.TestingT, o Options, day int32) map[string]bool {
	keys := map[string]bool{}
	for _, table := range []string{sales.TableSilver, sales.TableChanges} {
		for _, key := range list(t, o.Bucket, table+"/"+lake.SilverSlice(day, 0)+"/") {
			keys[key] = true
		}
	}
	return keys
}

// Files of changes stay for as long as a manifest lists them, and no longer.
func TestManifestsListAFewChanges(t *testing.T) {
	h := newHarness(t, &memoryTopic{}, tempLake(t, 0), 1)
	defer h.close()
	today := sales.DayOf(midnight)
	h.orders(0, 100, 0, 0)
	for i := range 40 {
		h.orders(i, i+1, 1, 0)
		if i%7 == 0 { // what is restored carries them on
			h.drop(0)
		}
	}
	m := h.slice(today)
	require.Len(t, m.Changes, lake.MaxChanges)
	require.Equal(t, m.Version-lake.MaxChanges, m.Base)
	h.drop(0)
	require.Equal(t, m.Named(), onDisk(t, h.options, today))
}

func TestASliceOfAnOlderProgramStartsToListChanges(t *testing.T) {
	h := newHarness(t, &memoryTopic{}, tempLake(t, 0), 1)
	defer h.close()
	h.orders(0, 100, 0, 0)
	h.drop(0)
	topic := h.topic.(*memoryTopic)
	old := h.slice(sales.DayOf(midnight))
	old.Base = 0
	(*topic)[0].Value = old.Encode()
	h.orders(0, 1, 1, 0)
	m := h.slice(sales.DayOf(midnight))
	require.Equal(t, old.Version, m.Base)
	require.Len(t, m.Changes, 1)
}
