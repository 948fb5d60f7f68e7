package lake

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestReplayOfIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := RejectID{RecordID{rapid.StringMatching(`[a-z:/@#0-9]{1,20}`).Draw(t, "source"), rapid.Int32Min(0).Draw(t, "partition"), rapid.Int64Min(0).Draw(t, "offset")},
			rapid.Int64().Draw(t, "arrived")}
		attempt := rapid.IntRange(1, 1_000_000).Draw(t, "attempt")
		back, n, ok := ParseReplayOf(ReplayOf(id, attempt))
		require.True(t, ok)
		require.Equal(t, id, back)
		require.Equal(t, attempt, n)
	})
	require.Equal(t, "sales_events/3/41@99#1", ReplayOf(RejectID{RecordID{"sales_events", 3, 41}, 99}, 1))
	for _, text := range []string{"", "x", "sales_events/3/41#1", "sales_events/3/41@99", "sales_events/3/41@99#0", "sales_events/3/41@x#1", "sales_events/-3/41@99#1",
		"/3/41@99#1", "\xff/3/41@99#1", strings.Repeat("s", 600) + "/3/41@99#1"} {
		_, _, ok := ParseReplayOf(text)
		require.False(t, ok, text)
	}
}

// A topic that is made anew has the same offsets again.
func TestAttemptsOfRejectsWithOneOffsetHaveTwoKeys(t *testing.T) {
	a := Replay{Stage: "bronze", RejectID: RejectID{RecordID{"sales_events", 3, 41}, 99}, Attempt: 1}
	b := a
	b.Arrived++
	require.Equal(t, "replay/bronze/sales_events/p=003/41@99#1", a.Key())
	require.NotEqual(t, a.Key(), b.Key())
}
