package streamtest

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/stream"
)

// Heartbeats come through two stages when there is nothing else, and wait behind what a stage has not committed. No task
// and no reader sees one, and none is left to be handled.
func testHeartbeats(t *testing.T, addr string, s settings) {
	r := newRig(t, addr, s, 2)
	first, last := r.config("g"+r.in, "a"+r.in), r.config("g"+r.out, "b"+r.in)
	first.Heartbeats, first.HeartbeatEvery = map[string]string{r.in: r.out}, 20*time.Millisecond
	last.Heartbeats, last.Topics = map[string]string{r.out: ""}, []string{r.out}
	held := &Copy{Out: r.out, Every: 1 << 20, Wait: time.Hour}
	var got, seen atomic.Int64
	held.OnAdd = func(_ context.Context, _ stream.Partition, records []stream.Record) error {
		got.Add(int64(len(records)))
		return nil
	}
	end := &Copy{Out: r.in + ".end", Every: 1 << 20, Wait: time.Hour}
	require.NoError(t, stream.EnsureTopics(r.ctx, r.kafka, -1, stream.TopicSpec{Name: end.Out, Partitions: r.partitions}))
	end.OnAdd = func(_ context.Context, _ stream.Partition, records []stream.Record) error {
		seen.Add(int64(len(records)))
		return nil
	}
	from, to := r.run(first, held), r.run(last, end)
	require.Eventually(t, func() bool { return to.heartbeats(t) > 20 }, time.Minute, 10*time.Millisecond, "none comes through")
	require.Positive(t, r.committedSum(first.Group), "offsets of heartbeats are committed")

	r.publish(0, 100)
	require.Eventually(t, func() bool { return got.Load() == 100 }, time.Minute, 10*time.Millisecond)
	before := from.heartbeats(t)
	more, err := stream.EndOffsets(r.ctx, r.kafka, r.in)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		ends, err := stream.EndOffsets(r.ctx, r.kafka, r.in)
		return err == nil && ends[0] > more[0]+5 && ends[1] > more[1]+5
	}, time.Minute, 10*time.Millisecond)
	require.Equal(t, before, from.heartbeats(t), "they overtook records")

	require.NoError(t, from.end())
	require.EqualValues(t, 100, got.Load(), "a task was given a heartbeat")
	require.Equal(t, 100, count(r.values(r.in)), "a reader was")
	require.Equal(t, r.values(r.in), r.values(r.out))
	pending, err := stream.Pending(r.ctx, r.kafka, first.Group, r.in)
	require.NoError(t, err)
	require.Zero(t, pending)
	require.Eventually(t, func() bool { return seen.Load() == 100 }, time.Minute, 10*time.Millisecond)
	require.NoError(t, to.end())
	requireBetween(t, r)
}

// requireBetween counts records, heartbeats left out, in parts of the first partition.
func requireBetween(t *testing.T, r *rig) {
	var offsets []int64
	require.NoError(t, stream.ReadToEnd(r.ctx, r.kafka, r.in, []int32{0}, func(record stream.Record) error {
		offsets = append(offsets, record.Offset)
		return nil
	}))
	p, n := stream.Partition{Topic: r.in}, len(offsets)
	for _, part := range []struct{ from, to, want int64 }{
		{0, offsets[0], 0}, {0, offsets[0] + 1, 1}, {offsets[1], offsets[n-1], int64(n) - 2}, {offsets[n-1] + 1, 1 << 40, 0}, {5, 5, 0},
	} {
		got, err := stream.Between(r.ctx, r.kafka, p, part.from, part.to)
		require.NoError(t, err)
		require.Equal(t, part.want, got, part)
	}
	require.Positive(t, offsets[0], "heartbeats came first")
}
