package gold

import (
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/services/gold-aggregator/fold"
)

const someDay = "2024-10-04" // 20,000

// take has a task make the day of a manifest, and commits.
func (s *silverTable) take(t *task, m *lake.Manifest) {
	s.t.Helper()
	require.NoError(s.t, t.Add(s.t.Context(), []stream.Record{recordOf(m, t.next)}))
	_, err := t.Flush(s.t.Context())
	require.NoError(s.t, err)
	t.Committed()
	s.requireDay(20_000, t.days[someDay].gold)
}

func (s *silverTable) remove(files ...lake.File) {
	for _, f := range files {
		require.NoError(s.t, s.bucket.Delete(s.t.Context(), f.Key))
	}
}

// A refresh reads what changed and nothing else: the rest is not there any more.
func TestRefreshReadsWhatChanged(t *testing.T) {
	s := newSilver(t)
	task := s.task()
	m := s.update(20_000, 0, someOrders)
	s.take(task, m)
	s.remove(m.Files...)
	for i := range 3 {
		more := someOrders[0]
		more.id, more.customer = fmt.Sprint("more", i), fmt.Sprint("c", i)
		changed := someOrders[1]
		changed.revenue = int64(i)
		m = s.update(20_000, 0, []order{more, changed}, fmt.Sprint("more", i-1))
		s.take(task, m)
	}
	require.EqualValues(t, 1+3*2, testutil.ToFloat64(task.metrics.files))
	require.EqualValues(t, 1, testutil.ToFloat64(task.metrics.rebuilt))
}

// Versions that this task never saw are taken by their changes.
func TestSkippedVersionsAreTakenByTheirChanges(t *testing.T) {
	s := newSilver(t)
	task := s.task()
	m := s.update(20_000, 0, someOrders)
	s.take(task, m)
	s.remove(m.Files...)
	s.update(20_000, 0, []order{{"o9", "c9", "p9", "Books", "Europe", sales.Completed, 7}})
	s.update(20_000, 0, []order{{"o9", "c8", "p9", "Toys", "Europe", sales.Refunded, 8}})
	s.take(task, s.update(20_000, 0, nil, "o1"))
	require.EqualValues(t, 1, testutil.ToFloat64(task.metrics.rebuilt))
}

func TestDayIsMadeFromItsFilesWhenChangesDoNotLeadOn(t *testing.T) {
	four := []order{{"o9", "c9", "p9", "Books", "Europe", sales.Completed, 7}}
	for name, spoil := range map[string]func(s *silverTable, m *lake.Manifest){
		"no changes":       func(_ *silverTable, m *lake.Manifest) { m.Base, m.Changes = m.Version, nil },
		"an older program": func(_ *silverTable, m *lake.Manifest) { m.Base, m.Changes = 0, nil },
		"a file is gone":   func(s *silverTable, m *lake.Manifest) { s.remove(m.Changes[0].Changed...) },
		"rows are missing": func(_ *silverTable, m *lake.Manifest) { m.Changes[0].Added = nil },
		"a row that is not there is taken off": func(s *silverTable, m *lake.Manifest) {
			m.Changes[0].Changed = append(m.Changes[0].Changed, m.Changes[0].Changed...)
			m.Changes[0].Changed = append(m.Changes[0].Changed, m.Changes[0].Changed...)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSilver(t)
			task := s.task()
			s.take(task, s.update(20_000, 0, someOrders))
			changed := someOrders[0]
			changed.customer = "c7"
			m := s.update(20_000, 0, append(four, changed), "o3")
			spoil(s, m)
			s.take(task, m)
			require.EqualValues(t, 2, testutil.ToFloat64(task.metrics.rebuilt))
		})
	}
}

func TestWarmDayIsNotReadAgain(t *testing.T) {
	s := newSilver(t)
	task := s.task()
	m := s.update(20_000, 0, someOrders)
	require.NoError(t, task.addSilver(recordOf(m, 0)))
	require.NoError(t, task.warm(t.Context()))
	s.remove(m.Files...)
	s.take(task, s.update(20_000, 0, []order{{"o9", "c9", "p9", "Books", "Europe", sales.Completed, 7}}))
}

// A file that is gone is no reason not to start: the newer manifest is on its way.
func TestWarmLeavesADayWhoseFileIsGone(t *testing.T) {
	s := newSilver(t)
	task := s.task()
	m := s.update(20_000, 0, someOrders)
	require.NoError(t, task.addSilver(recordOf(m, 0)))
	s.remove(m.Files...)
	require.NoError(t, task.warm(t.Context()))
	require.Zero(t, task.states.bytes)
}

func TestWarmTakesTheNewestDaysOfItsShare(t *testing.T) {
	s := newSilver(t)
	task := s.task()
	for date := range int32(5) {
		require.NoError(t, task.addSilver(recordOf(s.write(20_000+date, 0, someOrders), 0)))
	}
	var names []string
	for _, d := range task.recent(2*3*fold.RowBytes - 1) {
		names = append(names, d.name)
	}
	require.Equal(t, []string{"2024-10-08", "2024-10-07"}, names)
	require.Len(t, task.recent(1<<20), 5)
	require.Empty(t, task.recent(0))
}

func TestCacheKeepsTheLastUsedWithinItsBytes(t *testing.T) {
	st := newState(20_000)
	batch, _ := silverRows(20_000, someOrders)
	rows := column.NewBatch(fold.Input, 0)
	for i := range rows.Columns {
		rows.Columns[i] = *batch.Column(fold.Input.Fields[i].Name)
	}
	_, err := st.day.Apply(rows)
	require.NoError(t, err)
	size, days := st.day.Bytes(), [4]*day{{}, {}, {}, {}}
	c := newCache(3*size, prometheus.NewGauge(prometheus.GaugeOpts{}))
	for _, d := range days[:3] {
		c.put(d, st)
	}
	require.Same(t, st, c.take(days[0]))
	require.Nil(t, c.take(days[0]), "who takes it has it alone")
	c.put(days[0], st)
	c.put(days[3], st)
	require.Equal(t, 3*size, c.bytes)
	require.Nil(t, c.take(days[1]), "the longest unused is dropped")
	for _, i := range []int{0, 2, 3} {
		require.NotNil(t, c.take(days[i]), i)
	}
	require.Zero(t, c.bytes)
	c.limit = size - 1
	c.put(days[0], st)
	require.Nil(t, c.take(days[0]), "one that does not fit is dropped at once")
}

func TestPublishedOnceSettled(t *testing.T) {
	d := &day{date: 20_000}
	end := int64(20_001) * sales.MicrosPerDay
	require.False(t, d.published(end+sales.MicrosPerDay, time.Hour), "the first version changes nothing")
	d.gold[dailySales] = &lake.Manifest{}
	require.False(t, d.published(end+3_599_999_999, time.Hour))
	require.True(t, d.published(end+3_600_000_000, time.Hour))
}
