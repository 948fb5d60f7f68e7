package gold

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/pkg/stream/streamtest"
)

const partitions = 2

// cluster is a broker in the process, with silver-etl played by the test.
type cluster struct {
	*silverTable
	kafka stream.Config
}

func newCluster(t *testing.T) *cluster {
	kafka := stream.Config{Brokers: []string{streamtest.Cluster(t)}, ClientID: t.Name(), Log: zaptest.NewLogger(t, zaptest.Level(zap.ErrorLevel))}
	for _, topic := range []string{sales.TopicSilver, sales.TopicGold} {
		require.NoError(t, stream.EnsureTopics(t.Context(), kafka, -1, stream.TopicSpec{Name: topic, Partitions: partitions, Compacted: true}))
	}
	return &cluster{newSilver(t), kafka}
}

// publish commits silver manifests, and a ledger as silver-etl does.
func (c *cluster) publish(manifests ...*lake.Manifest) {
	c.t.Helper()
	ledger := &lake.Ledger{Format: lake.Format, Stage: "silver", Source: "sales_events"}
	records := []stream.Record{{Topic: sales.TopicSilver, Partition: stream.AnyPartition, Key: []byte(ledger.Key()), Value: ledger.Encode()}}
	for _, m := range manifests {
		records = append(records, stream.Record{Topic: sales.TopicSilver, Partition: stream.PartitionFor([]byte(m.Day), partitions),
			Key: []byte(m.Key()), Value: m.Encode()})
	}
	require.NoError(c.t, stream.Transact(context.Background(), c.kafka, "silver", records))
}

// start runs an instance; the function that it gives stops it and gives Run's result.
func (c *cluster) start(instance string) (stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.run(ctx, instance) }()
	return func() error { cancel(); return <-done }
}

func (c *cluster) run(ctx context.Context, instance string) error {
	o := c.options()
	o.Kafka, o.Partitions, o.Instance, o.Registry = c.kafka, partitions, instance, prometheus.NewRegistry()
	o.MaxAge, o.Session, o.Transaction = 50*time.Millisecond, time.Second, 5*time.Second
	return Run(ctx, o)
}

// requireGold waits until all of lake.silver is handled, and compares the days.
func (c *cluster) requireGold(dates ...int32) map[string]version {
	c.t.Helper()
	require.Eventually(c.t, func() bool {
		n, err := stream.Pending(context.Background(), c.kafka, Group, sales.TopicSilver)
		return err == nil && n == 0
	}, 30*time.Second, 20*time.Millisecond)
	days := map[string]version{}
	seen := map[string]bool{}
	require.NoError(c.t, stream.ReadToEnd(context.Background(), c.kafka, sales.TopicGold, nil, func(r stream.Record) error {
		if lake.IsDone(r.Key) {
			return nil
		}
		m, err := lake.DecodeManifest(r.Value)
		require.NoError(c.t, err)
		require.Equal(c.t, stream.PartitionFor([]byte(m.Day), partitions), r.Partition)
		id := fmt.Sprint(m.Key(), m.Version)
		require.False(c.t, seen[id], "%s is published twice", id)
		seen[id] = true
		v := days[m.Day]
		for i, table := range tables {
			if m.Table == table.name {
				v[i] = m
			}
		}
		days[m.Day] = v
		return nil
	}))
	require.Len(c.t, days, len(dates))
	for _, date := range dates {
		c.requireDay(date, days[sales.FormatDay(date)])
	}
	return days
}

func TestRunFollowsSilverOverRestarts(t *testing.T) {
	leaks := goleak.IgnoreCurrent()
	t.Run("one instance", func(t *testing.T) {
		c := newCluster(t)
		stop := c.start("one")
		c.publish(c.write(20_000, 0, someOrders), c.write(20_000, 1, someOrders[:1], someOrders[1:]), c.write(20_003, 0, someOrders))
		c.requireGold(20_000, 20_003)
		c.publish(c.write(20_000, 1, someOrders[:2]))
		c.requireGold(20_000, 20_003)
		require.NoError(t, stop())

		c.publish(c.write(20_005, 0, someOrders), c.write(20_003, 0))
		stop = c.start("one")
		days := c.requireGold(20_000, 20_003, 20_005)
		require.NoError(t, stop())
		require.EqualValues(t, 2, days["2024-10-07"][0].Version)
		require.Len(t, c.goldFiles(), 8, "replaced files are deleted")
	})
	goleak.VerifyNone(t, leaks)
}

// Partitions move between instances while days change.
func TestRunOverRebalances(t *testing.T) {
	c := newCluster(t)
	stopOne := c.start("one")
	c.publish(c.write(20_000, 0, someOrders), c.write(20_003, 0, someOrders))
	c.requireGold(20_000, 20_003)
	stopTwo := c.start("two")
	for i := range 10 {
		c.publish(c.write(20_000, 1, someOrders[:i%3+1]), c.write(20_003, int32(i%2), someOrders[i%2:]))
	}
	c.requireGold(20_000, 20_003)
	require.NoError(t, stopOne())
	c.publish(c.write(20_005, 0, someOrders), c.write(20_000, 0))
	c.requireGold(20_000, 20_003, 20_005)
	require.NoError(t, stopTwo())
}

func TestRunEndsWhenSilverIsDamaged(t *testing.T) {
	c := newCluster(t)
	m := c.write(20_000, 0, someOrders)
	m.Files[0].SHA256 = m.Files[0].SHA256[1:] + "0"
	c.publish(m)
	done := make(chan error, 1)
	go func() { done <- c.run(context.Background(), "one") }()
	select {
	case err := <-done:
		require.ErrorIs(t, err, lake.ErrCorrupt)
		require.ErrorContains(t, err, m.Files[0].Key)
	case <-time.After(30 * time.Second):
		t.Fatal("the damage went unnoticed")
	}
}
