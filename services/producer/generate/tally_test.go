package generate

import (
	"cmp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// requireBalanced holds a run's figures against each other.
func requireBalanced(t require.TestingT, r Run) {
	var rejected, gross, refunded, orders, pending, cancelled int64
	for _, n := range r.Rejected {
		rejected += n
	}
	require.Equal(t, r.Rows, rejected+r.Deduplicated.Rows+r.Silver.Rows, "rows")
	require.Equal(t, r.BronzeRows, r.Refused.Rows+r.Deduplicated.Rows+r.Silver.Rows, "bronze rows")
	require.Equal(t, r.BronzeCents, r.Refused.Cents+r.Deduplicated.Cents+r.Silver.Cents, "bronze cents")
	for _, c := range r.Cells {
		require.Equal(t, c.Gross-c.Refunded, c.Net)
		require.LessOrEqual(t, c.Customers, c.Orders)
		gross, refunded, orders = gross+c.Gross, refunded+c.Refunded, orders+c.Orders
		pending, cancelled = pending+c.Pending, cancelled+c.Cancelled
	}
	status := r.ByStatus
	require.Equal(t, status[Completed].Cents+status[Refunded].Cents, gross)
	require.Equal(t, status[Refunded].Cents, refunded)
	require.Equal(t, status[Completed].Rows+status[Refunded].Rows, orders)
	require.Equal(t, status[Pending].Rows, pending)
	require.Equal(t, status[Cancelled].Rows, cancelled)
	require.Equal(t, r.Silver.Cents, gross+status[Pending].Cents+status[Cancelled].Cents)
}

func TestAnyStreamBalancesAndAgreesWithASort(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		o := Options{
			Seed: rapid.Uint64().Draw(rt, "seed"), Rows: rapid.IntRange(1, 2_000).Draw(rt, "rows"),
			Format: Format(rapid.IntRange(0, 2).Draw(rt, "format")), Customers: 100, Products: 100,
			Days: rapid.IntRange(1, 200).Draw(rt, "days"), Faults: rapid.IntRange(0, 200).Draw(rt, "faults"),
			Twists: rapid.IntRange(0, 1_000).Draw(rt, "twists"), Duplicates: rapid.IntRange(0, 300).Draw(rt, "duplicates"),
			Versions: rapid.IntRange(0, 300).Draw(rt, "versions"),
		}
		tally := NewTally()
		var valid []Event
		collect(t, o, func(item *Item) {
			tally.Add(&item.Truth)
			if item.Truth.Code == "" {
				valid = append(valid, item.Truth.Event)
			}
		})
		run, err := tally.Run(o)
		require.NoError(rt, err)
		requireBalanced(rt, run)
		require.EqualValues(rt, o.Rows, run.Rows)
		require.Equal(rt, lastOfEachOrder(valid), tally.Current())
	})
}

// lastOfEachOrder is the contract's row_number() over (partition by order order by event_ts, event_id, arrival) said as a
// sort, beside the tally's running comparison.
func lastOfEachOrder(valid []Event) []Event {
	slices.SortStableFunc(valid, func(a, b Event) int {
		return cmp.Or(cmp.Compare(a.Order, b.Order), cmp.Compare(a.EventTS, b.EventTS), cmp.Compare(a.ID, b.ID))
	})
	last := []Event{}
	for i, e := range valid {
		if i+1 == len(valid) || valid[i+1].Order != e.Order {
			last = append(last, e)
		}
	}
	return last
}

func TestArrivalDecidesOnlyBetweenEqualIDs(t *testing.T) {
	early := Truth{Event: Event{Order: 1, ID: 9, EventTS: 1, Revenue: 1}}
	late := Truth{Event: Event{Order: 1, ID: 2, EventTS: 2, Revenue: 2}}
	tie := Truth{Event: Event{Order: 1, ID: 3, EventTS: 2, Revenue: 3}}
	resent := Truth{Event: Event{Order: 1, ID: 3, EventTS: 2, Revenue: 4}}
	for name, c := range map[string]struct {
		arrivals []Truth
		revenue  int64
	}{
		"the later event_ts":              {[]Truth{late, early}, 2},
		"of a tie the greater id":         {[]Truth{tie, late, early}, 3},
		"of one id the later arrival":     {[]Truth{tie, resent, late}, 4},
		"of one id the later one, turned": {[]Truth{resent, tie}, 3},
	} {
		tally := NewTally()
		for _, truth := range c.arrivals {
			tally.Add(&truth)
		}
		require.Equal(t, c.revenue, tally.Current()[0].Revenue, name)
	}
}
