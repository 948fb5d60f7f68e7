package silver

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/sales"
)

func badEvent(order string, offset int64) event {
	e := simpleEvent(order, offset)
	e.quantity = 0
	return e
}

func (h *harness) quarantined() []string {
	return list(h.t, h.options.Bucket, sales.Quarantine.Name+"/")
}

// A commit that never was, or is tried again by an instance that lost its partition
// without knowing it, leaves no reject twice, whatever slices it took together.
func TestRejectsOfAnotherTryAreTheSame(t *testing.T) {
	h := newHarness(t, &memoryTopic{}, tempLake(t, 0), 1)
	defer h.close()
	events := []event{badEvent("A", 0), badEvent("B", 1), badEvent("C", 2)}
	h.land(events[:1])
	h.land(events[1:2])
	h.add(0, 2)
	h.flush(0, crashAfterUpload)
	require.Len(t, h.quarantined(), 2)
	h.open(0)
	frozen := h.tasks[0]
	h.add(0, 1)
	h.tasks[0] = nil
	h.land(events[2:])
	h.drain()
	requireOracle(t, h.topic, h.options, events)
	_, err := frozen.Flush(h.ctx)
	require.NoError(t, err)
	requireOracle(t, h.topic, h.options, events)
	require.Len(t, h.quarantined(), 3)
}

// judgedOtherwise is a harness that has landed events under rules which reject
// product p1 and do not know of bad quantities, and now has its own rules.
func judgedOtherwise(t *testing.T) (*harness, []event) {
	h := newHarness(t, &memoryTopic{}, tempLake(t, 0), 1)
	unwanted := simpleEvent("D", 3)
	unwanted.product = "p1"
	negative := simpleEvent("E", 4)
	negative.revenue = -1
	events := []event{badEvent("A", 0), simpleEvent("B", 1), badEvent("C", 2), unwanted, negative}
	these := h.stage.clean
	h.stage.clean = otherRules([]sales.Code{sales.QuantityNotPositive}, "p1")
	h.land(events[:2])
	h.land(events[2:])
	h.drain()
	h.drop(0)
	h.stage.clean = these
	return h, events
}

// What a command has written and not committed does not count: it is done again as if
// it had not been tried, and only what counts is left.
func TestACommandThatCrashesIsDoneAgain(t *testing.T) {
	h, events := judgedOtherwise(t)
	defer h.close()
	before := rejectsIn(t, h.options)
	h.issue(firstDay, lastDay)
	for range 2 {
		h.open(0)
		h.flush(0, crashAfterUpload)
	}
	require.Len(t, rejectsIn(t, h.options), len(before)+2*3, "what the tries left")
	h.open(0)
	h.flush(0, noCrash)
	requireOracle(t, h.topic, h.options, events)
	require.Len(t, h.quarantined(), 2)
}

// An instance that lost its partition during a command and wakes up after its
// successor has done it leaves files that no later command judges by, and that are
// swept.
func TestACommandOfAZombie(t *testing.T) {
	h, events := judgedOtherwise(t)
	defer h.close()
	before := h.quarantined()
	h.issue(firstDay, lastDay)
	h.open(0)
	h.flush(0, crashAfterUpload)
	frozen := map[string][]byte{}
	for _, key := range h.quarantined() {
		if slices.Contains(before, key) {
			continue
		}
		data, err := h.options.Bucket.Get(h.ctx, key)
		require.NoError(t, err)
		require.NoError(t, h.options.Bucket.Delete(h.ctx, key))
		frozen[key] = data
	}
	h.open(0)
	h.flush(0, noCrash)
	for key, data := range frozen { // now they arrive
		require.NoError(t, h.options.Bucket.Put(h.ctx, key, data))
	}
	require.Len(t, h.quarantined(), 4)

	these := h.stage.clean
	h.stage.clean = otherRules([]sales.Code{sales.NegativeRevenue}, "")
	h.issue(firstDay, lastDay)
	h.flush(0, noCrash)
	h.stage.clean = these
	h.issue(firstDay, lastDay)
	h.flush(0, noCrash)
	requireOracle(t, h.topic, h.options, events)
	require.Len(t, h.quarantined(), 2)
}

// A file that could not be deleted is not judged by, not even by the next step of the
// command that has replaced it.
func TestRejectsThatCannotBeDeleted(t *testing.T) {
	h, events := judgedOtherwise(t)
	defer h.close()
	other := events[4]
	other.orderID, other.eventID, other.offset = "F", "e-F", 5
	other.orderTS += 24 * 60 * 60 * 1e6 // a step of its own
	other.eventTS, other.ingest = other.orderTS, other.orderTS
	events = append(events, other)
	these := h.stage.clean
	h.stage.clean = otherRules([]sales.Code{sales.NegativeRevenue}, "p1")
	h.land(events[5:])
	h.drain()
	h.stage.MaxRows = 1
	kept := map[string][]byte{}
	for _, rules := range []string{"these", "others", "these"} {
		if h.stage.clean = these; rules == "others" {
			h.stage.clean = otherRules([]sales.Code{sales.QuantityNotPositive}, "p1")
		}
		c := h.issue(firstDay, lastDay)
		for !h.tasks[0].Due(time.Now(), true).IsZero() {
			for _, key := range h.quarantined() {
				data, err := h.options.Bucket.Get(h.ctx, key)
				require.NoError(t, err)
				kept[key] = data
			}
			h.flush(0, noCrash)
			for key, data := range kept { // as if it had not been deleted
				require.NoError(t, h.options.Bucket.Put(h.ctx, key, data))
			}
		}
		require.Equal(t, lastDay, h.done(c)[0].Through)
	}
	require.Greater(t, len(h.quarantined()), 3)
	h.drop(0)
	h.open(0)
	requireOracle(t, h.topic, h.options, events)
	require.Len(t, h.quarantined(), 3)
}

// A command that was tried, and then done under rules that change nothing, or not at
// all, leaves nothing.
func TestATryThatIsNeverDone(t *testing.T) {
	h := newHarness(t, &memoryTopic{}, tempLake(t, 0), 1)
	defer h.close()
	events := []event{simpleEvent("A", 0), simpleEvent("B", 1)}
	events[0].product = "p1"
	these := h.stage.clean
	h.land(events)
	h.drain()
	h.drop(0)
	h.stage.clean = otherRules(nil, "p1") // a release that rejects too much
	h.issue(firstDay, lastDay)
	h.open(0)
	h.flush(0, crashAfterUpload)
	require.Len(t, h.quarantined(), 1)
	h.stage.clean = these // is taken back
	h.open(0)
	h.drain()
	events = append(events, simpleEvent("C", 2))
	h.land(events[2:])
	h.drain()
	h.tasks[0].(*task).sweep(h.ctx)
	require.Empty(t, h.quarantined())
	requireOracle(t, h.topic, h.options, events)
}

// A source that was made anew has its offsets again: rows of the two are not taken for
// each other.
func TestReprocessOfASourceThatWasMadeAnew(t *testing.T) {
	h := newHarness(t, &memoryTopic{}, tempLake(t, 0), 1)
	defer h.close()
	h.land([]event{badEvent("A", 0)})
	h.drain()
	m := writeBronze(t, h.options.Bucket, []event{simpleEvent("B", 0)}, 7)
	m.Source.First, m.Source.TopicID = 0, "another"
	h.publish(m)
	h.drain()
	before := readSilver(t, h.topic, h.options)
	for range 2 {
		c := h.issue(firstDay, lastDay)
		h.drain()
		require.Empty(t, h.done(c)[0].Days)
	}
	require.Equal(t, before, readSilver(t, h.topic, h.options))
	require.Len(t, rejectsIn(t, h.options), 1)
}
