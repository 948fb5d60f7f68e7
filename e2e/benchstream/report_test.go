package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestReportIsByPairs(t *testing.T) {
	pairOf := func(loop, writer float64) pair { return pair{Loop: run{Seconds: loop}, Writer: run{Seconds: writer}} }
	r := report{Truth: truth{Events: 1_000_000, Bytes: 310_000_000}, Pairs: []pair{pairOf(1, 2), pairOf(4, 5), pairOf(2, 3)}}
	var out bytes.Buffer
	require.NoError(t, r.print(&out))
	require.Contains(t, out.String(), "1000000 events of 310 bytes")
	require.Contains(t, out.String(), "| bare loop | 500k | 250k–1000k |")
	require.Contains(t, out.String(), "0.67 of the loop's (median of the pairs, 0.50–0.80)")
}

func TestMedian(t *testing.T) {
	require.Equal(t, 2.0, median([]float64{3, 1, 2}))
	require.Equal(t, 2.5, median([]float64{4, 1, 3, 2}))
}

func TestPauseIsHalfOfTheRest(t *testing.T) {
	require.Equal(t, 250*time.Millisecond, pauseFor(time.Second, 200, 300))
	require.Equal(t, shortest, pauseFor(time.Second, 299, 300))
	require.Equal(t, time.Second, pauseFor(time.Second, 1, 300))
}
