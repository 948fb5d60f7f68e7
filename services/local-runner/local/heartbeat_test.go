package local

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/services/bronze-writer/bronze"
)

// Heartbeats come through all stages, leave nothing in the lake and count nowhere; events between them are accounted for as
// ever, and stages that start behind some go on.
func TestHeartbeatsComeThroughAllStages(t *testing.T) {
	o := options(t)
	o.Settings.Lake.Partitions = 2
	o.Settings.Bronze.MaxAge = 50 * time.Millisecond
	r, err := open(t.Context(), o)
	require.NoError(t, err)
	defer func() { require.NoError(t, r.close()) }()
	require.NoError(t, r.prepare(t.Context()))

	beating := func(feed func(context.Context) error) {
		r.Registry = prometheus.NewRegistry()
		stages := r.stages()[:5]
		stages[0].run = func(ctx context.Context, onReady func()) error {
			o := r.bronzeOptions()
			o.Bronze.Heartbeat, o.OnReady = 50*time.Millisecond, onReady
			return bronze.Run(ctx, o)
		}
		require.NoError(t, r.together(t.Context(), stages, feed))
	}
	arrive := func(context.Context) error {
		now := float64(time.Now().UnixMicro()) / 1e6
		require.Eventually(t, func() bool {
			m, err := r.gather()
			require.NoError(t, err)
			return m.values[of("sales_stage_heartbeat_timestamp_seconds", "load")] > 2*now // of two partitions, sent since
		}, time.Minute, 20*time.Millisecond)
		return nil
	}

	beating(arrive)
	for _, table := range []string{"bronze", "silver", "gold", "quarantine", "dq"} {
		_, err := os.Stat(filepath.Join(r.Lake, table))
		require.ErrorIs(t, err, os.ErrNotExist, "heartbeats wrote files")
	}
	s, err := readState(t.Context(), r.kafka, r.topics())
	require.NoError(t, err)
	require.Empty(t, s.verdicts)

	const orders = 40
	beating(func(ctx context.Context) error {
		p, err := stream.NewPublisher(r.kafka)
		require.NoError(t, err)
		defer p.Close()
		for i := range orders {
			id, at := fmt.Sprintf("O-%03d", i), time.Now().UTC().Format("2006-01-02T15:04:05.000000Z")
			require.NoError(t, p.Publish(ctx, stream.Record{Topic: sales.TopicEvents, Partition: stream.AnyPartition, Key: []byte(id), Value: fmt.Appendf(nil,
				`{"event_id":"E-%s","event_ts":%q,"order_id":%q,"order_ts":%q,"customer_id":"C-1","product_id":"P-1","category":"Books","region":"Europe","quantity":1,"unit_price":"10.00","revenue":"10.00","status":"completed"}`,
				id, at, id, at)}))
			require.NoError(t, p.Flush(ctx)) // after some time, so that heartbeats come between
		}
		return arrive(ctx)
	})
	beating(arrive)

	require.NoError(t, r.account(t.Context()))
	require.NoError(t, r.report.Fault())
	for _, h := range r.report.Ledger.Hops {
		if h.Dataset != sales.TopicEvents {
			continue
		}
		require.Empty(t, h.Rejected, h.Stage)
		require.EqualValues(t, orders, h.In.Rows, h.Stage)
		require.Equal(t, lake.Count{Rows: orders, Cents: orders * 1000}, h.Out, h.Stage)
	}
}
