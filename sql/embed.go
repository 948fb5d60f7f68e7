// Package sql holds the SQL of the warehouse, for the programs to embed: the
// migrations of each dialect, the statements of a load, and the analytics.
//
// The migrations are per dialect, as types, keys and placement differ. The load
// and the analytics are written once, in the SQL that the dialects share.
package sql

import (
	"embed"
	"io/fs"
	"strings"
)

//go:embed postgres/*.sql duckdb/*.sql redshift/*.sql
var migrations embed.FS

//go:embed load/*.sql
var load embed.FS

//go:embed analytics/*.sql
var analytics embed.FS

// Migrations gives the migrations of a dialect (postgres, duckdb, redshift), in
// goose's form: NNNN_name.sql.
func Migrations(dialect string) (fs.FS, error) { return fs.Sub(migrations, dialect) }

// Load gives the text of a load's statement, such as "merge_facts".
func Load(name string) (string, error) {
	text, err := load.ReadFile("load/" + name + ".sql")
	return string(text), err
}

// Analytics gives the text of a query, such as "category_leaders"; one that is
// not there answers fs.ErrNotExist.
func Analytics(name string) (string, error) {
	text, err := analytics.ReadFile("analytics/" + name + ".sql")
	return string(text), err
}

// AnalyticsNames lists the queries in alphabetical order.
func AnalyticsNames() []string { return names(analytics, "analytics/") }

// LoadNames lists the statements of a load in alphabetical order.
func LoadNames() []string { return names(load, "load/") }

func names(files fs.FS, folder string) []string {
	found, err := fs.Glob(files, folder+"*.sql")
	if err != nil {
		panic(err) // the pattern is constant
	}
	for i, f := range found {
		found[i] = strings.TrimSuffix(f[len(folder):], ".sql")
	}
	return found
}
