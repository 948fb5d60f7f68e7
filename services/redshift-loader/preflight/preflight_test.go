package preflight_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	_ "github.com/duckdb/duckdb-go/v2" // writes the files that our encoder cannot
	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/services/redshift-loader/preflight"
	"github.com/saleslake/saleslake/services/redshift-loader/warehouse"
	warehousesql "github.com/saleslake/saleslake/sql"
)

func redshiftTables(t *testing.T) map[string][]preflight.Column {
	migrations, err := warehousesql.Migrations("redshift")
	require.NoError(t, err)
	tables, err := preflight.Tables(migrations)
	require.NoError(t, err)
	return tables
}

func newLake(t *testing.T) *blob.Bucket {
	bucket, err := blob.Open(t.Context(), blob.Options{URL: "file://" + t.TempDir(), Create: true})
	require.NoError(t, err)
	return bucket
}

func options(t *testing.T, bucket *blob.Bucket, schema string) preflight.Options {
	targets, loaded := warehouse.Targets()
	return preflight.Options{Tables: redshiftTables(t), Targets: targets, Loaded: loaded, Bucket: bucket, Schema: schema}
}

// encode writes rows of a schema as the lake's writers do; text gives the values of
// text columns.
func encode(t *testing.T, s *column.Schema, rows int, text func(name string, row int) string) []byte {
	batch := column.NewBatch(s, rows)
	for i := range s.Fields {
		c := &batch.Columns[i]
		for row := range rows {
			switch c.Type {
			case column.Int32, column.Date:
				c.I32 = append(c.I32, 1)
			case column.Int64, column.Decimal, column.Timestamp:
				c.I64 = append(c.I64, 1)
			default:
				c.AppendString(text(s.Fields[i].Name, row))
			}
		}
	}
	encoder, err := lake.NewEncoder(s, lake.Encoding{})
	require.NoError(t, err)
	data, err := encoder.Encode(nil, batch)
	require.NoError(t, err)
	return data
}

func short(string, int) string { return "x" }

func TestFilesOfOurEncoderPassForEveryTable(t *testing.T) {
	bucket := newLake(t)
	targets, _ := warehouse.Targets()
	facts := &lake.Manifest{Format: lake.Format, Table: sales.TableFacts, Slice: "day=2026-01-01"}
	for name, target := range targets {
		data := encode(t, target.Rows, 3, short)
		file := lake.NewFile(name+"/day=2026-01-01/00000001-0.parquet", data, lake.Count{Rows: 3})
		require.NoError(t, bucket.Put(t.Context(), file.Key, data))
		switch name {
		case sales.TableSilver:
			facts.Files = []lake.File{file}
		case sales.TableChanges:
			facts.Changes = []lake.Change{{Version: 1, Changed: []lake.File{file}}}
		default:
			require.NoError(t, lake.Mirror(t.Context(), bucket, &lake.Manifest{Format: lake.Format, Table: name, Slice: "day=2026-01-01", Files: []lake.File{file}}))
		}
	}
	require.NoError(t, lake.Mirror(t.Context(), bucket, facts))
	report, err := preflight.Run(t.Context(), options(t, bucket, ""), nil)
	require.NoError(t, err)
	require.Equal(t, preflight.Report{Files: len(targets), Findings: []preflight.Finding{}}, report)

	require.NoError(t, bucket.Delete(t.Context(), facts.Files[0].Key))
	report, err = preflight.Run(t.Context(), options(t, bucket, ""), []string{"gold/fact_sales/day=2026-01-01"})
	require.NoError(t, err)
	require.Equal(t, preflight.Report{Files: 1, Gone: 1, Findings: []preflight.Finding{}}, report)
	_, err = preflight.Run(t.Context(), options(t, bucket, ""), []string{"gold/fact_sales/day=2026-01-02"})
	require.ErrorContains(t, err, "the lake has no slice gold/fact_sales/day=2026-01-02")
	_, err = preflight.Run(t.Context(), options(t, bucket, ""), []string{"silver/sales/none.parquet"})
	require.ErrorIs(t, err, blob.ErrNotFound)
}

// silverColumns is how DuckDB writes the columns of silver/sales as they should be.
var silverColumns = [][2]string{
	{"'O-' || i", "order_id"}, {"TIMESTAMPTZ '2026-01-01 00:00:00+00'", "order_ts"}, {"TIMESTAMPTZ '2026-01-01 00:00:00+00'", "event_ts"},
	{"'E-' || i", "event_id"}, {"'C'", "customer_id"}, {"'P'", "product_id"}, {"'Books'", "category"}, {"'Europe'", "region"},
	{"CAST(1 AS INTEGER)", "quantity"}, {"CAST(1 AS DECIMAL(18, 2))", "unit_price"}, {"CAST(1 AS DECIMAL(18, 2))", "revenue"}, {"'USD'", "currency"},
	{"'completed'", "status"}, {"NULL::VARCHAR", "payment_method"}, {"CAST(0 AS INTEGER)", "_partition"}, {"CAST(i AS BIGINT)", "_offset"},
}

// duckFile writes 5 rows of the columns.
func duckFile(t *testing.T, columns [][2]string) string {
	var items []string
	for _, c := range columns {
		items = append(items, c[0]+" AS "+c[1])
	}
	path := filepath.Join(t.TempDir(), "planted.parquet")
	db, err := sql.Open("duckdb", "")
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), fmt.Sprintf("COPY (SELECT %s FROM range(1, 6) AS r(i)) TO '%s' (FORMAT PARQUET)", strings.Join(items, ", "), path))
	require.NoError(t, err)
	require.NoError(t, db.Close())
	return path
}

// with is silverColumns with other expressions.
func with(name, expression string) [][2]string {
	columns := slices.Clone(silverColumns)
	for i := range columns {
		if columns[i][1] == name {
			columns[i][0] = expression
		}
	}
	return columns
}

func TestPlantedFaultsAreNamed(t *testing.T) {
	swapped := slices.Clone(silverColumns)
	swapped[1], swapped[2] = swapped[2], swapped[1]
	long := strings.Repeat("é", 200) // 400 bytes, 200 characters
	for name, c := range map[string]struct {
		columns [][2]string
		want    []preflight.Finding // without File
	}{
		"nothing": {silverColumns, nil},
		"a column too few": {silverColumns[:15], []preflight.Finding{{Column: "_offset", Outcome: lake.Fail,
			Problem: "the file lacks it, COPY would fill it from the next column", Remedy: "write the file with all columns of its table, or load it with the program that wrote it"}}},
		"a column too many": {slices.Insert(slices.Clone(silverColumns), 16, [2]string{"'x'", "coupon"}), []preflight.Finding{{Column: "coupon", Outcome: lake.Warn,
			Problem: "the table has no such column, COPY takes 16 columns by position", Remedy: "the loader copies the file without it; a column of the warehouse needs a migration"}}},
		"another order": {swapped, []preflight.Finding{
			{Column: "order_ts", Outcome: lake.Fail, Problem: "the file has it at place 3, the table at 2, and COPY goes by position", Remedy: "write the file with the table's order of columns"},
			{Column: "event_ts", Outcome: lake.Fail, Problem: "the file has it at place 2, the table at 3, and COPY goes by position", Remedy: "write the file with the table's order of columns"}}},
		"a physical type": {with("_offset", "CAST(i AS INTEGER)"), []preflight.Finding{{Column: "_offset", Outcome: lake.Fail,
			Problem: "the file has INT32 INT(32,true), BIGINT takes INT64 INT(64,true) or INT64", Remedy: "write the column anew in that type"}}},
		"a logical type": {with("status", "'completed'::BLOB"), []preflight.Finding{{Column: "status", Outcome: lake.Fail,
			Problem: "the file has BYTE_ARRAY, VARCHAR(32) takes BYTE_ARRAY STRING", Remedy: "write the column anew in that type"}}},
		"a float for money": {with("revenue", "CAST(1 AS DOUBLE)"), []preflight.Finding{{Column: "revenue", Outcome: lake.Fail,
			Problem: "the file has DOUBLE, DECIMAL(18,2) takes INT64 DECIMAL(18,2)", Remedy: "write the column anew in that type"}}},
		"nanoseconds": {with("order_ts", "TIMESTAMP_NS '2026-01-01 00:00:00'"), []preflight.Finding{{Column: "order_ts", Outcome: lake.Fail,
			Problem: "the file has INT64 TIMESTAMP(isAdjustedToUTC=false,unit=NANOS), TIMESTAMP takes INT64 TIMESTAMP(isAdjustedToUTC=true,unit=MICROS)",
			Remedy:  "write the column anew in that type"}}},
		"milliseconds": {with("order_ts", "TIMESTAMP_MS '2026-01-01 00:00:00'"), []preflight.Finding{{Column: "order_ts", Outcome: lake.Fail,
			Problem: "the file has INT64 TIMESTAMP(isAdjustedToUTC=false,unit=MILLIS), TIMESTAMP takes INT64 TIMESTAMP(isAdjustedToUTC=true,unit=MICROS)",
			Remedy:  "write the column anew in that type"}}},
		"local time": {with("event_ts", "TIMESTAMP '2026-01-01 00:00:00'"), []preflight.Finding{{Column: "event_ts", Outcome: lake.Fail,
			Problem: "the file has INT64 TIMESTAMP(isAdjustedToUTC=false,unit=MICROS), TIMESTAMP takes INT64 TIMESTAMP(isAdjustedToUTC=true,unit=MICROS)",
			Remedy:  "write the column anew in that type"}}},
		"another scale": {with("unit_price", "CAST(1 AS DECIMAL(18, 4))"), []preflight.Finding{{Column: "unit_price", Outcome: lake.Fail,
			Problem: "the file has INT64 DECIMAL(18,4), DECIMAL(18,2) takes INT64 DECIMAL(18,2)", Remedy: "write the column anew in that type"}}},
		"another precision": {with("unit_price", "CAST(1 AS DECIMAL(9, 2))"), []preflight.Finding{{Column: "unit_price", Outcome: lake.Fail,
			Problem: "the file has INT32 DECIMAL(9,2), DECIMAL(18,2) takes INT64 DECIMAL(18,2)", Remedy: "write the column anew in that type"}}},
		"a null": {with("quantity", "CASE WHEN i <> 4 THEN CAST(1 AS INTEGER) END"), []preflight.Finding{{Column: "quantity", Row: 4, Outcome: lake.Fail,
			Problem: "null, the table says NOT NULL (INTEGER)", Remedy: "give the row a value, or take NOT NULL from the column"}}},
		"a null text": {with("region", "CASE WHEN i <> 5 THEN 'x' END"), []preflight.Finding{{Column: "region", Row: 5, Outcome: lake.Fail,
			Problem: "null, the table says NOT NULL (VARCHAR(256))", Remedy: "give the row a value, or take NOT NULL from the column"}}},
		"a list": {with("payment_method", "['a']"), []preflight.Finding{{Column: "payment_method", Outcome: lake.Fail,
			Problem: "the file has GROUP, VARCHAR(128) takes BYTE_ARRAY STRING", Remedy: "write the column anew in that type"}}},
		"a long text": {with("customer_id", "CASE WHEN i = 2 THEN '"+long[:300]+"' WHEN i = 3 THEN '"+long+"' ELSE 'C' END"), []preflight.Finding{{Column: "customer_id", Row: 3, Outcome: lake.Warn,
			Problem: "a text of 400 bytes, VARCHAR(256) holds 256", Remedy: "the loader copies the file with a shorter text that ends in a hash of the whole; to have it whole, widen the column"}}},
		"a NUL": {with("order_id", "'O-' || i || CASE WHEN i = 2 THEN chr(0) ELSE '' END"), []preflight.Finding{{Column: "order_id", Row: 2, Outcome: lake.Warn,
			Problem: "a text with a NUL, which ends it for Redshift", Remedy: "the loader copies the file with a shorter text that ends in a hash of the whole; to have it whole, widen the column"}}},
	} {
		t.Run(name, func(t *testing.T) {
			file := duckFile(t, c.columns)
			report, err := preflight.Run(t.Context(), options(t, newLake(t), sales.TableSilver), []string{file})
			require.NoError(t, err)
			for i := range c.want {
				c.want[i].File = file
			}
			require.ElementsMatch(t, c.want, report.Findings)
			require.Equal(t, slices.ContainsFunc(c.want, func(f preflight.Finding) bool { return f.Outcome == lake.Fail }), report.Failed())
		})
	}
}

// Dictionaries, pages and row groups: the row is that of the file.
func TestTheRowOfALongTextInABigFile(t *testing.T) {
	const rows, at = 150_000, 140_321
	for _, name := range []string{"order_id", "category"} { // plain, and a dictionary
		data := encode(t, sales.Silver, rows, func(column string, row int) string {
			if column == name && row == at {
				return strings.Repeat("y", 257)
			}
			return "x"
		})
		r, err := lake.Open("big", data)
		require.NoError(t, err)
		columns, err := preflight.ColumnsOf("stage_sales", redshiftTables(t))
		require.NoError(t, err)
		findings, err := preflight.Check("big", r, columns, sales.Silver)
		require.NoError(t, err)
		require.Len(t, findings, 1)
		require.Equal(t, preflight.Finding{"big", name, at + 1, lake.Warn, "a text of 257 bytes, VARCHAR(256) holds 256", findings[0].Remedy}, findings[0])
		require.Contains(t, findings[0].String(), fmt.Sprintf("big, column %s, row 140322: a text of 257 bytes", name))
	}
}

func TestFilesThatAreNone(t *testing.T) {
	o := options(t, newLake(t), "")
	path := filepath.Join(t.TempDir(), "none.parquet")
	require.NoError(t, os.WriteFile(path, []byte("PAR1 but no more"), 0o600))
	report, err := preflight.Run(t.Context(), o, []string{path})
	require.NoError(t, err)
	require.True(t, report.Failed())
	require.Contains(t, report.Findings[0].Problem, "want PAR1 at both ends")

	_, err = preflight.Run(t.Context(), o, []string{duckFile(t, silverColumns)})
	require.ErrorContains(t, err, `its schema is "", nothing is loaded from that; say --schema with one of gold/daily_products`)
}

func TestTablesAreReadAsTheyAreWritten(t *testing.T) {
	tables, err := preflight.Tables(fstest.MapFS{"0001.sql": {Data: []byte(`-- CREATE TABLE a.comment (
CREATE TABLE a.b (
    id   BIGINT IDENTITY(1, 1) ENCODE AZ64,
    text VARCHAR(12) NOT NULL ENCODE ZSTD, -- NOT what it seems
    note varchar(7),
    sum  DECIMAL(18, 2) NOT NULL,
    day  DATE,
    PRIMARY KEY (id)
)
DISTSTYLE ALL;`)}, "0002.sql": {Data: []byte(`CREATE TABLE a.c (
    id BIGINT
);
ALTER TABLE a.b ADD COLUMN coupon VARCHAR(64) ENCODE ZSTD;
ALTER TABLE a.c
    ADD COLUMN sum DECIMAL(18, 2) DEFAULT 0 NOT NULL`)}})
	require.NoError(t, err)
	require.Equal(t, map[string][]preflight.Column{"a.b": {
		{Name: "id", Type: "BIGINT", NotNull: true}, {Name: "text", Type: "VARCHAR", Bytes: 12, NotNull: true}, {Name: "note", Type: "VARCHAR", Bytes: 7},
		{Name: "sum", Type: "DECIMAL", Precision: 18, Scale: 2, NotNull: true}, {Name: "day", Type: "DATE"},
		{Name: "coupon", Type: "VARCHAR", Bytes: 64},
	}, "a.c": {{Name: "id", Type: "BIGINT"}, {Name: "sum", Type: "DECIMAL", Precision: 18, Scale: 2, NotNull: true}}}, tables)

	_, err = preflight.Tables(fstest.MapFS{"0002.sql": {Data: []byte("ALTER TABLE a.b ADD COLUMN c DATE")}})
	require.ErrorContains(t, err, "0002.sql: no migration makes table a.b")
	_, err = preflight.Tables(fstest.MapFS{"0003.sql": {Data: []byte("CREATE TABLE a.b (\n c DATE\n);\nALTER TABLE a.b ALTER COLUMN c TYPE VARCHAR(7)")}})
	require.ErrorContains(t, err, "0003.sql: preflight reads ALTER TABLE … ADD COLUMN, no other change")
	_, err = preflight.Tables(fstest.MapFS{})
	require.ErrorContains(t, err, "no table")
}
