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

// Whatever order slices change in, and wherever the task is dropped, each
// commit leaves gold as the naive model has it, and what changed in restatements.
func TestGoldFollowsSilver(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := newSilver(t)
		settings := s.options()
		settings.Settle, settings.CacheBytes = 0, rapid.SampledFrom([]int{0, 60_000, 1 << 20}).Draw(rt, "cache bytes")
		task := s.taskOf(settings)
		h := &history{s, map[int32][]order{}, map[int32]int64{}, map[string]string{}}
		var log []stream.Record       // lake.silver
		var published []stream.Record // lake.gold
		var commands []*lake.Command
		flush := func(commit bool) {
			for !task.Due(time.Now(), true).IsZero() {
				c, err := task.Flush(t.Context())
				require.NoError(rt, err)
				if !commit {
					return
				}
				published = append(published, c.Records...)
				task.Committed()
				for _, d := range task.days {
					if d.gold[facts] != nil {
						h.committed(d)
					}
				}
			}
			require.EqualValues(rt, len(log), task.committed)
			for _, d := range task.days {
				s.requireDay(d.date, d.gold)
			}
		}
		issue := func() {
			from := rapid.IntRange(3, 6).Draw(rt, "from")
			commands = append(commands, task.issue(fmt.Sprint("2024-10-0", from), fmt.Sprint("2024-10-0", rapid.IntRange(from, 7).Draw(rt, "to"))))
		}
		restart := func() {
			next := task.committed
			task.Close()
			require.Zero(rt, task.states.bytes)
			task = s.taskOf(settings)
			for _, c := range commands {
				task.put(c)
			}
			task.next, task.committed = next, next
			for _, r := range published {
				require.NoError(rt, task.addGold(r))
			}
			for _, r := range log {
				require.NoError(rt, task.addSilver(r))
			}
			require.NoError(rt, task.findChanges())
			require.NoError(rt, task.warm(t.Context()))
			require.NoError(rt, task.Add(t.Context(), log[next:]))
		}
		for range rapid.IntRange(1, 16).Draw(rt, "steps") {
			for _, m := range s.drawStep(rt) {
				log = append(log, recordOf(m, int64(len(log))))
				require.NoError(rt, task.Add(t.Context(), log[len(log)-1:]))
			}
			switch rapid.SampledFrom([]string{"wait", "flush", "flush", "flush", "rebuild", "rebuild later", "a zombie sweeps", "die after the upload", "restart"}).Draw(rt, "then") {
			case "flush":
				flush(true)
			case "rebuild":
				issue()
				flush(true)
			case "rebuild later":
				issue()
			case "a zombie sweeps":
				zombie := s.taskOf(settings)
				for _, r := range published[:rapid.IntRange(0, len(published)).Draw(rt, "known")] {
					require.NoError(rt, zombie.addGold(r))
				}
				zombie.sweep(t.Context())
			case "die after the upload":
				flush(false)
				restart()
			case "restart":
				restart()
			}
		}
		flush(true)
		h.requireWritten(rt, task.days)
		restart()
		require.Zero(rt, task.Due(time.Now(), true), "a restart must not make new versions of what is current")
		task.issue("2024-10-04", "2024-10-06")
		flush(true)
		task.sweep(t.Context())
		require.ElementsMatch(rt, task.named(), s.goldFiles(), "nothing is left of a crash")
		task.Close()
	})
}
