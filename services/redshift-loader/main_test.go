package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/daemon"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/services/redshift-loader/preflight"
	"github.com/saleslake/saleslake/services/redshift-loader/warehouse"
	"github.com/saleslake/saleslake/services/redshift-loader/warehouse/warehousetest"
	warehousesql "github.com/saleslake/saleslake/sql"
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
	require.Contains(t, out, `customers
  cohort_retention               of the customers who first bought in a month, how many buy again in each month after it?
                          a row: a month of first orders (cohort) and a month since then, up to the last month with orders
`)
	code, out, _ = program(t, "/no/such/file", "query", "category_leaders", "--show")
	require.Zero(t, code)
	require.Contains(t, out, "FROM sales.agg_daily_sales")
}

func TestPreflight(t *testing.T) {
	dir := t.TempDir()
	encoder, err := lake.NewEncoder(sales.DailySales, lake.Encoding{})
	require.NoError(t, err)
	good, err := encoder.Encode(nil, column.NewBatch(sales.DailySales, 0))
	require.NoError(t, err)
	narrow := *sales.DailySales
	narrow.Fields = narrow.Fields[:10]
	encoder, err = lake.NewEncoder(&narrow, lake.Encoding{})
	require.NoError(t, err)
	bad, err := encoder.Encode(nil, column.NewBatch(&narrow, 0))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "good.parquet"), good, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "bad.parquet"), bad, 0o600))

	code, out, log := program(t, filepath.Join(dir, "unused.duckdb"), "preflight", filepath.Join(dir, "good.parquet"), "--lake-url", "file://"+dir)
	require.Zero(t, code, log)
	require.Equal(t, "1 files checked, 0 gone since their manifest, 0 findings\n", out)

	code, out, log = program(t, filepath.Join(dir, "unused.duckdb"), "preflight", filepath.Join(dir, "bad.parquet"), "good.parquet", "--lake-url", "file://"+dir)
	require.Equal(t, 1, code)
	require.Contains(t, log, "COPY would not take what is listed as fail")
	require.Contains(t, out, "bad.parquet  cancelled_orders  –    the file lacks it, COPY would fill it from the next column  write the file with all columns")
	require.Contains(t, out, "2 files checked, 0 gone since their manifest, 1 findings\n")

	code, out, _ = program(t, filepath.Join(dir, "unused.duckdb"), "preflight", filepath.Join(dir, "bad.parquet"), "--json", "--lake-url", "file://"+dir)
	require.Equal(t, 1, code)
	var report preflight.Report
	require.NoError(t, json.Unmarshal([]byte(out), &report))
	require.Equal(t, "cancelled_orders", report.Findings[0].Column)
	require.Equal(t, lake.Fail, report.Findings[0].Outcome)

	code, _, log = program(t, filepath.Join(dir, "unused.duckdb"), "preflight", "gold/nothing", "--lake-url", "file://"+dir)
	require.Equal(t, 1, code)
	require.Contains(t, log, "the lake has no slice gold/nothing")
}

// The tables of a database, here PostgreSQL with Redshift's, are those of the migrations.
func TestPreflightOnline(t *testing.T) {
	server := warehousetest.StartRedshift(t, warehousetest.StartPostgres(t))
	w, err := warehouse.Open(warehouse.Options{Dialect: warehouse.Redshift, Source: server.Database(t), IAMRole: "default"})
	require.NoError(t, err)
	defer func() { require.NoError(t, w.Close()) }()
	_, err = w.Columns(t.Context(), "sales.fact_sales")
	require.ErrorContains(t, err, "run redshift-loader migrate")
	_, err = w.Migrate(t.Context())
	require.NoError(t, err)
	migrations, err := warehousesql.Migrations(warehouse.Redshift)
	require.NoError(t, err)
	tables, err := preflight.Tables(migrations)
	require.NoError(t, err)
	for name, want := range tables {
		found, err := w.Columns(t.Context(), name)
		require.NoError(t, err)
		require.Equal(t, want, found, name)
	}
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
		{[]string{"query", "leaders"}, 2, "near it: category_leaders"},
		{[]string{"query", "category_leaders"}, 1, "redshift-loader migrate"},
	} {
		code, _, log := program(t, file, c.args...)
		require.Equal(t, c.code, code, log)
		require.Contains(t, log, c.want)
	}
}
