package silver

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/services/silver-etl/dedup"
)

// Orders beyond the horizon are looked up in the files of their days, and only
// for the commit that meets them.
func TestOlderOrdersAreRecalled(t *testing.T) {
	h := newHarness(t, &memoryTopic{}, tempLake(t, 0), 1)
	defer h.close()
	h.stage.Horizon = 24 * time.Hour
	for d := range int64(5) {
		h.orders(int(d)*100, int(d)*100+100, 0, d-4)
	}
	task := opened(h)
	require.Equal(t, 200, task.index.Len())
	require.Equal(t, 300, task.filter.Len())

	h.orders(500, 600, 0, -4) // new ones, late
	h.orders(450, 451, 1, 0)  // of a hot day
	require.Zero(t, testutil.ToFloat64(h.stage.metrics.filesRecalled))
	h.orders(50, 51, 1, -4)
	require.EqualValues(t, 2, testutil.ToFloat64(h.stage.metrics.filesRecalled), "the files of one day")
	h.orders(50, 51, 0, -4)   // a version that loses
	h.orders(150, 151, 1, 0)  // to a hot day
	h.orders(450, 451, 2, -2) // from one: stays in the index
	require.Equal(t, 201, task.index.Len())
	require.Equal(t, 600, task.index.Len()+task.filter.Len())
	before := readSilver(t, h.topic, h.options).rows
	h.drop(0)
	h.open(0)
	require.Equal(t, 200, opened(h).index.Len())
	h.orders(450, 451, 1, -2) // loses, too
	require.Equal(t, before, readSilver(t, h.topic, h.options).rows)
}

func TestTheIndexKeepsItsBound(t *testing.T) {
	h := newHarness(t, &memoryTopic{}, tempLake(t, 0), 1)
	defer h.close()
	h.stage.IndexBytes = 40_000 // of 2,000 orders it holds few whole
	events := randomEvents(rand.New(rand.NewPCG(1, 2)), 4000, 1)
	for from := 0; from < len(events); from += 250 {
		h.land(events[from : from+250])
		h.drain()
		task := opened(h)
		require.LessOrEqual(t, task.index.Len()*dedup.IndexBytes+task.filter.Len()*dedup.FilterBytes, h.stage.IndexBytes)
	}
	require.Positive(t, testutil.ToFloat64(h.stage.metrics.filesRecalled))
	requireOracle(t, h.topic, h.options, events)
}

func TestOrdersThatTheBoundHasNoRoomForStopTheStage(t *testing.T) {
	h := newHarness(t, &memoryTopic{}, tempLake(t, 0), 1)
	defer h.close()
	h.orders(0, 100, 0, 0)
	h.drop(0)
	h.stage.IndexBytes = 1000
	_, err := h.stage.Open(h.ctx, stream.Partition{Topic: sales.TopicBronze}, h.committed[0])
	require.ErrorContains(t, err, "partition 0 has 100 orders, which take 1200 bytes at least, and silver.index_bytes is 1000: "+
		"give the instance more memory and raise silver.index_bytes")
}

func opened(h *harness) *task { return h.tasks[0].(*task) }
