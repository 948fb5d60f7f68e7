package main

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/daemon"
)

// program runs a command on a warehouse in a file and gives the exit code and output.
func program(t *testing.T, file string, args ...string) (code int, out, log string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = daemon.Program{
		Name: "redshift-loader", CLI: &cli{}, Args: args, Stdout: &stdout, Stderr: &stderr,
		Environ: []string{"SALES_WAREHOUSE_DSN=duckdb:" + file},
	}.Run(t.Context())
	return code, stdout.String(), stderr.String()
}

func TestMigrateAndQuery(t *testing.T) {
	file := filepath.Join(t.TempDir(), "warehouse.duckdb")
	for range 2 {
		code, _, log := program(t, file, "migrate")
		require.Zero(t, code, log)
	}
	code, out, log := program(t, file, "query", "category_leaders", "--format", "csv")
	require.Zero(t, code, log)
	require.Equal(t, "month,category_rank,category,orders,revenue,share_percent\n", out)

	code, out, _ = program(t, file, "query", "--list")
	require.Zero(t, code)
	require.Contains(t, out, "revenue_mom_growth       how does revenue grow")
}

func TestQueryRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "warehouse.duckdb")
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"query"}, 2, "name a query, or use --list"},
		{[]string{"query", "category_leaders", "--format", "xml"}, 2, "xml"},
		{[]string{"query", "nothing"}, 2, "there are category_leaders"},
		{[]string{"query", "category_leaders"}, 1, "redshift-loader migrate"},
	} {
		code, _, log := program(t, file, c.args...)
		require.Equal(t, c.code, code, log)
		require.Contains(t, log, c.want)
	}
}
