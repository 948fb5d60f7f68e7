package silver

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// zombie sweeps for a task that was frozen when it knew some version of each
// slice, not all of the same commit, and that may have committed before.
func (h *harness) zombie(r *rapid.T, p int32) {
	versions := map[int32][]*lake.Manifest{}
	for _, record := range *h.topic.(*memoryTopic) {
		if lake.IsLedger(record.Key) {
			continue
		}
		m, err := lake.DecodeManifest(record.Value)
		require.NoError(r, err)
		if m.Partition == p {
			day, err := sales.ParseDay(m.Day)
			require.NoError(r, err)
			versions[day] = append(versions[day], m)
		}
	}
	z := h.stage.newTask(p, 0)
	for _, day := range slices.Sorted(maps.Keys(versions)) {
		if n := rapid.IntRange(0, len(versions[day])).Draw(r, "known"); n > 0 {
			z.slices[day] = &slice{manifest: versions[day][n-1]}
		}
	}
	z.sweep(h.ctx)
}

// objects are those under silver/, and named those that manifests name.
func (h *harness) objects() (all []string, named []string) {
	set := map[string]bool{}
	for _, m := range readTopic(h.t, h.topic, h.options).manifests {
		maps.Copy(set, m.Named())
	}
	return list(h.t, h.options.Bucket, "silver/"), slices.Sorted(maps.Keys(set))
}

// requireSwept lets each partition's owner sweep: nothing but what manifests
// name is left of any crash.
func (h *harness) requireSwept() {
	for p := range h.partitions {
		h.open(p)
		t := h.tasks[p].(*task)
		t.own = t.version // as if it had committed: nobody else is there
		t.sweep(h.ctx)
	}
	all, named := h.objects()
	require.Equal(h.t, named, all)
}

// A task that is frozen between two commits of its own wakes up when its
// successor has committed, and has written what it has not committed yet.
func TestAZombieDoesNotSweepItsSuccessorsFiles(t *testing.T) {
	h := newHarness(t, &memoryTopic{}, tempLake(t, 0), 1)
	defer h.close()
	h.orders(0, 50, 0, 0)
	frozen := h.tasks[0].(*task)
	require.Equal(t, int64(1), frozen.own)
	h.tasks[0] = nil
	h.orders(10, 12, 1, 0)
	h.orders(50, 60, 0, -1)
	pending := simpleEvent("order-1", h.ends["sales_events/0"])
	pending.eventTS++
	h.land([]event{pending})
	h.add(0, len(h.bronze[0]))
	c, err := h.tasks[0].Flush(h.ctx)
	require.NoError(t, err)

	before := list(t, h.options.Bucket, "silver/")
	frozen.sweep(h.ctx)
	require.Equal(t, before, list(t, h.options.Bucket, "silver/"))

	require.NoError(t, h.topic.publish(h.ctx, c.Records))
	frozen.sweep(h.ctx)
	_, named := h.objects()
	require.Subset(t, list(t, h.options.Bucket, "silver/"), named)
}

// Replaced files of a process that ended within the grace period, and those of
// a commit that never was, are deleted by the next process: at once when their
// time is over, else in time.
func TestTheNextProcessSweeps(t *testing.T) {
	h := newHarness(t, &memoryTopic{}, tempLake(t, 0), 1)
	defer h.close()
	h.stage.Grace = time.Hour
	h.orders(0, 50, 0, 0)
	h.orders(0, 40, 1, 0)
	h.land([]event{simpleEvent("late", h.ends["sales_events/0"])})
	h.add(0, len(h.bronze[0]))
	h.flush(0, crashAfterUpload)
	all, named := h.objects()
	require.Len(t, named, 1)
	require.Len(t, all, 3)

	h.open(0)
	all, _ = h.objects()
	require.Len(t, all, 3, "a reader may still be at the replaced file")
	h.drop(0)
	h.stage.Grace = 0
	h.open(0)
	all, _ = h.objects()
	require.Len(t, all, 2, "what the crash left may be a successor's")
	h.drain()
	h.tasks[0].(*task).sweepAt = time.Now()
	h.orders(0, 1, 2, 0)
	all, named = h.objects()
	require.Equal(t, named, all)
}

func TestOnlyOwnSlicesAreKnown(t *testing.T) {
	h := newHarness(t, &memoryTopic{}, tempLake(t, 0), 2)
	own := h.stage.newTask(1, 0)
	own.own = 9
	require.Equal(t, lake.Known{Through: 9}, own.known("day=2026-01-01/p=001"))
	for _, name := range []string{"day=2026-01-01/p=000", "day=2026-01-01/p=01", "day=2026-01-01/p=001/x", "x", "2026-01-01/p=001"} {
		require.Zero(t, own.known(name), name)
	}
}
