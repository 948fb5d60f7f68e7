package streamtest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/stream"
)

// A topic that is deleted takes the groups' offsets along, so that one made anew is
// read from its start.
func TestDeletedTopicTakesItsOffsetsAlong(t *testing.T) {
	_, addr := Fake(t)
	r := newRig(t, addr, settings{session: time.Second, transaction: 5 * time.Second}, 1)
	r.publish(0, 100)
	group := "g" + r.in
	i := r.run(r.config(group, "w"+r.in), &Copy{Out: r.out})
	r.requireCopied(group)
	require.ErrorContains(t, stream.Vacant(r.ctx, r.kafka, group), "has 1 members: stop all instances of the service first")
	require.Error(t, stream.SetOffsets(r.ctx, r.kafka, group, r.in, map[int32]int64{0: 1}), "the cluster refuses it, too")
	require.NoError(t, i.end())
	require.NoError(t, stream.Vacant(r.ctx, r.kafka, group))

	DeleteTopic(t, addr, r.in)
	require.NoError(t, stream.EnsureTopics(r.ctx, r.kafka, -1, stream.TopicSpec{Name: r.in, Partitions: 1}))
	next, err := stream.Committed(r.ctx, r.kafka, group, r.in)
	require.NoError(t, err)
	require.Empty(t, next)
	r.publish(0, 10)
	i = r.run(r.config(group, "w"+r.in), &Copy{Out: r.out})
	r.waitCommitted(group)
	require.NoError(t, i.end())
	require.Equal(t, 100+10, count(r.values(r.out)))
}
