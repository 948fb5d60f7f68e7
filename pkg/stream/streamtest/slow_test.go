package streamtest

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/stream"
)

// A task that takes long holds back the reading: the client keeps its place in the group, the lag shows, what is read
// stays bounded, and when the task goes on everything arrives.
func TestSlowTask(t *testing.T) {
	_, addr := Fake(t)
	r := newRig(t, addr, settings{session: time.Second, transaction: 5 * time.Second}, 2)
	group := "g" + r.in
	r.publish(0, 40_000)
	var slow atomic.Bool
	slow.Store(true)
	goOn := make(chan struct{})
	stage := &Copy{Out: r.out, Every: 2000}
	stage.OnAdd = func(ctx context.Context, _ stream.Partition, _ []stream.Record) error {
		if slow.Load() {
			select {
			case <-goOn:
			case <-ctx.Done():
			}
		}
		return nil
	}
	rc := r.config(group, "w"+r.in)
	rc.QueueBytes = 1 << 20
	i := r.run(rc, stage)
	patience := time.Now().Add(5 * time.Second) // longer than the group's patience with an instance that does not poll
	require.Eventually(t, func() bool { return time.Now().After(patience) }, time.Minute, 100*time.Millisecond)
	require.Zero(t, i.metric(t, "records_total"))
	slow.Store(false)
	close(goOn)
	require.Eventually(t, func() bool { return i.lag(t) > 0 }, time.Minute, time.Millisecond)
	r.requireCopied(group)
	require.Eventually(t, func() bool { return i.lag(t) == 0 }, time.Minute, 10*time.Millisecond)
	require.NoError(t, i.end())
	require.EqualValues(t, 2, stage.Opened.Load(), "the partitions were taken away")
	require.Zero(t, i.metric(t, "restarts_total"))
	require.EqualValues(t, 40_000, i.metric(t, "records_total"))
}

// Opening takes as long as it takes; the other partitions go on meanwhile, and an instance that is told to stop does
// not wait for it.
func TestSlowOpen(t *testing.T) {
	_, addr := Fake(t)
	r := newRig(t, addr, settings{session: time.Second, transaction: 5 * time.Second}, 2)
	r.publish(0, 1000)
	stage := &Copy{Out: r.out, OnOpen: func(ctx context.Context, p stream.Partition, _ int64) error {
		if p.ID == 0 {
			<-ctx.Done()
			return ctx.Err()
		}
		return nil
	}}
	i := r.run(r.config("g"+r.in, "w"+r.in), stage)
	require.Eventually(t, func() bool {
		next, err := stream.Committed(r.ctx, r.kafka, "g"+r.in, r.in)
		return err == nil && next[1] == 500
	}, time.Minute, 10*time.Millisecond)
	require.NoError(t, i.end())
	require.Empty(t, r.values(r.out)[0])
}

// held has a task that always has something left to do later, and that is told to stop while it flushes.
type held struct {
	stream.Task
	stop func() // and wait until the session has begun to end
}

func (h held) Due(now time.Time, caughtUp bool) time.Time {
	if due := h.Task.Due(now, caughtUp); !due.IsZero() {
		return due
	}
	return now.Add(time.Hour)
}

func (h held) Flush(ctx context.Context) (stream.Commit, error) {
	h.stop()
	return h.Task.Flush(ctx)
}

// heldStage opens such tasks.
type heldStage struct {
	stream.Stage
	stop func()
}

func (s heldStage) Open(ctx context.Context, p stream.Partition, next int64) (stream.Task, error) {
	task, err := s.Stage.Open(ctx, p, next)
	return held{task, func() { s.stop(); <-ctx.Done() }}, err
}

// A flush that the stop finds under way is the last.
func TestStopDuringAFlush(t *testing.T) {
	_, addr := Fake(t)
	r := newRig(t, addr, settings{session: time.Second, transaction: 5 * time.Second}, 1)
	r.publish(0, 10)
	started := make(chan *instance, 1)
	i := r.run(r.config("g"+r.in, "w"+r.in), heldStage{&Copy{Out: r.out}, func() {
		i := <-started
		started <- i
		i.stop()
	}})
	started <- i
	require.NoError(t, <-i.done)
	r.requireCopied("g" + r.in)
}

// lag is the sum of the instance's lag in records, -1 before there is one.
func (i *instance) lag(t testing.TB) float64 {
	families, err := i.reg.Gather()
	require.NoError(t, err)
	for _, f := range families {
		if f.GetName() == "sales_stage_lag_records" {
			sum := 0.0
			for _, m := range f.GetMetric() {
				sum += m.GetGauge().GetValue()
			}
			return sum
		}
	}
	return -1
}
