package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/stream/streamtest"
)

// A plan shows what a patch makes of a reject, and leaves it open.
func TestPlanOfAReplay(t *testing.T) {
	const event = `{"event_id":"e-1","event_ts":"2026-01-31T12:00:00Z","order_id":"O-1","order_ts":"2026-01-31T11:00:00Z","customer_id":"C-1",` +
		`"product_id":"P-1","category":"Books","region":"Europe","quantity":1,"unit_price":1.00,"revenue":"2,50","status":"completed"}`
	file := filepath.Join(t.TempDir(), "events.ndjson")
	require.NoError(t, os.WriteFile(file, []byte(event), 0o600))
	lake := t.TempDir()
	environ := []string{"SALES_KAFKA_BROKERS=" + streamtest.Cluster(t), "SALES_KAFKA_REPLICATION=1", "SALES_LAKE_CREATE=true", "SALES_LAKE_URL=file://" + lake}
	code, _, stderr := command(t, environ, "ingest", file)
	require.Zero(t, code, stderr)
	for range 2 {
		code, stdout, stderr := command(t, environ, "quarantine", "replay", "--map", "unit_price:2=3", "--replace", `revenue:(\d+),(\d\d)=$1.$2`, "--plan")
		require.Zero(t, code, stderr)
		require.Contains(t, stdout, `"revenue":2.50,"status"`)
		require.Contains(t, stdout, "bronze  takes it")
		require.Regexp(t, `would be sent +1\n`, stdout)
	}
	for _, args := range [][]string{{"list"}, {"export"}, {"replay", "--plan"}} {
		code, stdout, stderr := command(t, environ, append([]string{"quarantine"}, append(args, "--code", "bad_decimals")...)...)
		require.Equal(t, 2, code)
		require.Empty(t, stdout)
		require.Contains(t, stderr, "bad_decimal, not_adopted, quantity_not_positive")
	}
	for _, args := range [][]string{{"quarantine", "export"}, {"quarantine", "list", "--json"}} { // what only reads leaves the schemas as they are
		require.NoError(t, os.RemoveAll(filepath.Join(lake, "_schemas", "bronze")))
		code, _, stderr := command(t, environ, args...)
		require.Zero(t, code, stderr)
		require.NoDirExists(t, filepath.Join(lake, "_schemas", "bronze"))
	}
	_, stdout, _ := command(t, environ, "quarantine", "list", "--json")
	require.Contains(t, stdout, `"open": 1`)
}
