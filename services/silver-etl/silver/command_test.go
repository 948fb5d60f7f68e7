package silver

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/control"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

// A command that fails stops the service after each restart, until it is withdrawn: then
// the live stream goes on.
func TestACommandThatCannotBeDoneIsWithdrawn(t *testing.T) {
	p := newPipe(t)
	p.land()
	damaged := p.landed[0][0].Files[0].Key
	require.NoError(t, p.o.Bucket.Put(t.Context(), damaged, []byte("PAR1")))
	command, err := control.NewCommand(lake.Reprocess, firstDay, lastDay)
	require.NoError(t, err)
	require.NoError(t, control.Issue(t.Context(), p.o.Kafka, -1, command))
	for range 2 {
		require.ErrorContains(t, Run(t.Context(), withRegistry(p.o)), damaged)
	}
	require.NoError(t, stream.Transact(t.Context(), p.o.Kafka, "withdraw", []stream.Record{{Topic: sales.TopicControl, Key: []byte(command.Key())}}))
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
