package loader

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/services/redshift-loader/warehouse"
)

func TestDue(t *testing.T) {
	start := time.Date(2026, 1, 1, 10, 2, 33, 5, time.UTC)
	now := start.Add(3 * time.Second)
	minute := start.Truncate(time.Minute).Add(time.Minute)
	gone := map[string]*wait{"a": {retry: minute}, "b": {retry: minute.Add(time.Second)}}
	for name, c := range map[string]struct {
		task     task
		every    time.Duration
		caughtUp bool
		want     time.Time
	}{
		"nothing came":                    {task{}, time.Second, true, time.Time{}},
		"the first load is at once":       {task{added: true, since: start}, time.Minute, true, now},
		"more to read: let it gather":     {task{added: true, since: start}, time.Minute, false, minute},
		"the next full minute":            {task{added: true, since: start, loaded: start.Add(-time.Hour)}, time.Minute, true, minute},
		"the next quarter of the hour":    {task{added: true, since: start, loaded: start}, 15 * time.Minute, true, time.Date(2026, 1, 1, 10, 15, 0, 0, time.UTC)},
		"no pause":                        {task{added: true, since: start, loaded: start}, 0, true, start},
		"no pause, more to read":          {task{added: true, since: start, loaded: start}, 0, false, start},
		"files are gone":                  {task{loaded: start, gone: gone}, 0, true, minute},
		"files are gone, and more came":   {task{added: true, since: start, loaded: start, gone: gone}, 0, true, start},
		"files are gone, more comes late": {task{added: true, since: start, loaded: start, gone: gone}, time.Hour, true, minute},
	} {
		t.Run(name, func(t *testing.T) {
			c.task.stage = &stage{Options: Options{LoadEvery: c.every}}
			require.Equal(t, c.want, c.task.Due(now, c.caughtUp))
		})
	}
}

func TestAddKeepsTheNewestPassingVerdict(t *testing.T) {
	s := &stage{Options: Options{Log: zap.NewNop()}, metrics: newMetrics(nil)}
	opened, err := s.Open(t.Context(), stream.Partition{Topic: sales.TopicVerdicts}, 0)
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
	require.False(t, task.added)

	require.ErrorContains(t, task.Add(t.Context(), []stream.Record{{Offset: 12, Value: []byte(`{"format":99}`)}}), "offset 12: ")
}

// lacking is a warehouse that has no file for any slice, until it is told otherwise.
type lacking struct {
	Warehouse
	tries []int // verdicts of each load
	there bool
}

func (l *lacking) Load(_ context.Context, verdicts []*lake.Verdict) (r warehouse.Result, err error) {
	l.tries = append(l.tries, len(verdicts))
	for _, v := range verdicts {
		if !l.there && v.Manifest.Day == "2026-01-01" {
			r.Gone = append(r.Gone, warehouse.GoneSlice{Slice: warehouse.Slice{Table: v.Manifest.Table, Slice: v.Manifest.Slice, Version: v.Manifest.Version}, File: "silver/a.parquet"})
		}
	}
	return r, nil
}

func (*lacking) Loaded(context.Context, []*lake.Verdict) (map[string]warehouse.Slice, error) {
	return nil, nil
}

func TestASliceThatLacksAFileIsAWarningInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		logs, seen := observer.New(zap.InfoLevel)
		w := &lacking{}
		reg := prometheus.NewRegistry()
		s := &stage{Options: Options{Log: zap.New(logs), Warehouse: w, Waiting: func(string) {}}, metrics: newMetrics(reg)}
		opened, err := s.Open(t.Context(), stream.Partition{Topic: sales.TopicVerdicts}, 0)
		require.NoError(t, err)
		task := opened.(*task)
		add := func(offset, version int64, day string) {
			v := lake.Verdict{Format: lake.Format, Outcome: lake.Pass,
				Manifest: lake.Manifest{Format: lake.Format, Table: sales.TableFacts, Slice: "day=" + day, Day: day, Version: version}}
			require.NoError(t, task.Add(t.Context(), []stream.Record{{Offset: offset, Key: []byte(v.Key()), Value: v.Encode()}}))
		}
		flush := func() {
			c, err := task.Flush(t.Context())
			require.NoError(t, err)
			require.Equal(t, task.next, c.Next, "no offset waits for the slice")
			task.Committed()
		}
		add(1, 1, "2026-01-01")
		flush()
		require.Zero(t, seen.FilterLevelExact(zap.WarnLevel).Len())
		add(2, 1, "2026-01-02")
		flush()
		require.Equal(t, []int{1, 1}, w.tries, "the other slice does not wait, nor is the first tried before its time")
		var pauses []time.Duration
		for start := time.Now(); time.Since(start) < time.Hour; flush() {
			pauses = append(pauses, time.Until(task.Due(time.Now(), true)))
			<-time.After(pauses[len(pauses)-1])
		}
		require.Less(t, pauses[0], 2*time.Second)
		require.Greater(t, pauses[len(pauses)-1], 5*time.Minute)
		require.Less(t, len(pauses), 25)
		warned := seen.FilterLevelExact(zap.WarnLevel).All()
		require.NotEmpty(t, warned)
		require.Equal(t, "gold/fact_sales/day=2026-01-01", warned[0].ContextMap()["slice"])
		require.Equal(t, "silver/a.parquet", warned[0].ContextMap()["file"])
		require.Contains(t, warned[0].ContextMap()["remedy"], "held-slice.md")
		require.NoError(t, testutil.GatherAndCompare(reg, strings.NewReader(goneSlices("1")), "sales_load_gone_slices"))

		add(3, 2, "2026-01-01")
		w.there = true
		flush()
		require.NoError(t, testutil.GatherAndCompare(reg, strings.NewReader(goneSlices("0")), "sales_load_gone_slices"))
		require.True(t, task.Due(time.Now(), true).IsZero())
		task.Close()
		n, err := testutil.GatherAndCount(reg, "sales_load_gone_slices")
		require.NoError(t, err)
		require.Zero(t, n)
	})
}

func goneSlices(n string) string {
	return `
# HELP sales_load_gone_slices Slices that cannot be loaded since a file of theirs is gone; a minute or two is normal, until the newer version's verdict comes.
# TYPE sales_load_gone_slices gauge
sales_load_gone_slices{partition="0"} ` + n + "\n"
}
