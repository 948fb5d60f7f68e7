package streamtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/stream"
)

type settings struct{ session, transaction time.Duration }

// Option changes how the suite runs.
type Option func(*settings)

// SessionTimeout sets how long the broker waits for instances that are gone; it must allow it (Kafka's own
// group.min.session.timeout.ms is 6 s, the suite's default).
func SessionTimeout(d time.Duration) Option { return func(s *settings) { s.session = d } }

// Steps are the steps of the commit path, in their order.
var Steps = []string{stream.StepUploaded, stream.StepBegun, stream.StepProduced, stream.StepOffsets, stream.StepCommitted}

// RunSuite runs everything that stream promises against the broker at addr. It makes topics of its own.
func RunSuite(t *testing.T, addr string, options ...Option) {
	s := settings{session: 6 * time.Second, transaction: 10 * time.Second}
	for _, o := range options {
		o(&s)
	}
	for _, test := range []struct {
		name string
		run  func(*testing.T, string, settings)
	}{
		{"publish", testPublish},
		{"topics", testTopics},
		{"open transaction", testOpenTransaction},
		{"follow", testFollow},
		{"transact", testTransact},
		{"copy", testCopy},
		{"drain", testDrain},
		{"heartbeats", testHeartbeats},
		{"errors", testErrors},
		{"unstable offsets", testUnstableOffsets},
		{"kill", testKill},
		{"rebalance", testRebalance},
		{"zombie", testZombie},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, addr, s) })
	}
}

func testPublish(t *testing.T, addr string, s settings) {
	r := newRig(t, addr, s, 4)
	sizes := []int{-1, 0, 1, 1000, 1 << 20, 5 << 20}
	p, err := stream.NewPublisher(r.kafka)
	require.NoError(t, err)
	defer p.Close()
	for i, size := range sizes {
		key := fmt.Appendf(nil, "order-%d", i)
		record := stream.Record{Topic: r.in, Partition: stream.AnyPartition, Key: key, Headers: []stream.Header{{Key: "h", Value: key}}}
		if size >= 0 {
			record.Value = bytes.Repeat([]byte{byte(i)}, size)
		}
		require.NoError(t, p.Publish(r.ctx, record))
	}
	require.NoError(t, p.Flush(r.ctx))
	seen := map[string]bool{}
	before := time.Now().Add(-time.Hour).UnixMicro()
	require.NoError(t, stream.ReadToEnd(r.ctx, r.kafka, r.in, nil, func(record stream.Record) error {
		var i int
		_, err := fmt.Sscanf(string(record.Key), "order-%d", &i)
		require.NoError(t, err)
		require.Equal(t, stream.PartitionFor(record.Key, 4), record.Partition)
		require.Len(t, record.Value, max(sizes[i], 0))
		require.Equal(t, sizes[i] < 0, record.Value == nil)
		require.Equal(t, []stream.Header{{Key: "h", Value: record.Key}}, record.Headers)
		require.Greater(t, record.Time, before)
		seen[string(record.Key)] = true
		return nil
	}))
	require.Len(t, seen, len(sizes))
	require.Error(t, p.Publish(r.ctx, stream.Record{Topic: r.in, Partition: 0, Value: make([]byte, stream.MaxRecordBytes+1<<20)}))
}

func testTopics(t *testing.T, addr string, s settings) {
	r := newRig(t, addr, s, 3)
	require.NoError(t, stream.Ping(r.ctx, r.kafka))
	require.NoError(t, stream.EnsureTopics(r.ctx, r.kafka, -1, stream.TopicSpec{Name: r.in, Partitions: 3}))
	err := stream.EnsureTopics(r.ctx, r.kafka, -1, stream.TopicSpec{Name: r.in, Partitions: 5})
	require.ErrorContains(t, err, "it has 3 partitions, the configuration says 5")
	err = stream.EnsureTopics(r.ctx, r.kafka, -1, stream.TopicSpec{Name: r.in, Partitions: 3, Compacted: true})
	require.ErrorContains(t, err, `its cleanup.policy is "delete", so that records would be lost: set it to "compact"`)
	cluster, err := stream.ClusterID(r.ctx, r.kafka)
	require.NoError(t, err)
	require.NotEmpty(t, cluster)
	one, err := stream.TopicID(r.ctx, r.kafka, r.in)
	require.NoError(t, err)
	require.Regexp(t, "^[0-9a-f]{32}$", one)
	other, err := stream.TopicID(r.ctx, r.kafka, r.out)
	require.NoError(t, err)
	require.NotEqual(t, one, other)
	next, err := stream.Committed(r.ctx, r.kafka, "nobody", r.in)
	require.NoError(t, err)
	require.Empty(t, next)
	require.NoError(t, stream.Vacant(r.ctx, r.kafka, "nobody"))
	require.NoError(t, stream.SetOffsets(r.ctx, r.kafka, r.in, r.in, map[int32]int64{1: 5}))
	next, err = stream.Committed(r.ctx, r.kafka, r.in, r.in)
	require.NoError(t, err)
	require.Equal(t, map[int32]int64{1: 5}, next)
}

func testTransact(t *testing.T, addr string, s settings) {
	r := newRig(t, addr, s, 2)
	tr, err := stream.NewTransactor(r.ctx, r.kafka, r.in+"-writer")
	require.NoError(t, err)
	defer tr.Close()
	for i := range 3 {
		require.NoError(t, tr.Publish(r.ctx, []stream.Record{
			{Topic: r.in, Partition: 0, Value: fmt.Appendf(nil, "a%d", i)}, {Topic: r.in, Partition: 1, Value: fmt.Appendf(nil, "b%d", i)},
		}))
	}
	require.Equal(t, [][]string{{"a0", "a1", "a2"}, {"b0", "b1", "b2"}}, r.values(r.in))
	require.NoError(t, stream.Transact(r.ctx, r.kafka, r.in+"-writer", []stream.Record{{Topic: r.in, Partition: 0, Value: []byte("taken over")}}))
	require.Error(t, tr.Publish(r.ctx, []stream.Record{{Topic: r.in, Partition: 0, Value: []byte("by a zombie")}}))
	require.Equal(t, [][]string{{"a0", "a1", "a2", "taken over"}, {"b0", "b1", "b2"}}, r.values(r.in))
}

// A record that is behind another writer's open transaction is waited for.
func testOpenTransaction(t *testing.T, addr string, s settings) {
	r := newRig(t, addr, s, 1)
	begun, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	rc := r.config("g"+r.in, "w"+r.in)
	rc.Fault = func(step string) {
		if step == stream.StepOffsets {
			once.Do(func() { close(begun); <-goOn })
		}
	}
	r.publish(0, 10)
	i := r.run(rc, &Copy{Out: r.out})
	<-begun
	read := make(chan [][]string, 1)
	require.NoError(t, stream.Transact(r.ctx, r.kafka, r.in+"-second", []stream.Record{{Topic: r.out, Partition: 0, Value: []byte("behind")}}))
	go func() { read <- r.values(r.out) }()
	select {
	case got := <-read:
		t.Errorf("read past an open transaction: %v", got)
	case <-time.After(300 * time.Millisecond):
	}
	close(goOn)
	require.Equal(t, 11, count(<-read))
	require.NoError(t, i.end())
}

// The group's offsets are taken only when no open transaction holds them.
func testUnstableOffsets(t *testing.T, addr string, s settings) {
	r := newRig(t, addr, s, 1)
	group := "g" + r.in
	r.publish(0, 100)
	dead := child{Addr: addr, Group: group, ID: "dead" + r.in, In: r.in, Out: r.out, Session: s.session,
		Transaction: 5 * time.Second, KillAt: stream.StepOffsets}.start(t)
	require.Error(t, dead.Wait())
	i := r.run(r.config(group, "next"+r.in), &Copy{Out: r.out})
	r.requireCopied(group)
	require.NoError(t, i.end())
}

func testFollow(t *testing.T, addr string, s settings) {
	r := newRig(t, addr, s, 3)
	r.publish(0, 300)
	f := r.follow(r.in, r.out)
	require.EqualValues(t, 300, <-f.caughtUp)
	r.publish(300, 30)
	f.reach(330)
	require.NoError(t, f.end())
	boom := errors.New("boom")
	err := stream.ReadToEnd(r.ctx, r.kafka, r.in, []int32{1}, func(record stream.Record) error {
		require.EqualValues(t, 1, record.Partition)
		return boom
	})
	require.ErrorIs(t, err, boom)
	require.ErrorContains(t, err, r.in+"/001 at offset 0")
}

func testCopy(t *testing.T, addr string, s settings) {
	r := newRig(t, addr, s, 4)
	group := "g" + r.in
	r.publish(0, 20_000)
	stage := &Copy{Out: r.out, Every: 1000}
	rc := r.config(group, "w"+r.in)
	rc.QueueBytes = 1 << 20 // so that it fills up
	i := r.run(rc, stage)
	r.publish(20_000, 5000)
	r.requireCopied(group)
	require.NoError(t, i.end())
	require.EqualValues(t, 4, stage.Opened.Load())
	require.EqualValues(t, 4, stage.Closed.Load())
	require.Zero(t, i.metric(t, "restarts_total"))
	require.EqualValues(t, 25_000, i.metric(t, "records_total"))
}

// An instance that is told to stop flushes what it has, though it is not due.
func testDrain(t *testing.T, addr string, s settings) {
	r := newRig(t, addr, s, 3)
	group := "g" + r.in
	var got atomic.Int64
	stage := &Copy{Out: r.out, Every: 1 << 20, Wait: time.Hour}
	stage.OnAdd = func(_ context.Context, _ stream.Partition, records []stream.Record) error {
		got.Add(int64(len(records)))
		return nil
	}
	r.publish(0, 3000)
	i := r.run(r.config(group, "w"+r.in), stage)
	require.Eventually(t, func() bool { return got.Load() == 3000 }, time.Minute, 10*time.Millisecond)
	require.Zero(t, count(r.values(r.out)))
	require.NoError(t, i.end())
	require.EqualValues(t, 3, stage.Committed.Load())
	require.EqualValues(t, 1, i.metric(t, "commits_total"))
	r.requireCopied(group)
}

// Killed at every step of the commit path, again and again, no record is lost or doubled.
func testKill(t *testing.T, addr string, s settings) {
	r := newRig(t, addr, s, 2)
	group := "g" + r.in
	c := child{Addr: addr, Group: group, ID: "w" + r.in, In: r.in, Out: r.out, Session: s.session, Transaction: s.transaction, KillAfter: 2}
	stop := r.publishOn(200)
	for _, step := range Steps {
		c.KillAt = step
		requireKilled(t, c.start(t), step)
	}
	c.KillAt = ""
	last := c.start(t)
	t.Logf("%d records", stop())
	r.requireCopied(group)
	require.NoError(t, last.Process.Signal(syscall.SIGTERM))
	require.NoError(t, last.Wait())
}

func requireKilled(t *testing.T, cmd *exec.Cmd, step string) {
	t.Helper()
	var exit *exec.ExitError
	require.ErrorAs(t, cmd.Wait(), &exit)
	require.Equal(t, syscall.SIGKILL, exit.Sys().(syscall.WaitStatus).Signal(), "it should have killed itself at %s", step)
}

// Instances join and leave while records flow.
func testRebalance(t *testing.T, addr string, s settings) {
	r := newRig(t, addr, s, 6)
	group := "g" + r.in
	stop := r.publishOn(600)
	first := r.run(r.config(group, "a"+r.in), &Copy{Out: r.out})
	for round := range 3 {
		before := r.committedSum(group)
		stage := &Copy{Out: r.out}
		second := r.run(r.config(group, fmt.Sprintf("b%d%s", round, r.in)), stage)
		require.Eventually(t, func() bool { return stage.Committed.Load() > 3 }, time.Minute, 10*time.Millisecond,
			"the second instance gets no work")
		require.NoError(t, second.end())
		require.Eventually(t, func() bool { return r.committedSum(group) > before }, time.Minute, 10*time.Millisecond)
	}
	t.Logf("%d records, restarts of the first instance: %v", stop(), first.metric(t, "restarts_total"))
	r.requireCopied(group)
	require.NoError(t, first.end())
}

func (r *rig) committedSum(group string) (sum int64) {
	next, err := stream.Committed(r.ctx, r.kafka, group, r.in)
	require.NoError(r.t, err)
	for _, n := range next {
		sum += n
	}
	return sum
}

// An instance that is frozen with a transaction in its hands finds, when it thaws, that it may not commit: neither
// before nor after its successor has committed the same records.
func testZombie(t *testing.T, addr string, s settings) {
	for _, step := range []string{stream.StepBegun, stream.StepProduced} {
		t.Run(step, func(t *testing.T) {
			r := newRig(t, addr, s, 2)
			group := "g" + r.in
			r.publish(0, 1000)
			frozen, thaw := make(chan struct{}), make(chan struct{})
			var once sync.Once
			rc := r.config(group, "zombie"+r.in)
			rc.TransactionTimeout = time.Minute // not the timeout fences it, but the group
			rc.Fault = func(at string) {
				if at == step {
					once.Do(func() { close(frozen); <-thaw })
				}
			}
			zombie := r.run(rc, &Copy{Out: r.out})
			<-frozen
			successor := r.run(r.config(group, "successor"+r.in), &Copy{Out: r.out})
			if step == stream.StepBegun { // nothing is in the transaction yet, so it holds back nobody
				r.requireCopied(group)
			} else {
				r.waitCommitted(group)
			}
			close(thaw)
			require.Eventually(t, func() bool { return zombie.metric(t, "fenced_total") == 1 }, time.Minute, 10*time.Millisecond)
			r.publish(1000, 1000)
			r.requireCopied(group)
			require.NoError(t, successor.end())
			require.NoError(t, zombie.end())
		})
	}
}

// An error of a task ends Run, with the place; one that asks for a fresh start is given it.
func testErrors(t *testing.T, addr string, s settings) {
	r := newRig(t, addr, s, 1)
	r.publish(0, 1000)
	boom := errors.New("boom")
	for name, stage := range map[string]*Copy{
		"open":  {OnOpen: func(context.Context, stream.Partition, int64) error { return boom }},
		"add":   {OnAdd: func(context.Context, stream.Partition, []stream.Record) error { return boom }},
		"flush": {OnFlush: func(context.Context, stream.Partition) error { return boom }},
	} {
		stage.Out = r.out
		err := <-r.run(r.config("g"+name+r.in, name+r.in), stage).done
		require.ErrorIs(t, err, boom, name)
		require.ErrorContains(t, err, r.in+"/000 at offset ", name)
		require.Equal(t, stage.Opened.Load(), stage.Closed.Load(), name)
	}
	var tries atomic.Int64
	stage := &Copy{Out: r.out, OnFlush: func(context.Context, stream.Partition) error {
		if tries.Add(1) < 3 {
			return fmt.Errorf("%w: %w", boom, stream.ErrRetry)
		}
		return nil
	}}
	i := r.run(r.config("g"+r.in, "w"+r.in), stage)
	r.requireCopied("g" + r.in)
	require.NoError(t, i.end())
	require.EqualValues(t, 3, stage.Opened.Load())
}
