package local

import (
	"slices"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/services/dq-checker/dq"
)

// Days that are there together are no history for each other: not in one commit, and not when the
// others' verdicts have long been given and read, as on a machine that is slow. Once they have
// passed, they are for what is made later.
func TestABackfillIsJudgedAlikeInAnyOrder(t *testing.T) {
	orderedOn := func(day string, n int) string { return orders(t, day, slices.Repeat([]string{"card"}, n)...) }
	o := options(t, orderedOn("2026-02-02", 300), orderedOn("2026-02-03", 1)) // a Monday, which is over
	for _, monday := range []string{"2026-01-05", "2026-01-12", "2026-01-19", "2026-01-26"} {
		o.Inputs = append(o.Inputs, orderedOn(monday, 60))
	}
	o.Settings.Lake.Partitions, o.Settings.Warehouse.Products, o.Through = 1, "", dq.Group
	require.Empty(t, judged(t, o))

	o.Inputs, o.Registry = nil, prometheus.NewRegistry()
	r, err := open(t.Context(), o)
	require.NoError(t, err)
	require.NoError(t, stream.SetOffsets(t.Context(), r.kafka, dq.Group, sales.TopicGold, map[int32]int64{0: 0}))
	require.NoError(t, r.close())
	require.Empty(t, judged(t, o), "once more, with the verdicts of all days there")

	o.Command = command(t, lake.Rebuild)
	require.Equal(t, []string{"gold/fact_sales/day=2026-02-02 orders_volume: hour 10 UTC of 2026-02-02 has 300 rows, from 18 to 102 are usual on a Monday (median 60 of 4 weeks)"}, judged(t, o))
}

// judged makes a run, and tells of what does not pass: slice, rule and message.
func judged(t *testing.T, o Options) (found []string) {
	t.Helper()
	run(t, o)
	o.Registry = prometheus.NewRegistry()
	r, err := open(t.Context(), o)
	require.NoError(t, err)
	defer func() { require.NoError(t, r.close()) }()
	s, err := readState(t.Context(), r.kafka, r.topics())
	require.NoError(t, err)
	for key, v := range s.verdicts {
		for _, f := range failing(v.Findings) {
			found = append(found, key+" "+f.Rule+": "+f.Message)
		}
	}
	return found
}
