package silver

import (
	"context"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

func simpleEvent(order string, offset int64) event {
	return event{orderID: order, eventID: "e-" + order, eventTS: midnight, orderTS: midnight, category: "Books", region: "Europe",
		status: "pending", currency: "USD", quantity: 1, price: 5, revenue: 5, ingest: midnight, source: "sales_events", offset: offset}
}

// flushAll gives the task all records and flushes it.
func (h *harness) flushAll(p int) error {
	h.add(p, len(h.bronze[p]))
	_, err := h.tasks[p].Flush(h.ctx)
	return err
}

func spoilObject(t *testing.T, o Options, key string, change func([]byte) []byte) {
	path, _ := o.Bucket.Path(key)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, change(slices.Clone(data)), 0o600))
}

func TestABronzeFileThatIsNotWhatItWasIsNamedAndNotTaken(t *testing.T) {
	for name, change := range map[string]func([]byte) []byte{
		"truncated": func(b []byte) []byte { return b[:len(b)/2] },
		"a bit":     func(b []byte) []byte { b[len(b)/2] ^= 1; return b },
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t, &memoryTopic{}, tempLake(t, 0), 1)
			defer h.close()
			m := h.land([]event{simpleEvent("A", 0)})
			spoilObject(t, h.options, m.Files[0].Key, change)
			err := h.flushAll(0)
			require.ErrorIs(t, err, lake.ErrCorrupt)
			require.ErrorContains(t, err, m.Files[0].Key)
			require.Empty(t, list(t, h.options.Bucket, "silver/"))
		})
	}
}

func TestAManifestWithOtherSumsIsRefused(t *testing.T) {
	h := newHarness(t, &memoryTopic{}, tempLake(t, 0), 1)
	defer h.close()
	m := writeBronze(t, h.options.Bucket, []event{simpleEvent("A", 0)}, 0)
	m.Files[0].Cents++
	h.publish(m)
	err := h.flushAll(0)
	require.ErrorIs(t, err, lake.ErrCorrupt)
	require.ErrorContains(t, err, "1 rows and 5 cents, its manifest says 1 and 6")
}

func TestASilverFileThatIsNotWhatItWasStopsTheRebuild(t *testing.T) {
	h := newHarness(t, &memoryTopic{}, tempLake(t, 0), 1)
	defer h.close()
	h.land([]event{simpleEvent("A", 0)})
	h.drain()
	h.drop(0)
	key := readSilver(t, h.topic, h.options).keys[0]
	spoilObject(t, h.options, key, func(b []byte) []byte { b[10] ^= 1; return b })
	_, err := h.stage.Open(h.ctx, stream.Partition{Topic: sales.TopicBronze}, h.committed[0])
	require.ErrorIs(t, err, lake.ErrCorrupt)
	require.ErrorContains(t, err, key)
}

func TestASliceIsTakenOnce(t *testing.T) {
	h := newHarness(t, &memoryTopic{}, tempLake(t, 0), 1)
	defer h.close()
	events := []event{simpleEvent("A", 0), simpleEvent("B", 1)}
	first := h.land(events[:1])
	h.land(events[1:])
	h.publish(first) // again, while it is pending
	h.drain()
	h.publish(first) // after the commit
	h.drain()
	h.drop(0)
	h.publish(first) // after a restart
	h.drain()
	requireOracle(t, h.topic, h.options, events)
}

func TestATopicThatWasMadeAgainStartsAtZero(t *testing.T) {
	h := newHarness(t, &memoryTopic{}, tempLake(t, 0), 1)
	defer h.close()
	events := []event{simpleEvent("A", 0), simpleEvent("B", 1)}
	h.land(events)
	h.drain()
	again := simpleEvent("C", 0)
	m := writeBronze(t, h.options.Bucket, []event{again}, 100)
	m.Source.First, m.Source.TopicID = 0, "another"
	h.publish(m)
	h.drain()
	requireOracle(t, h.topic, h.options, append(events, again))
}

func TestOverlappingRangesAreRefused(t *testing.T) {
	h := newHarness(t, &memoryTopic{}, tempLake(t, 0), 1)
	defer h.close()
	h.land([]event{simpleEvent("A", 0), simpleEvent("B", 1)})
	h.drain()
	m := writeBronze(t, h.options.Bucket, []event{simpleEvent("B", 1), simpleEvent("C", 2)}, 1)
	task := h.tasks[0]
	err := task.Add(h.ctx, []stream.Record{{Offset: 99, Value: m.Encode()}})
	require.ErrorContains(t, err, "holds offsets 1 to 2 of sales_events, which was taken up to 2 already")
}

func TestWhatDoesNotBelongToLakeBronzeIsRefused(t *testing.T) {
	h := newHarness(t, &memoryTopic{}, tempLake(t, 0), 2)
	defer h.close()
	h.open(1)
	m := writeBronze(t, h.options.Bucket, []event{simpleEvent("A", 0)}, 0)
	err := h.tasks[1].Add(h.ctx, []stream.Record{{Offset: 7, Value: m.Encode()}})
	require.ErrorContains(t, err, "offset 7: bronze/sales_events/ingest_date=2026-01-01")
	require.ErrorContains(t, err, "is no bronze slice of that partition")
	require.ErrorContains(t, h.tasks[1].Add(h.ctx, []stream.Record{{Offset: 8, Value: []byte("{")}}), "offset 8: decode manifest")
	require.NoError(t, h.tasks[1].Add(h.ctx, []stream.Record{{Offset: 9}, {Offset: 10, Key: []byte("ledger/sales_events/p=001"), Value: []byte("x")}}))
}

// A parcel may end between a manifest and its ledger, a slice may come again,
// and there are slices of other tables: their offsets are committed, or a drain would wait for them for ever.
func TestRecordsWithoutRowsAreCommitted(t *testing.T) {
	h := newHarness(t, &memoryTopic{}, tempLake(t, 0), 1)
	defer h.close()
	events := []event{simpleEvent("A", 0), simpleEvent("B", 1)}
	first := h.land(events[:1])
	h.drain()
	customers := *first
	customers.Table = sales.TableBronzeCustomers
	version, records := h.tasks[0].(*task).version, len(*h.topic.(*memoryTopic))
	for _, r := range []stream.Record{
		{Offset: 1, Key: []byte("ledger/sales_events/p=000"), Value: []byte("x")},
		{Offset: 2, Key: []byte(first.Key()), Value: first.Encode()},
		{Offset: 3, Key: []byte(customers.Key()), Value: customers.Encode()},
	} {
		require.NoError(t, h.tasks[0].Add(h.ctx, []stream.Record{r}))
		require.Zero(t, h.tasks[0].Due(time.Now(), false), "rows may follow")
		now := time.Now()
		require.Equal(t, now, h.tasks[0].Due(now, true))
		c, err := h.tasks[0].Flush(h.ctx)
		require.NoError(t, err)
		require.Equal(t, stream.Commit{Next: r.Offset + 1}, c)
		h.tasks[0].Committed()
		require.Zero(t, h.tasks[0].Due(time.Now(), true))
	}
	require.Equal(t, version, h.tasks[0].(*task).version)
	require.Len(t, *h.topic.(*memoryTopic), records)

	h.drop(0)
	h.committed[0] = 3
	h.publish(first) // offset 3
	h.land(events[1:])
	h.drain()
	requireOracle(t, h.topic, h.options, events)
}

func TestOffsetsThatWereLostAreNoticed(t *testing.T) {
	h := newHarness(t, &memoryTopic{}, tempLake(t, 0), 1)
	defer h.close()
	h.land([]event{simpleEvent("A", 0)})
	h.drain()
	_, err := h.stage.Open(h.ctx, stream.Partition{Topic: sales.TopicBronze}, 0)
	require.ErrorContains(t, err, "the group's offsets were lost or reset")
}

func TestALakeSilverThatIsNotWholeIsNoticed(t *testing.T) {
	topic := &memoryTopic{}
	h := newHarness(t, topic, tempLake(t, 0), 1)
	defer h.close()
	h.land([]event{simpleEvent("A", 0)})
	h.drain()
	*topic = slices.DeleteFunc(*topic, func(r stream.Record) bool { return !lake.IsLedger(r.Key) })
	_, err := h.stage.Open(h.ctx, stream.Partition{Topic: sales.TopicBronze}, h.committed[0])
	require.ErrorContains(t, err, "the silver slices hold 0 rows and 0 cents, the ledgers say 1 and 5: lake.silver is not whole")
}

func TestReplacedFilesStayForTheGracePeriod(t *testing.T) {
	h := newHarness(t, &memoryTopic{}, tempLake(t, 0), 1)
	defer h.close()
	h.stage.Grace = time.Hour
	h.land([]event{simpleEvent("A", 0)})
	h.drain()
	later := simpleEvent("A", 1)
	later.eventTS++
	h.land([]event{later})
	h.drain()
	require.Len(t, list(t, h.options.Bucket, "silver/"), 2)
	require.Len(t, readSilver(t, h.topic, h.options).keys, 1)
}

func TestFlushTakesNoMoreThanItsBounds(t *testing.T) {
	h := newHarness(t, &memoryTopic{}, tempLake(t, 0), 1)
	defer h.close()
	h.stage.MaxRows = 2
	var events []event
	for i := range int64(5) {
		events = append(events, simpleEvent(string(rune('A'+i)), i))
		h.land(events[i:])
	}
	h.add(0, 5)
	require.False(t, h.tasks[0].Due(time.Now(), false).After(time.Now()))
	for _, next := range []int64{6, 12, 13} { // every third offset has a manifest
		h.flush(0, noCrash)
		require.Equal(t, next, h.committed[0])
	}
	require.True(t, h.tasks[0].Due(time.Now(), true).IsZero())
	requireOracle(t, h.topic, h.options, events)
}

func TestDueWaitsForMaxAge(t *testing.T) {
	h := newHarness(t, &memoryTopic{}, tempLake(t, 0), 1)
	defer h.close()
	h.land([]event{simpleEvent("A", 0)})
	before := time.Now()
	h.add(0, 1)
	due := h.tasks[0].Due(time.Now(), false)
	require.WithinRange(t, due, before.Add(h.options.MaxAge), time.Now().Add(h.options.MaxAge))
	require.False(t, h.tasks[0].Due(time.Now(), true).After(time.Now()), "nothing more is to come")
}

func TestACancelledFlushEnds(t *testing.T) {
	h := newHarness(t, &memoryTopic{}, tempLake(t, 0), 1)
	defer h.close()
	h.land([]event{simpleEvent("A", 0)})
	h.add(0, 1)
	ctx, cancel := context.WithCancel(h.ctx)
	cancel()
	require.True(t, h.stage.turn.TryAcquire(turns)) // another partition's flush runs
	_, err := h.tasks[0].Flush(ctx)
	require.ErrorIs(t, err, context.Canceled)
}

// Half of what a commit may hold leaves room for another such, more does not.
func TestGreatCommitsRunAlone(t *testing.T) {
	s := &stage{Options: Options{MaxRows: 10}}
	turnsOf := func(rows, bytes int64) int64 {
		m := &lake.Manifest{Count: lake.Count{Rows: rows}, Files: []lake.File{{Bytes: bytes}}}
		return (&commit{task: &task{stage: s}, inputs: []input{{Manifest: m}}}).turns()
	}
	for rows, want := range map[int64]int64{0: 1, 5: 1, 6: turns, 100: turns} {
		require.Equal(t, want, turnsOf(rows, 1), rows)
	}
	require.EqualValues(t, 1, turnsOf(1, minBytes/2))
	require.EqualValues(t, turns, turnsOf(1, minBytes/2+1), "few rows, but long")
}

func TestARejectKeepsTheEventSoThatItCanBeSentAgain(t *testing.T) {
	e := simpleEvent("A\"1", 3)
	e.revenue, e.rescued, e.payment = -1250, `{"note":"x","n":[1]}`, ""
	got := salesEvents.appendEvent(nil, bronzeOf([]event{e}), 0)
	require.JSONEq(t, `{"event_id":"e-A\"1","event_ts":"2026-01-01T00:00:00.000000Z","order_id":"A\"1",
		"order_ts":"2026-01-01T00:00:00.000000Z","customer_id":"","product_id":"","category":"Books","region":"Europe",
		"quantity":1,"unit_price":0.05,"revenue":-12.50,"status":"pending","currency":"USD","schema_version":1,
		"note":"x","n":[1]}`, string(got))
	require.Contains(t, string(got), `"revenue":-12.50`)
}
