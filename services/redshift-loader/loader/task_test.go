package loader

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

func TestDue(t *testing.T) {
	start := time.Unix(1_000_000, 0)
	now := start.Add(3 * time.Second)
	for name, c := range map[string]struct {
		task     task
		every    time.Duration
		caughtUp bool
		want     time.Time
	}{
		"nothing came":                    {task{}, time.Second, true, time.Time{}},
		"the first load is at once":       {task{added: true, since: start}, time.Minute, true, now},
		"more to read: let it gather":     {task{added: true, since: start}, 5 * time.Second, false, start.Add(5 * time.Second)},
		"caught up: pause after the last": {task{added: true, since: start, loaded: start.Add(-time.Second)}, 5 * time.Second, true, start.Add(4 * time.Second)},
		"no pause":                        {task{added: true, since: start, loaded: start}, 0, true, start},
		"no pause, more to read":          {task{added: true, since: start, loaded: start}, 0, false, start},
	} {
		t.Run(name, func(t *testing.T) {
			c.task.stage = &stage{Options: Options{LoadEvery: c.every}}
			require.Equal(t, c.want, c.task.Due(now, c.caughtUp))
		})
	}
}

func TestAddKeepsTheNewestPassingVerdict(t *testing.T) {
	s := &stage{Options: Options{Log: zap.NewNop()}, metrics: newMetrics(nil)}
	opened, err := s.Open(t.Context(), stream.Partition{Topic: sales.TopicVerdicts}, 7)
	require.NoError(t, err)
	task := opened.(*task)
	record := func(offset, version int64, outcome lake.Outcome) stream.Record {
		v := lake.Verdict{Format: lake.Format, Outcome: outcome,
			Manifest: lake.Manifest{Format: lake.Format, Table: sales.TableFacts, Slice: "day=2026-01-01", Version: version}}
		return stream.Record{Offset: offset, Key: []byte(v.Key()), Value: v.Encode()}
	}
	require.NoError(t, task.Add(t.Context(), []stream.Record{
		record(7, 2, lake.Pass), record(8, 1, lake.Warn), record(10, 3, lake.Fail), {Offset: 11, Key: []byte("gone")},
	}))
	require.Len(t, task.pending, 1)
	require.Equal(t, int64(2), task.pending["gold/fact_sales/day=2026-01-01"].Manifest.Version)
	require.Equal(t, int64(12), task.next)
	task.Committed()
	require.True(t, task.Due(time.Now(), true).IsZero())

	require.ErrorContains(t, task.Add(t.Context(), []stream.Record{{Offset: 12, Value: []byte(`{"format":99}`)}}), "offset 12: ")
}
