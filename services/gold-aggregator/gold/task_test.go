package gold

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/services/gold-aggregator/fold"
)

var someOrders = []order{
	{"o1", "c1", "p1", "Books", "Europe", sales.Completed, 100},
	{"o2", "c1", "p1", "Books", "Europe", sales.Refunded, 50},
	{"o3", "c2", "p2", "Toys", "Europe", sales.Pending, 70},
}

func drawOrder(t *rapid.T) order {
	return order{
		id: rapid.StringMatching("o[0-9]{8}").Draw(t, "id"), customer: rapid.SampledFrom([]string{"c1", "c2", "c3"}).Draw(t, "customer"),
		product: rapid.SampledFrom([]string{"p1", "p2"}).Draw(t, "product"), category: rapid.SampledFrom([]string{"Books", "Toys"}).Draw(t, "category"),
		region:  rapid.SampledFrom([]string{"Europe", "Asia Pacific"}).Draw(t, "region"),
		status:  rapid.SampledFrom([]string{sales.Pending, sales.Cancelled, sales.Completed, sales.Refunded}).Draw(t, "status"),
		revenue: rapid.Int64Range(0, 1<<40).Draw(t, "revenue"),
	}
}

// Whatever order slices change in, and wherever the task is dropped, each
// commit leaves gold as the naive model has it.
func TestGoldFollowsSilver(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := newSilver(t)
		task := s.task()
		var log []stream.Record // lake.silver
		published := map[string]stream.Record{}
		flush := func(commit bool) {
			if task.Due(time.Now(), true).IsZero() {
				return
			}
			c, err := task.Flush(t.Context())
			require.NoError(rt, err)
			if !commit {
				return
			}
			require.EqualValues(rt, len(log), c.Next)
			for _, r := range c.Records {
				published[string(r.Key)] = r
			}
			task.Committed()
			require.Zero(rt, task.Due(time.Now(), true))
		}
		restart := func() {
			next := task.committed
			task.Close()
			task = s.task()
			task.next, task.committed = next, next
			for _, r := range published {
				require.NoError(rt, task.addGold(r))
			}
			for _, r := range log {
				require.NoError(rt, task.addSilver(r))
			}
			require.NoError(rt, task.findChanges())
			require.NoError(rt, task.Add(t.Context(), log[next:]))
		}
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			date, partition := rapid.Int32Range(20_000, 20_002).Draw(rt, "date"), rapid.Int32Range(0, 1).Draw(rt, "partition")
			files := rapid.SliceOfN(rapid.SliceOfN(rapid.Custom(drawOrder), 1, 6), 0, 3).Draw(rt, "files")
			log = append(log, recordOf(s.write(date, partition, files...), int64(len(log))))
			require.NoError(rt, task.Add(t.Context(), log[len(log)-1:]))
			switch rapid.SampledFrom([]string{"wait", "flush", "flush", "die after the upload", "restart"}).Draw(rt, "then") {
			case "flush":
				flush(true)
			case "die after the upload":
				flush(false)
				restart()
			case "restart":
				restart()
			}
		}
		flush(true)
		for _, d := range task.days {
			s.requireDay(d.date, d.gold)
		}
		restart()
		require.Zero(rt, task.Due(time.Now(), true), "a restart must not make new versions of what is current")
	})
}

func TestOnlyTouchedDaysGetANewVersion(t *testing.T) {
	s := newSilver(t)
	task := s.task()
	require.NoError(t, task.Add(t.Context(), []stream.Record{recordOf(s.write(20_000, 0, someOrders), 0), recordOf(s.write(20_001, 0, someOrders[:1]), 1)}))
	c, err := task.Flush(t.Context())
	require.NoError(t, err)
	require.Len(t, c.Records, 6)
	task.Committed()
	require.Len(t, s.goldFiles(), 4)

	require.NoError(t, task.Add(t.Context(), []stream.Record{recordOf(s.write(20_001, 1, someOrders[1:]), 2)}))
	c, err = task.Flush(t.Context())
	require.NoError(t, err)
	require.Len(t, c.Records, 3)
	require.EqualValues(t, 3, c.Next)
	require.Equal(t, "gold/fact_sales/day=2024-10-05", string(c.Records[0].Key))
	task.Committed()
	v := task.days["2024-10-05"].gold
	require.EqualValues(t, 2, v[0].Version)
	require.Equal(t, int64(20_001)*sales.MicrosPerDay+1, v[0].EventTime, "of the slices that changed")
	s.requireDay(20_001, v)
	require.Len(t, s.goldFiles(), 4, "the files of version 1 are deleted")
	for i, table := range tables {
		copied, err := s.bucket.Get(t.Context(), "_manifests/"+table+"/day=2024-10-05.json")
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
	require.Equal(t, stream.Commit{Next: 5}, c)
	task.Committed()
	require.Zero(t, task.Due(now, true))
}

func TestChangesWaitForMore(t *testing.T) {
	s := newSilver(t)
	task := s.task()
	task.MaxAge = time.Minute
	before := time.Now()
	require.NoError(t, task.Add(t.Context(), []stream.Record{recordOf(s.write(20_000, 0, someOrders), 0)}))
	due := task.Due(time.Now(), false)
	require.WithinRange(t, due, before.Add(time.Minute), time.Now().Add(time.Minute))
	require.NoError(t, task.Add(t.Context(), []stream.Record{recordOf(s.write(20_000, 1, someOrders), 1)}))
	require.Equal(t, due, task.Due(time.Now(), false), "counted from the oldest")
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
	require.Len(t, c.Records, 3, "other days go on")
	task.Committed()
	require.True(t, task.Due(time.Now(), true).After(time.Now()))

	require.NoError(t, task.Add(t.Context(), []stream.Record{recordOf(s.write(20_000, 0, someOrders[1:]), 2)}))
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
	require.ErrorContains(t, err, "3 rows and 220 cents, their manifests say 3 and 221")
}

func TestForeignRecordsAreRefused(t *testing.T) {
	s := newSilver(t)
	m := s.write(20_000, 0, someOrders)
	other := *m
	other.Table = sales.TableBronze
	require.ErrorContains(t, s.task().Add(t.Context(), []stream.Record{recordOf(&other, 7)}), "offset 7: bronze/sales_events/day=2024-10-04/p=000 is no silver slice")
	require.ErrorContains(t, s.task().addGold(recordOf(m, 7)), "is no gold slice")
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

func TestCacheKeepsTheLastUsedWithinItsBytes(t *testing.T) {
	folder := &fold.Folder{}
	batch, _ := silverRows(20_000, someOrders)
	p, err := folder.Fold(batch)
	require.NoError(t, err)
	c := newCache(3 * p.Bytes())
	for i := range 3 {
		c.put(fmt.Sprint(i), p)
	}
	_, ok := c.get("0")
	require.True(t, ok)
	require.Equal(t, 3*p.Bytes(), c.put("3", p))
	require.Equal(t, 3*p.Bytes(), c.put("3", p), "the same file counts once")
	_, ok = c.get("1")
	require.False(t, ok, "the longest unused is dropped")
	for _, key := range []string{"0", "2", "3"} {
		_, ok = c.get(key)
		require.True(t, ok, key)
	}
	require.Zero(t, newCache(1).put("x", p))
}
