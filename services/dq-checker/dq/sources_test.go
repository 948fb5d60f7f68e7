package dq

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

func TestSourcesOfSamples(t *testing.T) {
	k := NewKeeper()
	h := soundWithFile() // the topic up to offset 39, file:1 with rows 1 to 7
	for _, r := range append(h.bronze, h.silver...) {
		require.NoError(t, k.Add(r))
	}
	row := func(p int32, offset int64, event string) Sample {
		return Sample{Record: lake.RecordID{Partition: p, Offset: offset}, eventID: event}
	}
	samples := []Sample{row(partition, 5, "e"), row(partition, 5, "1-000000000005"), row(partition, 8, "e"), row(partition, 99, "e"), row(partition+1, 5, "e"), {Record: lake.RecordID{Source: "x"}}}
	k.Identify(sales.TableSilver, samples)
	var sources []string
	for _, s := range samples {
		sources = append(sources, s.Record.Source)
	}
	require.Equal(t, []string{"", "file:1", sales.TopicEvents, "", "", "x"}, sources)
}
