package silver

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/control"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// A partition that cannot do a command says why, once, and the live stream goes on, that
// of the other partitions and its own; whoever waits is told.
func TestACommandThatCannotBeDone(t *testing.T) {
	p := newPipe(t)
	p.land()
	damaged := p.landed[0][0].Files[0].Key
	require.NoError(t, p.o.Bucket.Put(t.Context(), damaged, []byte("PAR1")))
	command, err := control.NewCommand(lake.Reprocess, firstDay, lastDay)
	require.NoError(t, err)
	require.NoError(t, control.Issue(t.Context(), p.o.Kafka, -1, command))
	p.land()
	i := start(p.o)
	done, err := control.Wait(t.Context(), p.o.Kafka, sales.TopicSilver, command, p.o.Partitions, nil)
	require.NoError(t, err)
	i.end(t)
	require.Len(t, done, p.o.Partitions)
	failures := lake.Failures(done)
	require.ErrorContains(t, failures, "partition 0 could not do it")
	require.ErrorContains(t, failures, damaged)
	require.NotContains(t, failures.Error(), "partition 1")
	p.finish()
}

// A plan that is made while commits go on is one of some moment: where the rules are
// those of the commits, it changes nothing.
func TestAPlanBesideCommitsIsOfOneMoment(t *testing.T) {
	p := newPipe(t)
	p.land()
	command, err := control.NewCommand(lake.Reprocess, firstDay, lastDay)
	require.NoError(t, err)
	landed := make(chan struct{})
	go func() {
		defer close(landed)
		for p.taken[0] < pieces {
			p.land()
		}
	}()
	plans := 0
	for over := false; !over; plans++ {
		select {
		case <-landed:
			over = true // and one more
		default:
		}
		plan, err := Plan(t.Context(), withRegistry(p.o), command)
		require.NoError(t, err)
		require.Empty(t, lake.SumDays(plan))
	}
	t.Logf("%d plans", plans)
	require.Greater(t, plans, 1)
	p.finish()
}
