package silver

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/control"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/services/silver-etl/clean"
)

// otherRules are those of another release: they know no such code, they spell by
// other catalogues, and they reject the rows of a product.
func otherRules(unknown []sales.Code, unwanted string) func(*column.Batch) clean.Result {
	judge := clean.ForSales([]string{"BOOKS"}, []string{"EUROPE"}, nil).Clean
	return func(b *column.Batch) clean.Result {
		r := judge(b)
		var rejects []clean.Rejected
		for _, x := range r.Rejects {
			if slices.Contains(unknown, x.Code) {
				r.Keep = append(r.Keep, x.Row)
			} else {
				rejects = append(rejects, x)
			}
		}
		r.Keep = slices.DeleteFunc(r.Keep, func(row int32) bool {
			bad := b.Column("product_id").String(int(row)) == unwanted
			if bad {
				rejects = append(rejects, clean.Rejected{Row: row, Reject: sales.Reject{Code: sales.UnknownStatus, Field: "product_id", Message: "is unwanted"}})
			}
			return bad
		})
		slices.Sort(r.Keep)
		slices.SortFunc(rejects, func(x, y clean.Rejected) int { return cmp.Compare(x.Row, y.Row) })
		r.Rejects = rejects
		return r
	}
}

// issue puts a command on the board.
func (h *harness) issue(from, to string) *lake.Command {
	c, err := control.NewCommand(lake.Reprocess, from, to)
	require.NoError(h.t, err)
	require.NoError(h.t, h.stage.board.Add(stream.Record{Topic: sales.TopicControl, Key: []byte(c.Key()), Value: c.Encode()}))
	return c
}

// done gives the last step of a command of each partition.
func (h *harness) done(c *lake.Command) map[int32]*lake.Done {
	last := map[int32]*lake.Done{}
	for _, d := range h.steps(c) {
		last[d.Partition] = d
	}
	return last
}

// steps gives what the partitions have done of a command.
func (h *harness) steps(c *lake.Command) (found []*lake.Done) {
	require.NoError(h.t, h.topic.read(h.ctx, func(r stream.Record) error {
		if !lake.IsDone(r.Key) {
			return nil
		}
		d, err := lake.DecodeDone(r.Value)
		require.NoError(h.t, err)
		if d.ID == c.ID {
			found = append(found, d)
		}
		return nil
	}))
	return found
}

const firstDay, lastDay = "1999-12-30", "2026-12-31"

// What was landed under other rules and reprocessed under these is what these
// would have made of it, whatever came before, meanwhile and after, and at
// whichever point it crashed.
func TestReprocessedIsAsIfItHadAlwaysBeenSo(t *testing.T) {
	run := 0
	rapid.Check(t, func(r *rapid.T) {
		run++
		const partitions = 2
		h := newHarness(r, &memoryTopic{}, tempLake(t, run), partitions)
		defer h.close()
		h.stage.MaxRows = rapid.SampledFrom([]int{3, 1_000_000}).Draw(r, "most rows")
		h.stage.Horizon = time.Duration(rapid.SampledFrom([]int{0, 90}).Draw(r, "horizon")) * 24 * time.Hour
		events := drawEvents(r, partitions)
		these := h.stage.clean
		h.stage.clean = otherRules(rapid.SliceOfDistinct(rapid.SampledFrom(sales.SilverCodes), rapid.ID).Draw(r, "unknown"),
			rapid.SampledFrom([]string{"", "p1"}).Draw(r, "unwanted"))
		middle := rapid.IntRange(0, len(events)).Draw(r, "landed before")
		h.landAll(r, events[:middle])
		h.stage.clean = these
		for p := range partitions {
			h.drop(p) // another release is another process
		}
		c := h.issue(firstDay, lastDay)
		if rapid.Bool().Draw(r, "while more comes") {
			h.landAll(r, events[middle:])
			middle = len(events)
		}
		for p := range partitions {
			h.add(p, rapid.IntRange(0, 2).Draw(r, "added"))
			h.open(p)
			h.flush(p, rapid.IntRange(noCrash, crashAfterCommit).Draw(r, "crash"))
			h.open(p)
		}
		h.drain()
		h.landAll(r, events[middle:])
		h.drain()
		requireOracle(r, h.topic, h.options, events)
		for p := range partitions {
			require.Equal(r, lastDay, h.done(c)[int32(p)].Through)
			h.drop(p)
			h.open(p)
			next, _ := h.tasks[p].(*task).seat.Next()
			require.Nil(r, next, "it is done once")
		}
	})
}

// landAll lands the events in files of a few rows, and drains now and then.
func (h *harness) landAll(r *rapid.T, events []event) {
	for p, all := range byPartition(events, h.partitions) {
		for len(all) > 0 {
			n := 1
			for n < len(all) && all[n].source == all[0].source && n < 7 {
				n++
			}
			h.land(all[:n])
			all = all[n:]
			if rapid.Bool().Draw(r, "take") {
				h.add(p, len(h.bronze[p]))
				h.flush(p, noCrash)
			}
		}
	}
}

// A plan changes nothing and says to the cent what the command then does.
func TestThePlanIsWhatIsDone(t *testing.T) {
	const partitions = 2
	h := newHarness(t, &memoryTopic{}, tempLake(t, 0), partitions)
	defer h.close()
	these := h.stage.clean
	h.stage.clean = otherRules([]sales.Code{sales.NegativeRevenue, sales.FutureTimestamp}, "p7")
	events := randomEvents(rand.New(rand.NewPCG(5, 6)), 5000, partitions)
	for _, all := range byPartition(events, partitions) {
		h.land(all)
	}
	h.drain()
	h.stage.clean = these
	before, objects := readSilver(t, h.topic, h.options), list(t, h.options.Bucket, "")
	c, err := control.NewCommand(lake.Reprocess, "2025-12-10", "2025-12-20")
	require.NoError(t, err)
	for range 2 {
		for p := range int32(partitions) {
			plan, err := h.stage.plan(h.ctx, p, h.committed[p], c)
			require.NoError(t, err)
			require.NotEmpty(t, plan.Days)
			changed := int64(0)
			for _, d := range plan.Days {
				require.Equal(t, d.Before.Rows+d.Added.Rows-d.Removed.Rows, d.After.Rows)
				changed += d.Changed
			}
			require.Positive(t, changed)
		}
	}
	require.Equal(t, before, readSilver(t, h.topic, h.options))
	require.Equal(t, objects, list(t, h.options.Bucket, ""))

	plans := make([]*lake.Done, partitions)
	for p := range int32(partitions) {
		plans[p], err = h.stage.plan(h.ctx, p, h.committed[p], c)
		require.NoError(t, err)
	}
	require.NoError(t, h.stage.board.Add(stream.Record{Key: []byte(c.Key()), Value: c.Encode()}))
	h.stage.stepDays = 3
	h.drain()
	require.Greater(t, len(h.steps(c)), 2*partitions)
	require.Equal(t, lake.SumDays(plans), lake.SumDays(h.steps(c)))
	after := readSilver(t, h.topic, h.options)
	for _, plan := range plans {
		for _, d := range plan.Days {
			m := after.manifests[fmt.Sprintf("%s/day=%s/p=%03d", sales.TableSilver, d.Day, plan.Partition)]
			require.Equal(t, d.After, m.Count, d.Day)
		}
	}
	c = h.issue("2000-01-01", lastDay) // and the rest
	h.drain()
	require.Len(t, h.done(c), partitions)
	requireOracle(t, h.topic, h.options, events)
}

// While inputs keep coming, a command gets its turn; and the inputs get theirs.
func TestACommandHasItsTurn(t *testing.T) {
	h := newHarness(t, &memoryTopic{}, tempLake(t, 0), 1)
	defer h.close()
	var events []event
	land := func() {
		events = append(events, simpleEvent(fmt.Sprint("O", len(events)), int64(len(events))))
		h.land(events[len(events)-1:])
		h.add(0, 1)
	}
	land()
	h.flush(0, noCrash)
	c := h.issue(firstDay, lastDay)
	for range 2 {
		land() // before it could be idle
		require.False(t, h.tasks[0].Due(time.Now(), false).IsZero())
		h.flush(0, noCrash)
	}
	require.Len(t, h.done(c), 1)
	h.flush(0, noCrash)
	requireOracle(t, h.topic, h.options, events)
}
