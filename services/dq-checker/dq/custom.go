package dq

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/duckdb/duckdb-go/v2"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/rules"
)

// Custom are the parameters of kind custom: a SELECT in DuckDB's SQL that gives the rows at
// fault of the view rows, which has the columns of the table, file and row (from 1).
type Custom struct {
	rules.Limits `yaml:",inline"`
	SQL          string `yaml:"sql"`
}

// Check has DuckDB prepare the statement against an empty table.
func (p *Custom) Check(c *rules.Checker) {
	p.SQL = strings.TrimRight(strings.TrimSpace(p.SQL), ";")
	err := func() error {
		db, err := openDuckDB("", "64MiB")
		if err != nil {
			return err
		}
		defer func() { _ = db.Close() }()
		if _, err := db.Exec(emptyRows(c.Schema)); err != nil {
			return err
		}
		statement, err := db.Prepare(p.query())
		if err != nil {
			return err
		}
		defer func() { _ = statement.Close() }()
		return nil
	}()
	if err != nil {
		problem, _, _ := strings.Cut(err.Error(), "\n")
		c.Fault("the statement cannot be prepared: "+problem, "write a SELECT from rows, whose columns are those of "+c.Rule.Table+", file and row", "sql")
	}
}

// query makes the statement a query, whatever else it may be.
func (p *Custom) query() string { return "SELECT * FROM (" + p.SQL + "\n)" }

// openDuckDB opens a database in memory that sees nothing but a folder of files.
func openDuckDB(folder, memory string) (*sql.DB, error) {
	settings := []string{"SET threads = 1", "SET memory_limit = '" + memory + "'", "SET TimeZone = 'UTC'", "SET autoinstall_known_extensions = false", "SET autoload_known_extensions = false"}
	if folder != "" {
		settings = append(settings, "SET temp_directory = '"+folder+"'", "SET allowed_directories = ['"+folder+"']")
	}
	settings = append(settings, "SET enable_external_access = false", "SET lock_configuration = true")
	first := true
	connector, err := duckdb.NewConnector("", func(c driver.ExecerContext) error {
		if !first { // the settings are the database's
			return nil
		}
		first = false
		for _, s := range settings {
			if _, err := c.ExecContext(context.Background(), s, nil); err != nil {
				return fmt.Errorf("%s: %w", s, err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("open DuckDB: %w", err)
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1)
	return db, nil
}

// duckTypes are the types that DuckDB reads the columns of a file as.
var duckTypes = map[column.Type]string{column.Int32: "INTEGER", column.Int64: "BIGINT", column.Decimal: "DECIMAL(18,2)", column.Timestamp: "TIMESTAMPTZ",
	column.Date: "DATE", column.String: "VARCHAR", column.Symbol: "VARCHAR", column.Binary: "BLOB"}

func emptyRows(s *column.Schema) string {
	var columns []string
	for _, f := range s.Fields {
		columns = append(columns, fmt.Sprintf("%q %s", f.Name, duckTypes[f.Type]))
	}
	return "CREATE TABLE rows (" + strings.Join(append(columns, "file VARCHAR", "row BIGINT"), ", ") + ")"
}

// judgeCustom brings the slice's files to this machine and runs the statement over them. One that does
// not end, or wants more memory, is a breach that says so.
func judgeCustom(ctx context.Context, e *Evidence, r *rules.Rule) (Result, error) {
	p := r.Params.(*Custom)
	a := e.auditor
	select { // one at a time, as each may take its memory
	case a.customs <- struct{}{}:
		defer func() { <-a.customs }()
	case <-ctx.Done():
		return Result{}, ctx.Err()
	}
	folder, err := os.MkdirTemp("", "dq-custom-")
	if err != nil {
		return Result{}, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	if err := a.bring(ctx, e.Slice.files, folder); err != nil {
		return Result{}, err
	}
	found := Result{Checked: e.Slice.Rows}
	limited, cancel := context.WithTimeout(ctx, a.CustomTimeout)
	defer cancel()
	failed, rows, err := p.run(limited, e.Slice.files, rules.Schema(e.Slice.table), folder, fmt.Sprintf("%dB", a.CustomMemory), a.Samples)
	switch {
	case ctx.Err() != nil:
		return found, ctx.Err()
	case err != nil:
		found.Outcome, found.Failed = r.Severity.Outcome(), -1
		found.Message = fmt.Sprintf("the statement could not be run in %s and %d bytes: %v", a.CustomTimeout, a.CustomMemory, err)
		return found, nil
	}
	found.Failed, found.Outcome = failed, outcome(r, p.Breached(failed, found.Checked))
	found.Message = fmt.Sprintf("%d of %d rows are at fault", failed, found.Checked) + p.Said()
	for _, f := range e.Slice.files {
		slices.Sort(rows[f.Key])
		if len(rows[f.Key]) == 0 {
			continue
		}
		err := a.visit(ctx, e.Slice, f, rows[f.Key], func(g *RowGroup, i int) error {
			found.Samples = append(found.Samples, g.sample(i, ""))
			return nil
		})
		if err != nil {
			return found, err
		}
	}
	if len(found.Samples) > 0 {
		found.Message += ", such as " + places(found.Samples)
	}
	return found, nil
}

// bring writes the files into a folder, one after the other, each held against its manifest entry.
func (a *Auditor) bring(ctx context.Context, files []lake.File, folder string) error {
	for i, f := range files {
		file, done, err := a.open(ctx, f)
		if errors.Is(err, lake.ErrCorrupt) {
			continue // rule files tells of it
		}
		if err != nil {
			return err
		}
		err = os.WriteFile(localName(folder, i), file.data, 0o600)
		done()
		if err != nil {
			return err
		}
	}
	return nil
}

func localName(folder string, i int) string {
	return filepath.Join(folder, fmt.Sprintf("%08d.parquet", i))
}

// run gives the number of rows at fault, and some of them by file, from 0.
func (p *Custom) run(ctx context.Context, files []lake.File, schema *column.Schema, folder, memory string, samples int) (failed int64, rows map[string][]int64, err error) {
	db, err := openDuckDB(folder, memory)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = db.Close() }()
	view := emptyRows(schema)
	if there, _ := filepath.Glob(filepath.Join(folder, "*.parquet")); len(there) > 0 {
		keys := make([]string, len(files))
		for i, f := range files {
			keys[i] = "'" + strings.ReplaceAll(f.Key, "'", "''") + "'"
		}
		// The name of a local file is the position of its key.
		view = fmt.Sprintf("CREATE VIEW rows AS SELECT * EXCLUDE (filename, file_row_number), [%s][parse_filename(filename, true)::INTEGER + 1] AS file, file_row_number + 1 AS row "+
			"FROM read_parquet('%s/*.parquet', filename = true, file_row_number = true, union_by_name = true)", strings.Join(keys, ", "), folder)
	}
	if _, err := db.ExecContext(ctx, view); err != nil {
		return 0, nil, err
	}
	result, err := db.QueryContext(ctx, p.query())
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = result.Close() }()
	names, err := result.Columns()
	if err != nil {
		return 0, nil, err
	}
	values, pointers := make([]any, len(names)), make([]any, len(names))
	for i := range values {
		pointers[i] = &values[i]
	}
	file, row := slices.Index(names, "file"), slices.Index(names, "row")
	rows = map[string][]int64{}
	for result.Next() {
		if failed++; file < 0 || row < 0 || failed > int64(samples) {
			continue
		}
		if err := result.Scan(pointers...); err != nil {
			return 0, nil, err
		}
		key, ok := values[file].(string)
		if n, is := values[row].(int64); ok && is {
			rows[key] = append(rows[key], n-1)
		}
	}
	return failed, rows, errors.Join(result.Err(), ctx.Err())
}
