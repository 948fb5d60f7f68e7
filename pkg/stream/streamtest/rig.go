package streamtest

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"github.com/saleslake/saleslake/pkg/stream"
)

// rig is what one test of the suite works with: two topics of its own on the broker.
type rig struct {
	t          *testing.T
	ctx        context.Context
	kafka      stream.Config
	in, out    string
	partitions int
	settings   settings
}

func newRig(t *testing.T, addr string, s settings, partitions int) *rig {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(cancel)
	name := fmt.Sprintf("t%d", time.Now().UnixNano())
	r := &rig{t: t, ctx: ctx, in: name + ".in", out: name + ".out", partitions: partitions, settings: s}
	log := zaptest.NewLogger(t, zaptest.Level(zap.WarnLevel))
	r.kafka = stream.Config{Brokers: []string{addr}, ClientID: t.Name(), Log: log}
	require.NoError(t, stream.EnsureTopics(ctx, r.kafka, -1,
		stream.TopicSpec{Name: r.in, Partitions: partitions}, stream.TopicSpec{Name: r.out, Partitions: partitions}))
	return r
}

// publish puts n records into the input, the same number in each partition.
func (r *rig) publish(from, n int) {
	r.t.Helper()
	p, err := stream.NewPublisher(r.kafka)
	require.NoError(r.t, err)
	defer p.Close()
	for i := from; i < from+n; i++ {
		require.NoError(r.t, p.Publish(r.ctx, stream.Record{
			Topic: r.in, Partition: int32(i % r.partitions), Key: fmt.Appendf(nil, "key-%d", i), Value: fmt.Appendf(nil, "value-%d", i),
		}))
	}
	require.NoError(r.t, p.Flush(r.ctx))
}

// publishOn publishes n records now and then, until it is stopped; that returns how many they were.
func (r *rig) publishOn(n int) (stop func() int) {
	ctx, cancel := context.WithCancel(r.ctx)
	total := make(chan int, 1)
	go func() {
		sum := 0
		for ; ctx.Err() == nil; sum += n {
			r.publish(sum, n)
			select {
			case <-time.After(20 * time.Millisecond):
			case <-ctx.Done():
			}
		}
		total <- sum
	}()
	r.t.Cleanup(cancel)
	return func() int { cancel(); return <-total }
}

// values reads a topic to its end: the values of each partition, in order.
func (r *rig) values(topic string) [][]string {
	r.t.Helper()
	values := make([][]string, r.partitions)
	require.NoError(r.t, stream.ReadToEnd(r.ctx, r.kafka, topic, nil, func(record stream.Record) error {
		values[record.Partition] = append(values[record.Partition], string(record.Value))
		return nil
	}))
	return values
}

func count(values [][]string) (n int) {
	for _, v := range values {
		n += len(v)
	}
	return n
}

// requireCopied waits until all of the input is committed, and then compares the output with it.
func (r *rig) requireCopied(group string) {
	r.t.Helper()
	r.waitCommitted(group)
	want, got := r.values(r.in), r.values(r.out)
	for p := range want {
		require.True(r.t, slices.Equal(want[p], got[p]), "partition %d: %d records in, %d out", p, len(want[p]), len(got[p]))
	}
}

// waitCommitted waits until the group has committed all of the input.
func (r *rig) waitCommitted(group string) {
	r.t.Helper()
	ends, err := stream.EndOffsets(r.ctx, r.kafka, r.in)
	require.NoError(r.t, err)
	require.Eventually(r.t, func() bool {
		next, err := stream.Committed(r.ctx, r.kafka, group, r.in)
		if err != nil {
			r.t.Log(err)
			return false
		}
		for p, end := range ends {
			if next[p] < end {
				return false
			}
		}
		return true
	}, 2*time.Minute, 50*time.Millisecond, "group %s does not reach the end", group)
}

// instance is a Run in this process.
type instance struct {
	reg  *prometheus.Registry
	stop context.CancelFunc
	done chan error
}

func (r *rig) config(group, id string) stream.RunConfig {
	return stream.RunConfig{
		Group: group, TransactionalID: id, Topics: []string{r.in},
		SessionTimeout: r.settings.session, TransactionTimeout: r.settings.transaction,
	}
}

func (r *rig) run(rc stream.RunConfig, stage stream.Stage) *instance {
	i := &instance{reg: prometheus.NewRegistry(), done: make(chan error, 1)}
	rc.Metrics = stream.NewMetrics(i.reg, "copy")
	ctx, cancel := context.WithCancel(r.ctx)
	i.stop = cancel
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		i.done <- stream.Run(ctx, r.kafka, rc, stage)
	}()
	r.t.Cleanup(func() { cancel(); <-finished })
	return i
}

// end stops the instance as a service is stopped, and returns Run's result.
func (i *instance) end() error {
	i.stop()
	return <-i.done
}

// heartbeats is how many the instance has committed.
func (i *instance) heartbeats(t testing.TB) (n uint64) {
	t.Helper()
	families, err := i.reg.Gather()
	require.NoError(t, err)
	for _, f := range families {
		if f.GetName() == "sales_stage_heartbeat_seconds" {
			n += f.GetMetric()[0].GetHistogram().GetSampleCount()
		}
	}
	return n
}

// metric is the value of one of the instance's counters.
func (i *instance) metric(t testing.TB, name string) float64 {
	t.Helper()
	families, err := i.reg.Gather()
	require.NoError(t, err)
	for _, f := range families {
		if f.GetName() == "sales_stage_"+name {
			return f.GetMetric()[0].GetCounter().GetValue()
		}
	}
	t.Fatalf("no metric %s", name)
	return 0
}

// deleteBefore deletes the input's records below an offset, in its first partition.
func (r *rig) deleteBefore(offset int64) {
	r.t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(r.kafka.Brokers...))
	require.NoError(r.t, err)
	defer client.Close()
	req := kmsg.NewPtrDeleteRecordsRequest()
	topic := kmsg.NewDeleteRecordsRequestTopic()
	topic.Topic = r.in
	partition := kmsg.NewDeleteRecordsRequestTopicPartition()
	partition.Offset = offset
	topic.Partitions = append(topic.Partitions, partition)
	req.Topics = append(req.Topics, topic)
	answer, err := req.RequestWith(r.ctx, client)
	require.NoError(r.t, err)
	require.Zero(r.t, answer.Topics[0].Partitions[0].ErrorCode)
}

// follower reads topics on until it is ended.
type follower struct {
	caughtUp chan int64 // how many records were read, each time that all were
	stop     context.CancelFunc
	done     chan error
}

func (r *rig) follow(topics ...string) *follower {
	ctx, stop := context.WithCancel(r.ctx)
	f := &follower{caughtUp: make(chan int64, 100), stop: stop, done: make(chan error, 1)}
	var read atomic.Int64
	go func() {
		f.done <- stream.Follow(ctx, r.kafka, topics, func(stream.Record) error { read.Add(1); return nil },
			func() { f.caughtUp <- read.Load() })
	}()
	return f
}

// reach waits until n records are read.
func (f *follower) reach(n int64) {
	for read := range f.caughtUp {
		if read == n {
			return
		}
	}
}

func (f *follower) end() error {
	f.stop()
	return <-f.done
}
