package dedup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/sales"
)

// orders are the columns of silver/sales.
var orders = &Columns{ID: "order_id", Time: "event_ts", Event: "event_id", Money: "revenue"}

// version is a silver row, as far as deduplication looks at it.
type version struct {
	order, event string
	eventTS      int64
	offset       int64
	cents        int64
	status       string
}

func batchOf(versions []version) *column.Batch {
	b := column.NewBatch(sales.Silver, len(versions))
	for _, v := range versions {
		for i := range sales.Silver.Fields {
			c := &b.Columns[i]
			switch sales.Silver.Fields[i].Name {
			case "order_id":
				c.AppendString(v.order)
			case "event_id":
				c.AppendString(v.event)
			case "status":
				c.AppendString(v.status)
			case "event_ts":
				c.I64 = append(c.I64, v.eventTS)
			case "_offset":
				c.I64 = append(c.I64, v.offset)
			case "revenue":
				c.I64 = append(c.I64, v.cents)
			case "order_ts", "unit_price":
				c.I64 = append(c.I64, 1)
			case "quantity", "_partition":
				c.I32 = append(c.I32, 1)
			default:
				c.AppendString("same")
			}
		}
	}
	return b
}

// world is an index, and the versions that it has in files.
type world struct {
	index  *Index
	files  map[uint32]map[string]version // by order_id
	last   uint32
	reads  int
	totals Outcome
}

func (w *world) eventIDs(_ context.Context, orders []Ref) (map[Ref][]byte, error) {
	w.reads++
	ids := map[Ref][]byte{}
	for _, r := range orders {
		for order, v := range w.files[w.index.At(r).File] {
			if KeyOf([]byte(order)) == w.index.At(r).Key {
				ids[r] = []byte(v.event)
			}
		}
	}
	return ids, nil
}

// commit merges batches and puts the changed rows in new files, each in one of spread.
func (w *world) commit(t require.TestingT, batches [][]version, spread int) {
	m := NewMerge(w.index, orders, 0, w.eventIDs)
	for _, versions := range batches {
		b := batchOf(versions)
		keep := make([]int32, len(versions))
		for i := range keep {
			keep[i] = int32(i)
		}
		out, err := m.Add(context.Background(), b, keep, orders.KeysOf(b))
		require.NoError(t, err)
		require.Equal(t, int64(len(versions)), out.Rows+out.Duplicates+out.Superseded)
		cents := int64(0)
		for _, v := range versions {
			cents += v.cents
		}
		require.Equal(t, cents, out.Cents+out.DuplicateCents+out.SupersededCents)
		w.totals.Rows += out.Rows
		w.totals.Cents += out.Cents
		w.totals.Duplicates += out.Duplicates
		w.totals.Superseded += out.Superseded
	}
	seen := map[Ref]bool{}
	for i, r := range m.Rows() {
		require.False(t, seen[r.Ref], "an order has one new row")
		seen[r.Ref] = true
		v := batches[r.Batch][r.Row]
		if r.Old != NoFile {
			require.Contains(t, w.files[r.Old], v.order)
			delete(w.files[r.Old], v.order)
		}
		file := w.last + 1 + uint32(i%spread)
		if w.files[file] == nil {
			w.files[file] = map[string]version{}
		}
		w.files[file][v.order] = v
	}
	m.Settle(func(i int) uint32 { return w.last + 1 + uint32(i%spread) })
	w.last += uint32(spread)
}

// current gives the rows in all files.
func (w *world) current() map[string]version {
	all := map[string]version{}
	for _, rows := range w.files {
		for order, v := range rows {
			all[order] = v
		}
	}
	return all
}

// naive is row_number() over (partition by order_id order by event_ts desc, event_id desc, _offset desc) = 1.
func naive(versions []version) map[string]version {
	best := map[string]version{}
	for _, v := range versions {
		b, known := best[v.order]
		if !known || less(b, v) {
			best[v.order] = v
		}
	}
	return best
}

func less(a, b version) bool {
	if a.eventTS != b.eventTS {
		return a.eventTS < b.eventTS
	}
	if c := bytes.Compare([]byte(a.event), []byte(b.event)); c != 0 {
		return c < 0
	}
	return a.offset < b.offset
}

// drawVersions gives few orders, events and times, so that all ties happen.
func drawVersions(t *rapid.T) []version {
	one := rapid.Custom(func(t *rapid.T) version {
		return version{
			order:   rapid.SampledFrom([]string{"A", "B", "C", "D"}).Draw(t, "order"),
			event:   rapid.SampledFrom([]string{"e", "e1", "e2", "f", ""}).Draw(t, "event"),
			eventTS: rapid.Int64Range(1, 3).Draw(t, "event_ts"),
			cents:   rapid.Int64Range(0, 2).Draw(t, "cents"),
			status:  rapid.SampledFrom([]string{sales.Pending, sales.Completed}).Draw(t, "status"),
		}
	})
	versions := rapid.SliceOfN(one, 0, 40).Draw(t, "versions")
	for i := range versions {
		versions[i].offset = int64(i)
	}
	return versions
}

func TestMergeEqualsTheOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		versions := drawVersions(t)
		arrival := rapid.Permutation(versions).Draw(t, "arrival")
		w := &world{index: NewIndex(0), files: map[uint32]map[string]version{}}
		for len(arrival) > 0 {
			var batches [][]version
			for range rapid.IntRange(1, 3).Draw(t, "batches") {
				n := rapid.IntRange(0, len(arrival)).Draw(t, "rows")
				batches, arrival = append(batches, arrival[:n]), arrival[n:]
			}
			w.commit(t, batches, rapid.IntRange(1, 3).Draw(t, "files"))
		}
		want := naive(versions)
		require.Equal(t, want, w.current())
		require.Equal(t, len(want), w.index.Len())
		require.Equal(t, int64(len(want)), w.totals.Rows)
		require.Equal(t, int64(len(versions)-len(want)), w.totals.Duplicates+w.totals.Superseded)
		cents := int64(0)
		for _, v := range want {
			cents += v.cents
		}
		require.Equal(t, cents, w.totals.Cents)
	})
}

func TestWhatALoserIs(t *testing.T) {
	base := version{order: "A", event: "e1", eventTS: 1, offset: 1, cents: 5, status: sales.Pending}
	with := func(change func(*version)) version {
		v := base
		v.offset = 2
		change(&v)
		return v
	}
	for name, test := range map[string]struct {
		next      version
		duplicate bool
		ties      int64
	}{
		"sent again":                     {with(func(*version) {}), true, 0},
		"the same event, other content":  {with(func(v *version) { v.status = sales.Completed }), true, 0},
		"another event, nothing new":     {with(func(v *version) { v.event, v.eventTS = "e2", 2 }), true, 0},
		"a newer version":                {with(func(v *version) { v.event, v.eventTS, v.cents = "e2", 2, 6 }), false, 0},
		"an older version":               {with(func(v *version) { v.event, v.eventTS, v.cents = "e0", 0, 6 }), false, 0},
		"another version, the same time": {with(func(v *version) { v.event, v.cents = "e2", 6 }), false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := &world{index: NewIndex(0), files: map[uint32]map[string]version{}}
			m := NewMerge(w.index, orders, 0, w.eventIDs)
			b := batchOf([]version{base, test.next})
			out, err := m.Add(context.Background(), b, []int32{0, 1}, orders.KeysOf(b))
			require.NoError(t, err)
			require.Equal(t, test.duplicate, out.Duplicates == 1)
			require.Equal(t, !test.duplicate, out.Superseded == 1)
			require.Equal(t, test.ties, out.Ties)
		})
	}
}

// Equal in time, event and offset happens only between sources; then the result
// must still not depend on who came first.
func TestAFullTieDoesNotDependOnTheOrder(t *testing.T) {
	a := version{order: "A", event: "e", eventTS: 1, offset: 1, cents: 5, status: sales.Pending}
	b := a
	b.cents = 6
	var results []map[string]version
	for _, arrival := range [][]version{{a, b}, {b, a}} {
		w := &world{index: NewIndex(0), files: map[uint32]map[string]version{}}
		w.commit(t, [][]version{arrival[:1]}, 1)
		w.commit(t, [][]version{arrival[1:]}, 1)
		results = append(results, w.current())
	}
	require.Equal(t, results[0], results[1])
}

func TestTiesWithFilesAreReadOncePerBatch(t *testing.T) {
	w := &world{index: NewIndex(0), files: map[uint32]map[string]version{}}
	var old, tied []version
	for i := range 100 {
		v := version{order: fmt.Sprint("order-", i), event: "m", eventTS: 1, offset: int64(i)}
		old = append(old, v)
		v.event = "n"
		tied = append(tied, v)
	}
	w.commit(t, [][]version{old}, 7)
	require.Zero(t, w.reads)
	w.commit(t, [][]version{tied}, 7)
	require.Equal(t, 1, w.reads)
	require.Equal(t, naive(append(old, tied...)), w.current())
}

func TestAnEventIDThatCannotBeReadEndsTheMerge(t *testing.T) {
	w := &world{index: NewIndex(0), files: map[uint32]map[string]version{}}
	v := version{order: "A", event: "m", eventTS: 1}
	w.commit(t, [][]version{{v}}, 1)
	v.event = "n"
	b := batchOf([]version{v})
	away := errors.New("the bucket is away")
	for name, ask := range map[string]EventIDs{
		"the bucket is away": func(context.Context, []Ref) (map[Ref][]byte, error) { return nil, away },
		"is not in the file": func(context.Context, []Ref) (map[Ref][]byte, error) { return nil, nil },
	} {
		_, err := NewMerge(w.index, orders, 0, ask).Add(context.Background(), b, []int32{0}, orders.KeysOf(b))
		require.ErrorContains(t, err, name)
	}
}

func TestContentIsEveryBusinessField(t *testing.T) {
	for i, f := range sales.Silver.Fields {
		changed := batchOf([]version{{order: "A"}, {order: "A"}})
		c := &changed.Columns[i]
		switch {
		case c.Type == column.Symbol:
			c.I32[1] = c.Dict.Code([]byte("other"))
		case c.I64 != nil:
			c.I64[1]++
		case c.I32 != nil:
			c.I32[1]++
		default:
			c.Text = column.Text{}
			c.AppendString("one")
			c.AppendString("other")
		}
		keys := orders.KeysOf(changed)
		switch f.Name {
		case "order_id", "event_id", "event_ts", "_partition", "_offset":
			require.Equal(t, keys.Content[0], keys.Content[1], f.Name)
		default:
			require.NotEqual(t, keys.Content[0], keys.Content[1], f.Name)
		}
	}
}

// customers are the columns of silver/customers.
var customers = &Columns{ID: "customer_id", Time: "updated_ts", History: true}

// In a history each time has a row; at one time the greatest offset wins, and
// only what says the same is a duplicate.
func TestAHistoryHasARowForEachTime(t *testing.T) {
	b := column.NewBatch(sales.SilverCustomers, 0)
	for i, u := range []struct {
		id, name string
		at       int64
	}{{"C-1", "Ada", 5}, {"C-1", "Ada", 6}, {"C-2", "Ada", 5}, {"C-1", "Ada", 5}, {"C-1", "Ada Byron", 5}, {"C-1", "Ada", 4}} {
		for f := range b.Columns {
			switch c := &b.Columns[f]; sales.SilverCustomers.Fields[f].Name {
			case "customer_id":
				c.AppendString(u.id)
			case "name":
				c.AppendString(u.name)
			case "updated_ts":
				c.I64 = append(c.I64, u.at)
			case "_offset":
				c.I64 = append(c.I64, int64(i))
			case "deleted", "_partition":
				c.I32 = append(c.I32, 0)
			default:
				c.AppendString("same")
			}
		}
	}
	for _, keep := range [][]int32{{0, 1, 2, 3, 4, 5}, {5, 4, 2, 1, 0, 3}} {
		x := NewIndex(0)
		m := NewMerge(x, customers, 0, nil)
		out, err := m.Add(context.Background(), b, keep, customers.KeysOf(b))
		require.NoError(t, err)
		require.EqualValues(t, 4, out.Rows)
		require.EqualValues(t, 2, out.Duplicates+out.Superseded)
		require.Equal(t, out.Superseded, out.Ties)
		require.Positive(t, out.Superseded)
		require.Zero(t, out.Cents+out.DuplicateCents+out.SupersededCents)
		ref, known := x.Find(customers.OrdersOf(b)[0])
		require.True(t, known)
		require.EqualValues(t, 4, x.At(ref).Offset)
	}
}
