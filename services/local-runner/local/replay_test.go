package local

import (
	"context"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/services/bronze-writer/quarantine"
)

// Rejects of the sample come back through the stages themselves: a wrong patch
// is rejected again and linked, a right one is accepted, and the ledger closes.
func TestRejectsComeBack(t *testing.T) {
	ctx := t.Context()
	o := options(t, sampleNDJSON)
	r, err := open(ctx, o)
	require.NoError(t, err)
	defer func() { require.NoError(t, r.close()) }()
	r.inputs, err = o.find(ctx)
	require.NoError(t, err)
	_, err = r.run(ctx)
	require.NoError(t, err)
	options := quarantine.Options{Kafka: r.kafka, Bucket: r.bucket, Topic: sales.TopicEvents, Partitions: r.Settings.Lake.Partitions, Replication: 1, MaxEventBytes: 1 << 20}
	statuses := quarantine.Filter{Codes: []sales.Code{sales.UnknownStatus}}
	group := func() quarantine.Group {
		q, err := quarantine.Read(ctx, options)
		require.NoError(t, err)
		l, err := q.List(ctx, statuses, 0)
		require.NoError(t, err)
		require.Len(t, l.Groups, 1)
		return l.Groups[0]
	}
	before := group()
	require.Positive(t, before.Rejects)
	require.Equal(t, before.Rejects, before.Open)
	replay := func(status string) {
		step, err := quarantine.ParseStep("set", "status="+status)
		require.NoError(t, err)
		res, err := quarantine.Replay(ctx, options, quarantine.ReplayOptions{Filter: statuses, Patch: quarantine.Patch{step}, MaxAttempts: 3})
		require.NoError(t, err)
		require.Equal(t, map[quarantine.Decision]int64{quarantine.Send: before.Rejects}, res.By)
		for _, s := range r.stages() {
			r.Registry = prometheus.NewRegistry()
			require.NoError(t, r.together(ctx, []stage{s}, func(context.Context) error { return nil }))
		}
	}
	replay("done")
	after := group()
	require.Equal(t, [2]int64{before.Rejects, before.Rejects}, [2]int64{after.Rejects, after.Again})
	replay("completed")
	after = group()
	require.Equal(t, before.Rejects, after.Accepted+after.Again) // some have a second fault, which their first one hid
	require.Greater(t, after.Accepted, after.Again)

	require.NoError(t, r.account(ctx))
	replayed := map[string]lake.Count{}
	for _, h := range r.report.Ledger.Hops {
		require.Zero(t, h.Residual, h.Stage)
		if h.Source == sales.TopicEvents {
			replayed[h.Stage] = h.Replayed
			require.Equal(t, h.In, h.Replayed, "nothing else came by the topic")
		}
	}
	require.Equal(t, 2*before.Rejects, replayed["bronze"].Rows)
	require.Equal(t, replayed["bronze"], replayed["silver"])
}
