package stream

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// The line of a commit has the same keys whatever the stage says of it, and its numbers are those of all datasets together.
func TestTheLineOfACommit(t *testing.T) {
	core, lines := observer.New(zap.InfoLevel)
	s := &session{rc: RunConfig{Group: "g"}.withDefaults(), complaints: complaints{log: zap.New(core)}}
	w := &worker{p: Partition{Topic: "in", ID: 2}, session: s}
	now := time.Now()
	commits := []Commit{
		{Next: 40, Records: make([]Record, 3), Tallies: []Tally{
			{Dataset: "a", Rows: map[string]int64{Out: 5, Duplicate: 1}, Rejects: map[string]int64{"empty": 2, "too_large": 1}, Bytes: 9, EventTime: now.Add(-time.Minute).UnixMicro()},
			{Dataset: "b", Rows: map[string]int64{Out: 7}, Bytes: 1},
		}},
		{Next: NoOffset, Tallies: []Tally{{Dataset: "a", Rows: map[string]int64{Held: 1}}}},
	}
	for i := range commits {
		w.account(&commits[i], time.Second)
	}
	w.account(&Commit{Next: 41}, time.Second)
	w.account(&Commit{Next: 42, Tallies: []Tally{{Dataset: "a", Rows: map[string]int64{Out: 0}}}}, time.Second)
	require.Equal(t, 2, lines.Len(), "commits without rows are not told")
	var all [][]string
	for _, line := range lines.All() {
		require.Equal(t, "committed", line.Message)
		var keys []string
		for _, f := range line.Context {
			keys = append(keys, f.Key)
		}
		all = append(all, keys)
	}
	require.Equal(t, []string{"partition", "next", "published", "rows", "outcomes", "bytes", "took", "freshness"}, all[0])
	require.Equal(t, all[0], all[1])
	line := lines.All()[0].ContextMap()
	require.EqualValues(t, 16, line["rows"])
	require.EqualValues(t, 10, line["bytes"])
	require.Equal(t, map[string]any{Out: int64(12), Duplicate: int64(1), Rejected: int64(3)}, line["outcomes"])
	require.InDelta(t, time.Minute, line["freshness"], float64(time.Second))
}
