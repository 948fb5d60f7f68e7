// Package sql holds the SQL of the warehouse, for the programs to embed: the
// migrations of each dialect, the statements of a load, and the analytics.
//
// The migrations that make tables are per dialect, as types, keys and placement differ.
// All else (the comments on the tables, the load, the analytics) is written once, in the
// SQL that the dialects share.
package sql

import (
	"embed"
	"errors"
	"io/fs"
	"slices"
	"strings"
)

//go:embed postgres/*.sql duckdb/*.sql redshift/*.sql shared/*.sql
var migrations embed.FS

//go:embed load/*.sql
var load embed.FS

//go:embed analytics/*.sql
var analytics embed.FS

// Migrations gives the migrations of a dialect (postgres, duckdb, redshift) and those that
// all share, in goose's form: NNNN_name.sql.
func Migrations(dialect string) (fs.FS, error) {
	own, err := fs.Sub(migrations, dialect)
	if err != nil {
		return nil, err
	}
	shared, err := fs.Sub(migrations, "shared")
	return folders{own, shared}, err
}

// folders are shown as one; no name is in two of them.
type folders []fs.FS

// Open opens a file of one of the folders.
func (f folders) Open(name string) (file fs.File, err error) {
	for _, folder := range f {
		if file, err = folder.Open(name); !errors.Is(err, fs.ErrNotExist) {
			return file, err
		}
	}
	return nil, err
}

// ReadDir lists the files of all of them, sorted by name.
func (f folders) ReadDir(name string) (all []fs.DirEntry, err error) {
	for _, folder := range f {
		entries, err := fs.ReadDir(folder, name)
		if err != nil {
			return nil, err
		}
		all = append(all, entries...)
	}
	slices.SortFunc(all, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return all, nil
}

// Load gives the text of a load's statement, such as "insert_facts".
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
