package gold

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

func drawOrder(t *rapid.T) order {
	return order{
		id: rapid.StringMatching("o[0-9]").Draw(t, "id"), customer: rapid.SampledFrom([]string{"c1", "c2", "c3"}).Draw(t, "customer"),
		product: rapid.SampledFrom([]string{"p1", "p2"}).Draw(t, "product"), category: rapid.SampledFrom([]string{"Books", "Toys"}).Draw(t, "category"),
		region:  rapid.SampledFrom([]string{"Europe", "Asia Pacific"}).Draw(t, "region"),
		status:  rapid.SampledFrom([]string{sales.Pending, sales.Cancelled, sales.Completed, sales.Refunded}).Draw(t, "status"),
		revenue: rapid.Int64Range(0, 1<<40).Draw(t, "revenue"),
	}
}

// history is what gold/restatements must say: "day|version|cell" to "old→new, causes".
type history struct {
	s        *silverTable
	rows     map[int32][]order // at the last commit
	versions map[int32]int64
	want     map[string]string
}

// committed compares a day's version with the one before.
func (h *history) committed(d *day) {
	version, now := d.gold[facts].Version, h.s.orders(d.date)
	if version == h.versions[d.date] {
		return
	}
	if old := cells(h.rows[d.date]); h.versions[d.date] > 0 {
		all := maps.Clone(old)
		maps.Copy(all, cells(now))
		for cell := range all {
			if was, is := orZero(old[cell]), orZero(cells(now)[cell]); was != is {
				h.want[fmt.Sprint(d.name, "|", version, "|", cell)] = fmt.Sprint(was, "→", is, " ", h.causes(h.rows[d.date], now, cell))
			}
		}
	}
	h.rows[d.date], h.versions[d.date] = now, version
}

func orZero(figures string) string {
	if figures == "" {
		return "0 0 0 0 0 0"
	}
	return figures
}

// causes gives the orders that count differently in a cell.
func (h *history) causes(old, now []order, cell string) []string {
	in := func(orders []order) map[string]string {
		parts := map[string]string{}
		for _, o := range orders {
			if o.region+"|"+o.category == cell {
				parts[o.id] = cells([]order{o})[cell] + o.customer
				if o.status == sales.Pending || o.status == sales.Cancelled {
					parts[o.id] = o.status
				}
			}
		}
		return parts
	}
	was, is := in(old), in(now)
	all := maps.Clone(was)
	maps.Copy(all, is)
	ids := []string{}
	for _, id := range slices.Sorted(maps.Keys(all)) {
		if was[id] != is[id] {
			ids = append(ids, id)
		}
	}
	return ids[:min(len(ids), 10)]
}

// requireWritten compares with what the files of all days say.
func (h *history) requireWritten(t *rapid.T, days map[string]*day) {
	have := map[string]string{}
	for _, d := range days {
		m := d.gold[restatements]
		require.LessOrEqual(t, len(m.Files), maxHistory)
		b := h.s.read(sales.Restatements, m)
		for i := range b.Rows() {
			at := func(name string) int64 { return b.Column(name).I64[i] }
			figures := func(prefix string) string {
				return fmt.Sprint(at(prefix+"orders"), at(prefix+"gross_revenue"), at(prefix+"refunded_revenue"), at(prefix+"customers"),
					at(prefix+"pending_orders"), at(prefix+"cancelled_orders"))
			}
			var causes []string
			require.NoError(t, json.Unmarshal([]byte(b.Column("causes").String(i)), &causes))
			require.EqualValues(t, len(causes), min(10, at("cause_orders")))
			require.Less(t, at("previous_version"), at("version"))
			have[fmt.Sprint(d.name, "|", at("version"), "|", b.Column("region").String(i), "|", b.Column("category").String(i))] =
				fmt.Sprint(figures("old_"), "→", figures("new_"), " ", causes)
		}
	}
	require.Equal(t, h.want, have)
}

// drawStep makes the next version of a slice: rewritten whole, or with what changed; an
// order that is in another slice of its partition leaves that, as it moves.
func (s *silverTable) drawStep(t *rapid.T) []*lake.Manifest {
	date, partition := rapid.Int32Range(20_000, 20_002).Draw(t, "date"), rapid.Int32Range(0, 1).Draw(t, "partition")
	orders := rapid.SliceOfNDistinct(rapid.Custom(drawOrder), 1, 6, func(o order) string { return o.id }).Draw(t, "orders")
	for i := range orders {
		orders[i].id += fmt.Sprint("p", partition)
	}
	var made []*lake.Manifest
	var here []string
	for other := int32(20_000); other <= 20_002; other++ {
		var leave []string
		for _, o := range slices.Concat(s.rows[lake.SilverSlice(other, partition)]...) {
			if other == date {
				here = append(here, o.id)
			} else if slices.ContainsFunc(orders, func(n order) bool { return n.id == o.id }) {
				leave = append(leave, o.id)
			}
		}
		if len(leave) > 0 {
			made = append(made, s.update(other, partition, nil, leave...))
		}
	}
	if rapid.IntRange(0, 3).Draw(t, "rewritten") == 0 {
		cut := rapid.IntRange(0, len(orders)).Draw(t, "cut")
		return append(made, s.write(date, partition, slices.DeleteFunc([][]order{orders[:cut], orders[cut:]}, func(f []order) bool { return len(f) == 0 })...))
	}
	var leave []string
	for _, id := range here {
		if !slices.ContainsFunc(orders, func(o order) bool { return o.id == id }) && rapid.Bool().Draw(t, "leaves") {
			leave = append(leave, id)
		}
	}
	return append(made, s.update(date, partition, orders, leave...))
}

// follower is a task that is stopped and started, and what it published.
type follower struct {
	*silverTable
	rt        *rapid.T
	settings  Options
	task      *task
	h         *history
	log       []stream.Record // lake.silver
	published []stream.Record // lake.gold
	commands  []*lake.Command
}

// flush has the task do what is due; the first of it is not committed if it is to die then.
func (f *follower) flush(commit bool) {
	for !f.task.Due(time.Now(), true).IsZero() {
		c, err := f.task.Flush(f.t.Context())
		require.NoError(f.rt, err)
		if !commit {
			return
		}
		f.published = append(f.published, c.Records...)
		f.task.Committed()
		for _, d := range f.task.days {
			if d.gold[facts] != nil {
				f.h.committed(d)
			}
		}
	}
	require.EqualValues(f.rt, len(f.log), f.task.committed)
	for _, d := range f.task.days {
		f.requireDay(d.date, d.gold)
	}
}

func (f *follower) issue() {
	from := rapid.IntRange(3, 6).Draw(f.rt, "from")
	to := rapid.IntRange(from, 7).Draw(f.rt, "to")
	f.commands = append(f.commands, f.task.issue(fmt.Sprint("2024-10-0", from), fmt.Sprint("2024-10-0", to)))
}

func (f *follower) restart() {
	next := f.task.committed
	f.task.Close()
	require.Zero(f.rt, f.task.states.bytes)
	f.task = f.taskOf(f.settings)
	for _, c := range f.commands {
		f.task.put(c)
	}
	f.task.next, f.task.committed = next, next
	for _, r := range f.published {
		require.NoError(f.rt, f.task.addGold(r))
	}
	for _, r := range f.log {
		require.NoError(f.rt, f.task.addSilver(r))
	}
	require.NoError(f.rt, f.task.findChanges())
	require.NoError(f.rt, f.task.warm(f.t.Context()))
	require.NoError(f.rt, f.task.Add(f.t.Context(), f.log[next:]))
}

// zombie sweeps as one that knows lake.gold up to some record.
func (f *follower) zombie() {
	zombie := f.taskOf(f.settings)
	for _, r := range f.published[:rapid.IntRange(0, len(f.published)).Draw(f.rt, "known")] {
		require.NoError(f.rt, zombie.addGold(r))
	}
	zombie.sweep(f.t.Context())
}

// Whatever order slices change in, wherever the task is dropped, and whatever is made again
// meanwhile, each commit leaves gold as the naive model has it, and what changed in restatements.
func TestGoldFollowsSilver(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := newSilver(t)
		settings := s.options()
		settings.Settle, settings.CacheBytes = 0, rapid.SampledFrom([]int{0, 60_000, 1 << 20}).Draw(rt, "cache bytes")
		f := &follower{silverTable: s, rt: rt, settings: settings, task: s.taskOf(settings),
			h: &history{s, map[int32][]order{}, map[int32]int64{}, map[string]string{}}}
		for range rapid.IntRange(1, 16).Draw(rt, "steps") {
			for _, m := range s.drawStep(rt) {
				f.log = append(f.log, recordOf(m, int64(len(f.log))))
				require.NoError(rt, f.task.Add(t.Context(), f.log[len(f.log)-1:]))
			}
			switch rapid.SampledFrom([]string{"wait", "flush", "flush", "flush", "rebuild", "rebuild later", "a zombie sweeps", "die after the upload", "restart"}).Draw(rt, "then") {
			case "flush":
				f.flush(true)
			case "rebuild":
				f.issue()
				f.flush(true)
			case "rebuild later":
				f.issue()
			case "a zombie sweeps":
				f.zombie()
			case "die after the upload":
				f.flush(false)
				f.restart()
			case "restart":
				f.restart()
			}
		}
		f.flush(true)
		f.h.requireWritten(rt, f.task.days)
		f.restart()
		require.Zero(rt, f.task.Due(time.Now(), true), "a restart must not make new versions of what is current")
		f.task.issue("2024-10-04", "2024-10-06")
		f.flush(true)
		f.task.sweep(t.Context())
		require.ElementsMatch(rt, f.task.named(), s.goldFiles(), "nothing is left of a crash")
		f.task.Close()
	})
}
