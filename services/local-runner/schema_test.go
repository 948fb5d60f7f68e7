package main

import (
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2"
	"github.com/stretchr/testify/require"
)

const childVariable = "LOCAL_RUNNER_CHILD"

// TestMain runs the program itself when a test starts it: the columns that the
// settings add are those of a whole process.
func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// runner runs the program on a lake with added columns.
func runner(t *testing.T, lake, columns, name, content string) (output string, err error) {
	input := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(input, []byte(content), 0o600))
	return command(t, columns, "--lake", lake, "--input", input, "--json")
}

func command(t *testing.T, columns string, args ...string) (output string, err error) {
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), childVariable+"=1", "SALES_SCHEMA_COLUMNS="+columns)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func line(order, version, more string) string {
	return fmt.Sprintf(`{"event_id":"%s-%s","event_ts":"2026-01-0%sT00:00:00Z","order_id":"%s","order_ts":"2026-01-01T00:00:00Z","customer_id":"C","product_id":"P",`+
		`"category":"Books","region":"Europe","quantity":1,"unit_price":1,"revenue":1,"status":"completed"%s}`+"\n", order, version, version, order, more)
}

// A column is added by the settings alone: what was rescued before stays readable,
// older files have the default, newer ones the value, and a service that does
// not know the column is refused.
func TestColumnsAreAddedByTheSettings(t *testing.T) {
	lake := filepath.Join(t.TempDir(), "lake")
	others := "" // many enough for a change to be small
	for i := range 40 {
		others += line(fmt.Sprint("X", i), "1", "")
	}
	out, err := runner(t, lake, "", "a.ndjson", others+line("A", "1", `,"coupon_code":"OLD","tax":0.10`)+line("B", "1", ""))
	require.NoError(t, err, out)
	const columns = "coupon_code:string,tax:decimal=0.00"
	out, err = runner(t, lake, columns, "b.ndjson", line("B", "2", `,"coupon_code":"NEW","tax":"0.25"`)+line("C", "2", `,"tax":0.5,"gift":true`)+line("D", "2", `,"tax":0.555`))
	require.NoError(t, err, out)

	db, err := sql.Open("duckdb", "")
	require.NoError(t, err)
	defer db.Close() //nolint:errcheck // in memory
	ask := func(query string) (answer string) {
		require.NoError(t, db.QueryRow(fmt.Sprintf(query, lake)).Scan(&answer), query)
		return answer
	}
	require.Equal(t, "A OLD,B ,B NEW,C ", ask(`select string_agg(order_id || ' ' || coalesce(coupon_code, _rescued->>'coupon_code', ''), ',' order by order_id, event_ts)
		from read_parquet('%s/bronze/**/*.parquet', union_by_name = true) where order_id < 'X'`))
	require.Equal(t, `{"gift":true}`, ask(`select _rescued from read_parquet('%s/bronze/**/*.parquet', union_by_name = true) where order_id = 'C'`))
	require.Equal(t, "A  null,B NEW 0.25,C  0.50", ask(`select string_agg(order_id || ' ' || coalesce(coupon_code, '') || ' ' || coalesce(cast(tax as text), 'null'), ',' order by order_id)
		from read_parquet('%s/silver/sales/**/*.parquet', union_by_name = true) where order_id < 'X'`))
	require.Equal(t, "bad_decimal tax", ask(`select code || ' ' || field from '%s/quarantine/**/*.parquet'`))
	require.Equal(t, "2,4", ask(`select string_agg(distinct schema, ',' order by schema) from '%s/_manifests/bronze/**/*.json'`))

	// A correction rewrites the file of the older version: its other rows are in the newer schema then.
	out, err = runner(t, lake, columns, "c.ndjson", line("A", "3", `,"coupon_code":"LATE"`))
	require.NoError(t, err, out)
	require.Equal(t, "A LATE 0.00", ask(`select string_agg(order_id || ' ' || coalesce(coupon_code, '') || ' ' || tax, ',') from read_parquet('%s/silver/sales/**/*.parquet', union_by_name = true) where order_id = 'A'`))

	require.Equal(t, "before A,before B,upsert A LATE,upsert B NEW,upsert C", ask(`select string_agg(_op || ' ' || order_id || coalesce(' ' || coupon_code, ''), ',' order by _op, order_id) from '%s/silver/sales_changes/**/*.parquet'`))

	for columns, want := range map[string]string{
		"":                                   "it has column coupon_code of type STRING and this service does not: add it to schema.columns",
		"coupon_code:int=0,tax:decimal=0.00": "column coupon_code is STRING",
		"Tax:decimal=0.00,x:text":            "is none of string, symbol",
	} {
		out, err := runner(t, lake, columns, "d.ndjson", line("D", "1", ""))
		require.Error(t, err)
		require.Contains(t, out, want)
	}
}

// A plan with settings that are tried out binds nobody to them, and leaves the warehouse alone.
func TestAPlanLeavesTheLakeAsItIs(t *testing.T) {
	lake := filepath.Join(t.TempDir(), "lake")
	out, err := runner(t, lake, "", "a.ndjson", line("A", "1", `,"tax":0.10`))
	require.NoError(t, err, out)
	warehouse := filepath.Join(lake, "warehouse.duckdb")
	require.NoError(t, os.Remove(warehouse))
	for _, job := range []string{"reprocess", "rebuild"} {
		out, err = command(t, "tax:decimal=0.00", job, "--lake", lake, "--from=2026-01-01", "--to=2026-01-02", "--plan")
		require.NoError(t, err, out)
	}
	require.NoFileExists(t, warehouse)
	out, err = runner(t, lake, "", "b.ndjson", line("B", "1", ""))
	require.NoError(t, err, out)
}
