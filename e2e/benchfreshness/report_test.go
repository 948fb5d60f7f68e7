package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestQuantilesOf(t *testing.T) {
	values := make([]float64, 200)
	for i := range values {
		values[len(values)-1-i] = float64(i + 1)
	}
	require.Equal(t, quantiles{P50: 101, P95: 191, P99: 199}, quantilesOf(values))
	require.Equal(t, quantiles{P50: 7, P95: 7, P99: 7}, quantilesOf([]float64{7}))
	require.Zero(t, quantilesOf(nil))
}

func TestSample(t *testing.T) {
	var c container
	require.NoError(t, c.sample("50.00%", "44.5MiB / 384MiB"))
	require.NoError(t, c.sample("150.00%", "1.5GiB / 2GiB"))
	require.NoError(t, c.sample("100.00%", "512KiB / 2GiB"))
	require.InDelta(t, 1, c.Cores, 1e-9)
	require.Equal(t, 1536.0, c.PeakMiB)
	require.Error(t, c.sample("--", "1MiB / 2GiB"))
	require.Error(t, c.sample("1%", "-- / --"))
}

func TestPrint(t *testing.T) {
	var out strings.Builder
	r := report{Late: 0.1, Event: quantiles{1, 2, 3}, Containers: []*container{{Name: "idle"}, {Name: "busy", Cores: 0.5, PeakMiB: 12}}}
	require.NoError(t, r.print(&out))
	require.Contains(t, out.String(), "without the 10 % that came to Kafka over 3 s late | 1.0 | 2.0 | 3.0 |\n")
	require.Contains(t, out.String(), "| busy | 0.50 | 12 |\n| idle | 0.00 | 0 |\n")
}
