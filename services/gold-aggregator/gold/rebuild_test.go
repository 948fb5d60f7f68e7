package gold

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/control"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

// commit flushes what is due, and commits it.
func (s *silverTable) commit(t *task) []stream.Record {
	s.t.Helper()
	require.False(s.t, t.Due(time.Now(), true).IsZero())
	c, err := t.Flush(s.t.Context())
	require.NoError(s.t, err)
	t.Committed()
	return c.Records
}

func doneOf(t testing.TB, records []stream.Record) *lake.Done {
	last := records[len(records)-1]
	require.True(t, lake.IsDone(last.Key))
	d, err := lake.DecodeDone(last.Value)
	require.NoError(t, err)
	return d
}

var (
	unspoilt = lake.Count{Rows: 2, Cents: 150} // of daily_sales of someOrders
	same     = lake.DayChange{Day: someDay, Before: unspoilt, After: unspoilt}
)

// A day that is whole gets a version with the same rows, and restates nothing.
func TestRebuiltDayIsTheSame(t *testing.T) {
	s := newSilver(t)
	o := s.options()
	o.Settle = 0
	task := s.taskOf(o)
	s.take(task, s.update(20_000, 0, someOrders))
	task.issue("1999-01-01", someDay)
	done := doneOf(t, s.commit(task))
	require.Equal(t, []lake.DayChange{same}, done.Days)
	require.Equal(t, someDay, done.Through)
	v := task.days[someDay].gold
	require.EqualValues(t, 2, v[facts].Version)
	require.Zero(t, v[restatements].Count)
	require.EqualValues(t, 2, testutil.ToFloat64(task.metrics.rebuilt), "it is read whole")
	require.Len(t, task.lastCommit(), len(tables)+1, "copied again when the partition is next opened")
	s.requireDay(20_000, v)
	require.Zero(t, task.Due(time.Now(), true), "it is done once")
}

// Lost and damaged files are made again, though a refresh that wants to read them cannot go on.
func TestARebuildHeals(t *testing.T) {
	for name, spoil := range map[string]func(s *silverTable, key string){
		"lost": func(s *silverTable, key string) { require.NoError(s.t, s.bucket.Delete(s.t.Context(), key)) },
		"damaged": func(s *silverTable, key string) {
			require.NoError(s.t, s.bucket.Put(s.t.Context(), key, []byte("PAR1")))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSilver(t)
			o := s.options()
			o.Settle = 0
			task := s.taskOf(o)
			s.take(task, s.update(20_000, 0, someOrders))
			for _, table := range []int{dailySales, 3} {
				spoil(s, task.days[someDay].gold[table].Files[0].Key)
			}
			changed := someOrders[0]
			changed.revenue = 200
			require.NoError(t, task.Add(t.Context(), []stream.Record{recordOf(s.update(20_000, 0, []order{changed}), 1)}))
			task.turnOf = true // as after a restart
			task.issue(someDay, someDay)
			done := doneOf(t, s.commit(task))
			want := lake.Count{Rows: 2, Cents: 250}
			require.Equal(t, []lake.DayChange{{Day: someDay, After: want, Added: want,
				Tables: []string{sales.TableDailySales, sales.TableDailyProducts, sales.TableHourlySales}}}, done.Days)
			v := task.days[someDay].gold
			s.requireDay(20_000, v)
			require.Zero(t, v[restatements].Count, "what was published cannot be said")
			require.Empty(t, task.changed)
			s.take(task, s.update(20_000, 0, someOrders[:1]))
			require.EqualValues(t, 1, task.days[someDay].gold[restatements].Rows)
		})
	}
}

// A long range is done in steps, with refreshes in between, and goes on where a task
// before has left it.
func TestARebuildGoesInSteps(t *testing.T) {
	s := newSilver(t)
	task := s.task()
	const days = 2*stepDays + 1
	for date := range int32(days) {
		require.NoError(t, task.Add(t.Context(), []stream.Record{recordOf(s.write(20_000+date, 0, someOrders), int64(date))}))
	}
	published := s.commit(task)
	command := task.issue("1999-01-01", "2030-01-01")
	first := s.commit(task)
	require.Equal(t, "2024-10-07", doneOf(t, first).Through)
	require.Len(t, first, stepDays*len(tables)+1)
	require.NoError(t, task.Add(t.Context(), []stream.Record{recordOf(s.write(20_020, 0, someOrders), days)}))
	refreshed := s.commit(task)
	require.Len(t, refreshed, len(tables), "a refresh has its turn")

	again := s.task()
	for _, records := range [][]stream.Record{published, first, refreshed} {
		for _, r := range records {
			require.NoError(t, again.addGold(r))
		}
	}
	for _, m := range s.newest {
		require.NoError(t, again.addSilver(recordOf(m, 0)))
	}
	require.NoError(t, again.findChanges())
	again.put(command)
	steps := []*lake.Done{doneOf(t, first), doneOf(t, s.commit(again)), doneOf(t, s.commit(again))}
	require.Equal(t, "2024-10-11", steps[1].Through)
	require.Equal(t, "2030-01-01", steps[2].Through)
	done := lake.SumDays(steps)
	require.Len(t, done, days+1)
	require.Equal(t, same.Before, done[0].After)
	require.Zero(t, again.Due(time.Now(), true))
	for _, d := range again.days {
		require.EqualValues(t, 2, d.gold[facts].Version)
		s.requireDay(d.date, d.gold)
	}
}

func TestARebuildWaitsForTheManifestThatReplacesADeletedFile(t *testing.T) {
	s := newSilver(t)
	task := s.task()
	m := s.write(20_000, 0, someOrders)
	s.take(task, m)
	s.remove(m.Files...)
	task.issue(someDay, someDay)
	require.Empty(t, s.commit(task))
	require.True(t, task.Due(time.Now(), true).After(time.Now()))
	s.take(task, s.write(20_000, 0, someOrders[1:]))
	require.Equal(t, someDay, doneOf(t, s.commit(task)).Through)
	s.requireDay(20_000, task.days[someDay].gold)
}

// The plan and what is then done agree, over a broker and beside two instances.
func TestPlanAndRebuild(t *testing.T) {
	c := newCluster(t)
	stopOne, stopTwo := c.start("one"), c.start("two")
	c.publish(c.write(20_000, 0, someOrders), c.write(20_001, 0, someOrders), c.write(20_002, 1, someOrders), c.write(20_003, 0, someOrders))
	days := c.requireGold(20_000, 20_001, 20_002, 20_003)
	spoilt := days["2024-10-05"][2].Files[0].Key
	require.NoError(t, c.bucket.Put(t.Context(), spoilt, []byte("PAR1")))

	command, err := control.NewCommand(lake.Rebuild, someDay, "2024-10-06")
	require.NoError(t, err)
	o := c.options()
	o.Kafka, o.Partitions = c.kafka, partitions
	plan, err := Plan(t.Context(), o, command)
	require.NoError(t, err)
	before := c.goldFiles()
	want := lake.SumDays([]*lake.Done{{Days: []lake.DayChange{same, {Day: "2024-10-05", Before: unspoilt, After: unspoilt, Tables: []string{sales.TableDailyProducts}},
		{Day: "2024-10-06", Before: unspoilt, After: unspoilt}}}})
	require.Equal(t, want, lake.SumDays(plan))
	require.Equal(t, before, c.goldFiles())

	require.NoError(t, control.Issue(t.Context(), c.kafka, -1, command))
	done, err := control.Wait(t.Context(), c.kafka, sales.TopicGold, command, partitions, nil)
	require.NoError(t, err)
	require.Equal(t, lake.SumDays(plan), lake.SumDays(done))
	days = c.requireGold(20_000, 20_001, 20_002, 20_003)
	require.EqualValues(t, 2, days["2024-10-05"][facts].Version)
	require.EqualValues(t, 1, days["2024-10-07"][facts].Version)
	require.NoError(t, stopOne())
	require.NoError(t, stopTwo())

	stop := c.start("one") // it finds what is done
	c.publish(c.write(20_003, 0, someOrders[:1]))
	days = c.requireGold(20_000, 20_001, 20_002, 20_003)
	require.NoError(t, stop())
	require.EqualValues(t, 2, days["2024-10-05"][facts].Version)
}

// A rebuild that a damaged file of silver prevents ends with the reason: it does not
// stand in the way of refreshes.
func TestARebuildThatCannotBeDone(t *testing.T) {
	s := newSilver(t)
	task := s.task()
	m := s.write(20_000, 0, someOrders)
	s.take(task, m)
	data, err := s.bucket.Get(t.Context(), m.Files[0].Key)
	require.NoError(t, err)
	require.NoError(t, s.bucket.Put(t.Context(), m.Files[0].Key, []byte("PAR1")))
	task.issue(someDay, someDay)
	_, err = task.Flush(t.Context())
	require.ErrorIs(t, err, stream.ErrRetry, "it starts afresh")
	require.ErrorContains(t, err, m.Files[0].Key)
	done := doneOf(t, s.commit(task))
	require.Equal(t, someDay, done.Through)
	require.ErrorContains(t, lake.Failures([]*lake.Done{done}), m.Files[0].Key)
	require.Zero(t, task.Due(time.Now(), true), "it is not tried again")

	require.NoError(t, s.bucket.Put(t.Context(), m.Files[0].Key, data))
	s.take(task, s.update(20_000, 0, someOrders[:1]))
}
