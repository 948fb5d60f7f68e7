package gold

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

// What a commit that never was has left goes once the day has a later version, and what
// a process did not come to delete when its readers have had their time.
func TestLeftoversAreSwept(t *testing.T) {
	s := newSilver(t)
	o := s.options()
	o.Settle = 0
	crashed := s.taskOf(o)
	crashed.Grace = time.Hour
	first, second := s.update(20_000, 0, someOrders), s.update(20_000, 0, someOrders[:1])
	require.NoError(t, crashed.Add(t.Context(), []stream.Record{recordOf(first, 0)}))
	published := s.commit(crashed)
	changed := someOrders[0]
	changed.revenue = 300
	require.NoError(t, crashed.Add(t.Context(), []stream.Record{recordOf(second, 1)}))
	published = append(published, s.commit(crashed)...)
	third := s.update(20_000, 0, []order{changed})
	require.NoError(t, crashed.Add(t.Context(), []stream.Record{recordOf(third, 2)}))
	_, err := crashed.Flush(t.Context())
	require.NoError(t, err)
	left := s.goldFiles()
	require.Greater(t, len(left), 2*4)

	open := func(grace time.Duration) *task {
		o.Grace = grace
		next := s.taskOf(o)
		for _, r := range published {
			require.NoError(t, next.addGold(r))
		}
		require.NoError(t, next.addSilver(recordOf(third, 2)))
		require.NoError(t, next.findChanges())
		next.sweep(t.Context())
		return next
	}
	open(time.Hour)
	require.Equal(t, left, s.goldFiles(), "a reader may still be at the replaced files")
	next := open(0)
	require.Less(t, len(s.goldFiles()), len(left), "replaced ones are gone")
	require.Subset(t, s.goldFiles(), next.named())
	s.commit(next)
	require.NotElementsMatch(t, next.named(), s.goldFiles(), "it has been looked for lately")
	next.sweepAt = time.Now()
	require.NoError(t, next.Add(t.Context(), nil))
	require.ElementsMatch(t, next.named(), s.goldFiles())
	s.requireDay(20_000, next.days[someDay].gold)
}

// A task that was frozen wakes up when its successor has committed, and has written what it
// has not committed yet.
func TestAZombieDoesNotSweepItsSuccessorsFiles(t *testing.T) {
	s := newSilver(t)
	o := s.options()
	o.Settle = 0
	frozen := s.taskOf(o)
	first := s.update(20_000, 0, someOrders)
	require.NoError(t, frozen.Add(t.Context(), []stream.Record{recordOf(first, 0)}))
	published := s.commit(frozen)

	successor := s.taskOf(o)
	for _, r := range published {
		require.NoError(t, successor.addGold(r))
	}
	require.NoError(t, successor.addSilver(recordOf(first, 0)))
	successor.Grace = time.Hour
	for i := range int64(2) {
		changed := someOrders[0]
		changed.revenue = 200 + i
		require.NoError(t, successor.Add(t.Context(), []stream.Record{recordOf(s.update(20_000, 0, []order{changed}), 1+i), recordOf(s.write(20_001, 0, someOrders), 1+i)}))
		if i == 0 {
			s.commit(successor)
			continue
		}
		_, err := successor.Flush(t.Context())
		require.NoError(t, err)
	}
	before := s.goldFiles()
	frozen.sweep(t.Context())
	require.Equal(t, before, s.goldFiles())
	successor.Committed()
	frozen.sweep(t.Context())
	require.Subset(t, s.goldFiles(), successor.named())
}

func TestOnlyOwnDaysAreKnown(t *testing.T) {
	s := newSilver(t)
	task := s.task()
	s.take(task, s.write(20_000, 0, someOrders))
	m := task.days[someDay].gold[dailySales]
	require.Equal(t, lake.Known{Manifest: m, Through: 1}, task.known(sales.TableDailySales, "day="+someDay))
	for _, name := range []string{"day=2024-10-05", "day=2024-10-04/p=000", someDay, "day=x"} {
		require.Zero(t, task.known(sales.TableDailySales, name), name)
	}
	task.Partitions = 7
	task.partition = (stream.PartitionFor([]byte(someDay), 7) + 1) % 7
	require.Zero(t, task.known(sales.TableDailySales, "day="+someDay))
}
