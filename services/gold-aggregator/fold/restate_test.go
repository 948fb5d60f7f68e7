package fold

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/sales"
)

// part is what an order counts for in its cell.
func part(o order) string {
	if o.status == sales.Pending || o.status == sales.Cancelled {
		return o.status
	}
	return fmt.Sprint(o.status, o.quantity, o.revenue, o.customer)
}

// naiveCauses gives the orders whose part in a cell differs.
func naiveCauses(before, after map[string]order, region, category string) []string {
	in := func(orders map[string]order, id string) string {
		o, ok := orders[id]
		if !ok || o.region != region || o.category != category {
			return ""
		}
		return part(o)
	}
	ids := []string{}
	all := maps.Clone(before)
	maps.Copy(all, after)
	for _, id := range slices.Sorted(maps.Keys(all)) {
		if in(before, id) != in(after, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

func drawOrders(t *rapid.T, label string) map[string]order {
	orders := map[string]order{}
	for _, o := range rapid.SliceOfN(rapid.Custom(drawOrder), 0, 30).Draw(t, label) {
		o.id += rapid.StringMatching("[ab\"]").Draw(t, "more of the id")
		orders[o.id] = o
	}
	return orders
}

func salesOf(t require.TestingT, orders map[string]order) *column.Batch {
	d := NewDay(date)
	_, err := d.Apply(put(slices.Collect(maps.Values(orders))))
	require.NoError(t, err)
	return d.Sales()
}

// Each cell that differs has a row, with what it was, what it is, and who did it.
func TestRestateComparesCells(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before, after := drawOrders(t, "before"), drawOrders(t, "after")
		for id, o := range before {
			if rapid.Bool().Draw(t, "stays") {
				after[id] = o
			}
		}
		causes := NewCauses()
		var changes []change
		for _, o := range before {
			changes = append(changes, change{o, sales.OpBefore})
		}
		for _, o := range after {
			changes = append(changes, change{o, sales.OpUpsert})
		}
		require.NoError(t, causes.Take(batchOf(CauseChanged, changes), 1))

		want := []record{}
		old, now := naiveCells(before), naiveCells(after)
		for _, cell := range slices.Sorted(maps.Keys(both(old, now))) {
			if maps.Equal(old[cell], now[cell]) {
				continue
			}
			key := both(old, now)[cell]
			ids := naiveCauses(before, after, key["region"], key["category"])
			named, err := json.Marshal(ids[:min(len(ids), 10)])
			require.NoError(t, err)
			r := record{"order_date": day, "region": key["region"], "category": key["category"], "version": "7", "previous_version": "6", "restated_ts": "99",
				"cause_orders": fmt.Sprint(len(ids)), "causes": string(named)}
			for _, m := range sales.Measures {
				r["old_"+m.Name], r["new_"+m.Name] = valueOr0(old[cell], m.Name), valueOr0(now[cell], m.Name)
			}
			want = append(want, r)
		}
		got := Restate(date, salesOf(t, before), salesOf(t, after), Restatement{Version: 7, Previous: 6, Made: 99, Causes: causes})
		require.Equal(t, want, rowsOf(got))
	})
}

func naiveCells(orders map[string]order) map[string]record {
	cells := map[string]record{}
	for _, r := range naiveSales(slices.Collect(maps.Values(orders))) {
		cells[r["region"]+"\x00"+r["category"]] = r
	}
	return cells
}

func both(old, now map[string]record) map[string]record {
	all := maps.Clone(old)
	maps.Copy(all, now)
	return all
}

func valueOr0(r record, name string) string {
	if r == nil {
		return "0"
	}
	return r[name]
}

func TestUnknownCausesAreNone(t *testing.T) {
	before := map[string]order{"o1": {"o1", "c1", "p1", "Books", "Europe", sales.Completed, 1, 5, 3, date}}
	rows := rowsOf(Restate(date, salesOf(t, before), salesOf(t, nil), Restatement{Version: 2, Previous: 1, Causes: NewCauses()}))
	require.Len(t, rows, 1)
	require.Equal(t, "0", rows[0]["cause_orders"])
	require.Equal(t, "[]", rows[0]["causes"])
	require.Equal(t, "1", rows[0]["old_orders"])
	require.Equal(t, "0", rows[0]["new_orders"])
}

// Rows of files compared as a whole: those that are in both cancel out.
func TestCausesOfComparedFiles(t *testing.T) {
	stays := order{"o1", "c1", "p1", "Books", "Europe", sales.Completed, 1, 5, 3, date}
	was, is := stays, stays
	was.id, is.id, is.quantity = "o2", "o2", 2
	causes := NewCauses()
	require.NoError(t, causes.Take(batchOf(CauseInput, []change{{stays, ""}, {was, ""}}), -1))
	require.NoError(t, causes.Take(batchOf(CauseInput, []change{{is, ""}, {stays, ""}}), 1))
	n, named := causes.of([2]string{"Europe", "Books"})
	require.EqualValues(t, 1, n)
	require.Equal(t, `["o2"]`, named)
	require.ErrorContains(t, causes.Take(batchOf(CauseInput, []change{{order{status: "shipped"}, ""}}), 1), "shipped")
}
