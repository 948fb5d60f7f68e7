package warehouse

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/duckdb/duckdb-go/v2"
	"github.com/pressly/goose/v3"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
)

type duckDB struct{}

func (duckDB) name() string { return DuckDB }

// open keeps DuckDB from fetching extensions, and its memory within bounds that the
// source may set otherwise: FILE?memory_limit=4GB.
func (duckDB) open(source string) (*sql.DB, error) {
	path, query, _ := strings.Cut(source, "?")
	settings, err := url.ParseQuery(query)
	if err != nil {
		return nil, fmt.Errorf("settings of DuckDB %q: %w", query, err)
	}
	for name, value := range map[string]string{
		"memory_limit":                 "1GB",
		"preserve_insertion_order":     "false", // or a big insert would be held in memory
		"autoinstall_known_extensions": "false",
		"autoload_known_extensions":    "false",
	} {
		if !settings.Has(name) {
			settings.Set(name, value)
		}
	}
	return sql.Open("duckdb", path+"?"+settings.Encode())
}

// makeSchema also makes migrations go into the file at once. A killed process would
// leave them in DuckDB's log, whose replay fails for good when it meets a change of a
// table with a sequence, be it a comment: the file could never be opened again.
func (duckDB) makeSchema(ctx context.Context, db *sql.DB) error {
	_, err := db.ExecContext(ctx, "SET GLOBAL checkpoint_threshold = '0KB'; CREATE SCHEMA IF NOT EXISTS etl")
	return err
}

func (duckDB) migrated(ctx context.Context, db *sql.DB) error {
	_, err := db.ExecContext(ctx, "RESET GLOBAL checkpoint_threshold") // loads change rows only
	return err
}

func (duckDB) migration() ([]goose.ProviderOption, error) { return nil, nil }

func (duckDB) now() string { return "CURRENT_TIMESTAMP" }

func (duckDB) bind(text string, args []any) (string, []any, error) { return text, args, nil }

// lock has nothing to do: the file belongs to this process, which loads one by one.
func (duckDB) lock(context.Context, *sql.Tx) error { return nil }

// fill lets DuckDB read the files itself.
func (d duckDB) fill(ctx context.Context, tx session, files Files, to target, list []lake.File) error {
	rows, err := d.read(ctx, files, to, list)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, fmt.Sprintf("INSERT INTO %s (%s) %s", to, strings.Join(to.columns(), ", "), rows))
	return err
}

// stage makes a view, as a table would cost more than a copy: DuckDB's planner counts no
// rows that its own transaction has put into a table, and hashes the bigger side of a join.
func (d duckDB) stage(ctx context.Context, tx session, files Files, to target, create string, list []lake.File) error {
	text := strings.Replace(create, "CREATE TEMP TABLE", "CREATE TEMP VIEW", 1)
	if len(list) > 0 {
		rows, err := d.read(ctx, files, to, list)
		if err != nil {
			return err
		}
		text += "UNION ALL\n" + rows
	}
	_, err := tx.ExecContext(ctx, text)
	return err
}

func (duckDB) staged() string { return "VIEW" }

// read answers a query for the rows of the files, which it compares.
func (duckDB) read(ctx context.Context, files Files, to target, list []lake.File) (string, error) {
	paths := make([]string, len(list))
	for i, f := range list {
		path, ok := files.Path(f.Key)
		if !ok {
			return "", errors.New("DuckDB reads the lake's files itself: use a lake in a folder (lake.url file://…), or another warehouse")
		}
		if _, err := fetch(ctx, files, f); err != nil {
			return "", err
		}
		paths[i] = quote(path)
	}
	var values []string
	for _, f := range to.rows.Fields {
		value := f.Name
		if f.Type == column.Timestamp {
			value = fmt.Sprintf("make_timestamp(epoch_us(%s))", f.Name) // whatever the session's time zone
		}
		values = append(values, value)
	}
	return fmt.Sprintf("SELECT %s FROM read_parquet([%s])", strings.Join(values, ", "), strings.Join(paths, ", ")), nil
}

func (duckDB) analyze(context.Context, *sql.Tx, string) error { return nil }

func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// passes counts in a file that another process holds.
func (duckDB) passes(err error) bool {
	var answer *duckdb.Error
	if !errors.As(err, &answer) {
		return false
	}
	return answer.Type == duckdb.ErrorTypeTransaction || answer.Type == duckdb.ErrorTypeIO || answer.Type == duckdb.ErrorTypeConnection
}
