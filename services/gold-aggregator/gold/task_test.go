package gold

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

var someOrders = []order{
	{"o1", "c1", "p1", "Books", "Europe", sales.Completed, 100},
	{"o2", "c1", "p1", "Books", "Europe", sales.Refunded, 50},
	{"o3", "c2", "p2", "Toys", "Europe", sales.Pending, 70},
}

func TestOnlyTouchedDaysGetANewVersion(t *testing.T) {
	s := newSilver(t)
	task := s.task()
	require.NoError(t, task.Add(t.Context(), []stream.Record{recordOf(s.write(20_000, 0, someOrders), 0), recordOf(s.write(20_001, 0, someOrders[:1]), 1)}))
	c, err := task.Flush(t.Context())
	require.NoError(t, err)
	require.Len(t, c.Records, 2*len(tables))
	task.Committed()
	require.Len(t, s.goldFiles(), 7)

	require.NoError(t, task.Add(t.Context(), []stream.Record{recordOf(s.write(20_001, 1, someOrders[1:]), 2)}))
	c, err = task.Flush(t.Context())
	require.NoError(t, err)
	require.Len(t, c.Records, len(tables))
	require.EqualValues(t, 3, c.Next)
	require.Equal(t, "gold/fact_sales/day=2024-10-05", string(c.Records[0].Key))
	task.Committed()
	v := task.days["2024-10-05"].gold
	require.EqualValues(t, 2, v[0].Version)
	require.Equal(t, int64(20_001)*sales.MicrosPerDay+1, v[0].EventTime, "of the slices that changed")
	s.requireDay(20_001, v)
	require.Len(t, s.goldFiles(), 8, "the files of version 1 are deleted")
	for i, table := range tables {
		copied, err := s.bucket.Get(t.Context(), "_manifests/"+table.name+"/day=2024-10-05.json")
		require.NoError(t, err)
		m, err := lake.DecodeManifest(copied)
		require.NoError(t, err)
		require.Equal(t, v[i], m)
	}
}

// Open reads to the end of the topic, so Add may bring what is older.
func TestOlderManifestIsIgnored(t *testing.T) {
	s := newSilver(t)
	task := s.task()
	old, now := s.write(20_000, 0, someOrders), s.write(20_000, 0, someOrders[:1])
	require.NoError(t, task.addSilver(recordOf(now, 1)))
	require.NoError(t, task.Add(t.Context(), []stream.Record{recordOf(old, 0)}))
	c, err := task.Flush(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 1, c.Next)
	task.Committed()
	s.requireDay(20_000, task.days["2024-10-04"].gold)
	require.NoError(t, task.Add(t.Context(), []stream.Record{recordOf(now, 1)}))
	require.Empty(t, task.changed)
}

func TestEmptyDayKeepsItsSlices(t *testing.T) {
	s := newSilver(t)
	task := s.task()
	for i, files := range [][][]order{{someOrders}, {}} {
		require.NoError(t, task.Add(t.Context(), []stream.Record{recordOf(s.write(20_000, 0, files...), int64(i))}))
		_, err := task.Flush(t.Context())
		require.NoError(t, err)
		task.Committed()
	}
	v := task.days["2024-10-04"].gold
	for _, m := range v {
		require.EqualValues(t, 2, m.Version)
		require.Zero(t, m.Count)
		require.Empty(t, m.Files)
	}
	s.requireDay(20_000, v)
	require.Empty(t, s.goldFiles())
}

func TestRecordsThatChangeNothingAreCommitted(t *testing.T) {
	task := newSilver(t).task()
	ledger := &lake.Ledger{Format: lake.Format, Source: "sales_events"}
	require.NoError(t, task.Add(t.Context(), []stream.Record{{Offset: 4, Key: []byte(ledger.Key()), Value: ledger.Encode()}}))
	require.Zero(t, task.Due(time.Now(), false))
	now := time.Now()
	require.Equal(t, now, task.Due(now, true))
	c, err := task.Flush(t.Context())
	require.NoError(t, err)
	require.Equal(t, stream.Commit{Next: 5, Tallies: []stream.Tally{{Dataset: sales.TopicEvents, Rows: map[string]int64{}}}}, c)
	task.Committed()
	require.Zero(t, task.Due(now, true))
}

func TestChangesWaitForMore(t *testing.T) {
	s := newSilver(t)
	task := s.task()
	task.MaxAge, task.Partitions = time.Minute, 3
	before := time.Now()
	require.NoError(t, task.Add(t.Context(), []stream.Record{recordOf(s.write(20_000, 0, someOrders), 0)}))
	due := task.Due(time.Now(), false)
	require.WithinRange(t, due, before.Add(time.Minute), time.Now().Add(time.Minute))
	require.NoError(t, task.Add(t.Context(), []stream.Record{recordOf(s.write(20_000, 1, someOrders), 1)}))
	require.Equal(t, due, task.Due(time.Now(), false), "counted from the oldest")
	require.Equal(t, due.Add(-time.Minute), task.Due(time.Now(), true), "no more is there to be read")
	task.Linger = time.Second
	require.Equal(t, due.Add(time.Second-time.Minute), task.Due(time.Now(), true), "other partitions change about the same time")
	task.Linger = time.Hour
	require.Equal(t, due, task.Due(time.Now(), true), "no longer than max_age")
	require.NoError(t, task.Add(t.Context(), []stream.Record{recordOf(s.write(20_000, 2, someOrders), 2)}))
	require.Equal(t, due, task.Due(time.Now(), false))
	require.Equal(t, due.Add(-time.Minute), task.Due(time.Now(), true), "all partitions have changed it")
}

// Days that are over wait for each other, and not for ever; neither the day that goes on nor a command waits for them.
func TestCorrectionsAreGathered(t *testing.T) {
	s := newSilver(t)
	o := s.options()
	o.CorrectionsEvery, o.Linger, o.MaxAge = time.Minute, time.Second, time.Second
	task := s.taskOf(o)
	today := int32(time.Now().Unix() / 86400)
	offset := int64(0)
	change := func(day int32) {
		require.NoError(t, task.Add(t.Context(), []stream.Record{recordOf(s.write(day, 0, someOrders[:1+offset%2]), offset)}))
		offset++
	}
	flush := func(next int64, records int) {
		require.False(t, task.Due(time.Now(), true).After(time.Now()))
		c, err := task.Flush(t.Context())
		require.NoError(t, err)
		require.Equal(t, next, c.Next)
		require.Len(t, c.Records, records)
		task.Committed()
	}
	change(20_000)
	flush(1, len(tables)) // the first does not wait
	corrected := task.corrected
	change(20_000)
	change(20_001)
	change(20_002)
	require.Equal(t, corrected.Add(time.Minute), task.Due(time.Now(), true))
	change(today)
	flush(1, len(tables)) // the offset stays before what waits
	require.Equal(t, corrected.Add(time.Minute), task.Due(time.Now(), true))
	task.issue("1999-01-01", "2024-10-04")
	flush(1, len(tables)+1)
	require.Equal(t, corrected.Add(time.Minute), task.Due(time.Now(), true), "a command is no correction")

	task.days["2024-10-05"].urgent = true
	flush(1, len(tables))
	require.Equal(t, corrected, task.corrected, "others wait no longer for it")
	task.corrected = time.Now().Add(500*time.Millisecond - time.Minute)
	require.Equal(t, task.late.Add(time.Second), task.Due(time.Now(), true), "what comes just then is waited for")
	task.late = task.late.Add(time.Hour)
	require.Equal(t, task.corrected.Add(time.Minute+time.Second), task.Due(time.Now(), true), "no longer than max_age")
	task.corrected = task.corrected.Add(-2 * time.Second)
	flush(5, len(tables))
	require.Zero(t, task.Due(time.Now(), true))
	for _, day := range []int32{20_000, 20_001, 20_002, today} {
		s.requireDay(day, task.days[sales.FormatDay(day)].gold)
	}
}

// Silver forgets changes: a correction must not wait until these do not lead on from gold's version.
func TestManyChangesAreNotWaitedFor(t *testing.T) {
	s := newSilver(t)
	o := s.options()
	o.CorrectionsEvery = time.Minute
	task := s.taskOf(o)
	s.take(task, s.write(20_000, 0, someOrders))
	m := s.next(20_000, 0)
	m.Base = 1
	for m.Version = 2; ; m.Version++ {
		m.Changes = append(slices.Clone(m.Changes), lake.Change{Version: m.Version})
		require.NoError(t, task.Add(t.Context(), []stream.Record{recordOf(m, m.Version)}))
		if len(m.Changes) == manyChanges {
			break
		}
		require.Equal(t, task.correction(), task.Due(time.Now(), true))
	}
	require.False(t, task.Due(time.Now(), true).After(time.Now()))
}

func TestADayIsOverAnHourAfterMidnightUTC(t *testing.T) {
	d := day{date: 20_000}
	after := time.Unix(20_001*86400, 0).Add(afterMidnight).In(time.FixedZone("elsewhere", 5*3600))
	require.False(t, d.over(after.Add(-1)))
	require.True(t, d.over(after))
}

func TestDayWaitsForTheManifestThatReplacesADeletedFile(t *testing.T) {
	s := newSilver(t)
	task := s.task()
	gone, other := s.write(20_000, 0, someOrders), s.write(20_001, 0, someOrders)
	require.NoError(t, s.bucket.Delete(t.Context(), gone.Files[0].Key))
	require.NoError(t, task.Add(t.Context(), []stream.Record{recordOf(gone, 0), recordOf(other, 1)}))
	c, err := task.Flush(t.Context())
	require.NoError(t, err)
	require.Zero(t, c.Next, "the offset stays where it was")
	require.Len(t, c.Records, len(tables), "other days go on")
	task.Committed()
	require.True(t, task.Due(time.Now(), true).After(time.Now()))

	task.CorrectionsEvery, task.corrected = time.Minute, time.Now()
	require.NoError(t, task.Add(t.Context(), []stream.Record{recordOf(s.write(20_000, 0, someOrders[1:]), 2)})) // it has waited
	require.False(t, task.Due(time.Now(), true).After(time.Now()))
	c, err = task.Flush(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 3, c.Next)
	task.Committed()
	s.requireDay(20_000, task.days["2024-10-04"].gold)
}

func TestDayDoesNotWaitForEver(t *testing.T) {
	s := newSilver(t)
	task := s.task()
	gone := s.write(20_000, 0, someOrders)
	require.NoError(t, s.bucket.Delete(t.Context(), gone.Files[0].Key))
	require.NoError(t, task.Add(t.Context(), []stream.Record{recordOf(gone, 0)}))
	_, err := task.Flush(t.Context())
	require.NoError(t, err)
	task.Committed()
	task.gone["2024-10-04"] = time.Now().Add(-goneLimit)
	_, err = task.Flush(t.Context())
	require.ErrorIs(t, err, blob.ErrNotFound)
	require.ErrorContains(t, err, gone.Files[0].Key)
}

func TestDamagedSilverFileIsNamed(t *testing.T) {
	s := newSilver(t)
	m := s.write(20_000, 0, someOrders)
	key := m.Files[0].Key
	data, err := s.bucket.Get(t.Context(), key)
	require.NoError(t, err)
	data[len(data)/2] ^= 1
	require.NoError(t, s.bucket.Put(t.Context(), key, data))
	task := s.task()
	require.NoError(t, task.Add(t.Context(), []stream.Record{recordOf(m, 0)}))
	_, err = task.Flush(t.Context())
	require.ErrorIs(t, err, lake.ErrCorrupt)
	require.ErrorContains(t, err, key)
	require.Empty(t, s.goldFiles())
}

func TestManifestThatLiesAboutMoneyIsRefused(t *testing.T) {
	s := newSilver(t)
	m := s.write(20_000, 0, someOrders)
	m.Files[0].Cents++
	task := s.task()
	require.NoError(t, task.Add(t.Context(), []stream.Record{recordOf(m, 0)}))
	_, err := task.Flush(t.Context())
	require.ErrorIs(t, err, lake.ErrCorrupt)
	require.ErrorContains(t, err, "revenue of 2.20, its manifest says 2.21")

	m.Files[0].Cents--
	m.Cents++
	task = s.task()
	require.NoError(t, task.Add(t.Context(), []stream.Record{recordOf(m, 0)}))
	_, err = task.Flush(t.Context())
	require.ErrorIs(t, err, lake.ErrCorrupt)
	require.ErrorContains(t, err, "its files hold 3 rows and 220 cents, its manifest says 3 and 221")
}

func TestOtherTablesAreForOthers(t *testing.T) {
	s := newSilver(t)
	m := s.write(20_000, 0, someOrders)
	other := *m
	other.Table = "silver/customers"
	task := s.task()
	require.NoError(t, task.Add(t.Context(), []stream.Record{recordOf(&other, 7)}))
	require.NoError(t, task.addGold(recordOf(&other, 7)))
	require.Empty(t, task.days)
	require.EqualValues(t, 8, task.next)
}

func TestRecordsOfAnotherPartitionAreRefused(t *testing.T) {
	s := newSilver(t)
	m := s.write(20_000, 0, someOrders)
	task := s.task()
	task.Partitions = 7
	task.partition = (stream.PartitionFor([]byte(m.Day), 7) + 1) % 7
	require.ErrorContains(t, task.Add(t.Context(), []stream.Record{recordOf(m, 7)}), "its day belongs to")
	require.Error(t, s.task().Add(t.Context(), []stream.Record{{Key: []byte("silver/x"), Value: []byte("{")}}))
}

func TestLostSilverTopicIsNoticed(t *testing.T) {
	s := newSilver(t)
	task := s.task()
	require.NoError(t, task.Add(t.Context(), []stream.Record{recordOf(s.write(20_000, 0, someOrders), 0)}))
	c, err := task.Flush(t.Context())
	require.NoError(t, err)
	again := s.task()
	for _, r := range c.Records {
		require.NoError(t, again.addGold(r))
	}
	require.ErrorContains(t, again.findChanges(), "gold of 2024-10-04 was made from version 1 of silver/sales/day=2024-10-04/p=000, which lake.silver does not have")
}
