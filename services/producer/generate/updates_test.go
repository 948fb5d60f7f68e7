package generate

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// collectUpdates makes a whole stream and hands each item to see.
func collectUpdates(t *testing.T, o Options, see func(item *UpdateItem)) {
	t.Helper()
	u, err := NewUpdates(o)
	require.NoError(t, err)
	var item UpdateItem
	for u.Next(&item) {
		see(&item)
	}
}

func TestSameSeedSameUpdates(t *testing.T) {
	all := func(o Options) (text string) {
		collectUpdates(t, o, func(item *UpdateItem) { text += string(item.Key) + string(item.Value) })
		return text
	}
	o := Sample(7, 1_000, NDJSON)
	first := all(o)
	require.Equal(t, first, all(o))
	o.Seed++
	require.NotEqual(t, first, all(o))
}

func TestEveryKindOfUpdateIsPlanted(t *testing.T) {
	o := Load(1, 30_000)
	planted, stories := map[string]int{}, map[string]int{}
	collectUpdates(t, o, func(item *UpdateItem) {
		planted[item.Truth.Code+": "+item.Truth.Plant]++
		stories[item.Truth.Story]++
	})
	for _, p := range slices.Concat(updateFaults(), updateTwists()) {
		require.NotZero(t, planted[p.code+": "+p.what], "%s: %s", p.code, p.what)
	}
	for _, story := range []string{StoryJoined, StoryCity, StorySegment, StoryEmail, StoryDeleted, StoryReturned, StoryEarly, StoryLate, StoryRepeat, StoryUnheard} {
		require.NotZero(t, stories[story], story)
	}
}

// A valid update says what its truth says, and one customer is one thing at one time.
func TestUpdatesSayWhatTheirTruthSays(t *testing.T) {
	versions := map[string]Update{}
	var before int64
	outOfOrder, bare := 0, 0
	collectUpdates(t, Load(9, 20_000), func(item *UpdateItem) {
		if item.Truth.Code != "" {
			return
		}
		u := item.Truth.Update
		var got struct {
			ID      string    `json:"customer_id"`
			Time    time.Time `json:"updated_ts"`
			Name    *string   `json:"name"`
			Email   string    `json:"email"`
			Segment string    `json:"segment"`
			City    string    `json:"city"`
			Country string    `json:"country"`
			Deleted bool      `json:"deleted"`
		}
		require.NoError(t, json.Unmarshal(item.Value, &got))
		require.Equal(t, u.ID, strings.TrimSpace(got.ID))
		require.Equal(t, u.ID, string(item.Key))
		require.Equal(t, u.UpdatedTS, got.Time.UnixMicro())
		require.Equal(t, u.Deleted, got.Deleted)
		require.Equal(t, u.Bare, got.Name == nil)
		if !u.Bare {
			said := Customer{u.ID, *got.Name, got.Email, got.Segment, got.City, got.Country, u.UpdatedTS}
			require.Equal(t, u.Customer, said)
		} else {
			bare++
		}
		version := u.ID + string(appendTime(nil, u.UpdatedTS))
		if was, known := versions[version]; known {
			require.Equal(t, was, u)
		}
		versions[version] = u
		if u.UpdatedTS < before {
			outOfOrder++
		}
		before = max(before, u.UpdatedTS)
	})
	require.NotZero(t, outOfOrder)
	require.NotZero(t, bare)
}

func TestUpdatesOfCustomersThatHaveNoOtherHistory(t *testing.T) {
	o := Load(4, 5_000)
	listed, err := Customers(o)
	require.NoError(t, err)
	versions := map[string]int{}
	for _, c := range listed {
		versions[c.ID]++
	}
	tally := NewUpdateTally()
	collectUpdates(t, o, func(item *UpdateItem) {
		tally.Add(&item.Truth)
		require.LessOrEqual(t, versions[item.Truth.Update.ID], 1)
		if item.Truth.Story == StoryJoined {
			require.Zero(t, versions[item.Truth.Update.ID])
		}
	})
	run := tally.Run()
	var rejected int64
	for _, n := range run.Rejected {
		rejected += n
	}
	require.EqualValues(t, 5_000, run.Rows)
	require.Equal(t, run.Rows, run.BronzeRows+rejected)
	require.Greater(t, run.BronzeRows, run.Versions, "repeats are no versions")
	require.InDelta(t, 50, rejected, 25)
	require.Less(t, run.Deleted, run.Customers)
	require.Less(t, run.Deleted, run.Deletions, "some have come back")
	require.Less(t, run.Deletions, run.DeletedRows, "some are told twice")
	require.Positive(t, run.Deleted)
}

func TestUpdatesFlowBesideSales(t *testing.T) {
	o := Load(5, 0)
	o.Every = time.Millisecond
	u, err := NewUpdates(o.ForUpdates())
	require.NoError(t, err)
	var item UpdateItem
	for range 50 {
		require.True(t, u.Next(&item))
	}
	require.Equal(t, u.opts.Start.Add(49*SalesPerUpdate*time.Millisecond).UnixMicro(), u.now)
}
