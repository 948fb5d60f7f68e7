package gold

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/control"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/pkg/stream/streamtest"
)

func (c *cluster) resync(plan bool) (written int, err error) {
	o := c.options()
	o.Kafka, o.Partitions, o.Registry = c.kafka, partitions, prometheus.NewRegistry()
	counts, err := Resync(c.t.Context(), o, plan)
	for _, n := range counts {
		written += n.Written
	}
	return written, err
}

// versions gives the version of each day, which all of its tables have.
func versions(days map[string]version) map[string]int64 {
	out := map[string]int64{}
	for name, v := range days {
		out[name] = v[0].Version
	}
	return out
}

func TestALostLakeGoldStopsAndIsWrittenBack(t *testing.T) {
	c := newCluster(t)
	stop := c.start("one")
	c.publish(c.write(20_000, 0, someOrders), c.write(20_003, 0, someOrders))
	c.requireGold(20_000, 20_003)
	c.publish(c.write(20_000, 1, someOrders[:2]))
	before := c.requireGold(20_000, 20_003)
	_, err := c.resync(false)
	require.ErrorContains(t, err, "group gold-aggregator has 1 members")
	require.NoError(t, stop())

	files := c.goldFiles()
	streamtest.DeleteTopic(t, c.kafka.Brokers[0], sales.TopicGold)
	err = c.run(t.Context(), "one")
	require.ErrorContains(t, err, "topic lake.gold does not have it")
	require.ErrorContains(t, err, `"gold-aggregator resync"`)
	require.Equal(t, files, c.goldFiles(), "nothing is made before")

	for _, plan := range []bool{true, false} {
		n, err := c.resync(plan)
		require.NoError(t, err)
		require.Equal(t, 2*len(tables), n)
	}
	n, err := c.resync(false)
	require.NoError(t, err)
	require.Zero(t, n, "a second time changes nothing")
	require.Equal(t, before, c.requireGold(20_000, 20_003))

	stop = c.start("one")
	c.publish(c.write(20_003, 1, someOrders[:1]))
	after := versions(c.requireGold(20_000, 20_003))
	require.NoError(t, stop())
	want := versions(before)
	want[sales.FormatDay(20_003)]++
	require.Equal(t, want, after)
}

// What was done of a command comes back with the days, so it is not done again.
func TestALostLakeGoldKnowsItsCommands(t *testing.T) {
	c := newCluster(t)
	stop := c.start("one")
	c.publish(c.write(20_000, 0, someOrders), c.write(20_003, 0, someOrders))
	c.requireGold(20_000, 20_003)
	command, err := control.NewCommand(lake.Rebuild, "2024-10-01", "2024-10-31")
	require.NoError(t, err)
	require.NoError(t, control.Issue(t.Context(), c.kafka, -1, command))
	done, err := control.Wait(t.Context(), c.kafka, sales.TopicGold, command, partitions, nil)
	require.NoError(t, err)
	require.NoError(t, stop())
	before := c.requireGold(20_000, 20_003)

	streamtest.DeleteTopic(t, c.kafka.Brokers[0], sales.TopicGold)
	n, err := c.resync(false)
	require.NoError(t, err)
	require.Equal(t, 2*len(tables)+partitions, n)
	again, err := control.Wait(t.Context(), c.kafka, sales.TopicGold, command, partitions, nil)
	require.NoError(t, err)
	require.Equal(t, lake.SumDays(done), lake.SumDays(again))
	stop = c.start("one")
	dates := []int32{20_000, 20_003}
	for p := range int32(partitions) { // a day of each: a command has its turn before
		date := int32(20_004)
		for stream.PartitionFor([]byte(sales.FormatDay(date)), partitions) != p {
			date++
		}
		dates = append(dates, date)
		c.publish(c.write(date, 0, someOrders))
	}
	after := c.requireGold(dates...)
	require.NoError(t, stop())
	for name, v := range before {
		require.Equal(t, v, after[name])
	}
}

// A kill came between the last commit and its copies: the day is made again, in a
// version that no reader has met.
func TestALostLakeGoldWhoseLastCommitHasNoCopy(t *testing.T) {
	c := newCluster(t)
	stop := c.start("one")
	c.publish(c.write(20_000, 0, someOrders))
	c.requireGold(20_000)
	require.NoError(t, stop())
	copies := map[string][]byte{}
	for object, err := range c.bucket.List(t.Context(), "_manifests/") {
		require.NoError(t, err)
		copies[object.Key], err = c.bucket.Get(t.Context(), object.Key)
		require.NoError(t, err)
	}
	stop = c.start("one")
	c.publish(c.write(20_000, 0, someOrders[:2]))
	c.requireGold(20_000)
	require.NoError(t, stop())
	for key, data := range copies {
		require.NoError(t, c.bucket.Put(t.Context(), key, data))
	}
	streamtest.DeleteTopic(t, c.kafka.Brokers[0], sales.TopicGold)
	_, err := c.resync(false)
	require.NoError(t, err)
	stop = c.start("one")
	c.publish(&lake.Manifest{Format: lake.Format, Table: "silver/other", Slice: "s", Day: sales.FormatDay(20_000)}) // so that there is something to wait for
	days := c.requireGold(20_000)
	require.NoError(t, stop())
	require.EqualValues(t, 3, days[sales.FormatDay(20_000)][0].Version, "2 was published before the topic was lost")
	_, leads := days[sales.FormatDay(20_000)][restatements].Since(2)
	require.False(t, leads, "what 2 restated is not known")
}
