package config

import (
	"errors"
	"net/url"
	"strings"
)

// The kinds of warehouse, each with SQL of its own.
const (
	Redshift = "redshift"
	Postgres = "postgres"
	DuckDB   = "duckdb"
)

// Dialect answers the kind of warehouse that the DSN names: redshift, postgres or
// duckdb.
func (w Warehouse) Dialect() string {
	scheme, _, _ := strings.Cut(w.DSN, ":")
	return scheme
}

// Source answers what the database's driver opens: for DuckDB the file, for the others
// a postgres:// URL that includes the password. It is a Secret for that reason.
func (w Warehouse) Source() (Secret, error) {
	if path, ok := strings.CutPrefix(w.DSN, DuckDB+":"); ok {
		return Secret(path), nil
	}
	u, err := url.Parse(w.DSN)
	if err != nil {
		return "", errors.New("read warehouse.dsn: it is not a URL") // the error would repeat it
	}
	u.Scheme = Postgres
	if w.Password != "" {
		u.User = url.UserPassword(u.User.Username(), w.Password.Reveal())
	}
	return Secret(u.String()), nil
}

// checkWarehouse never repeats a DSN that holds a password.
func (l *loader) checkWarehouse(w Warehouse) {
	const remedy = "write it like postgres://user@host:5432/db, redshift://user@host:5439/db or duckdb:FILE"
	switch w.Dialect() {
	case DuckDB:
		if w.DSN == DuckDB+":" {
			l.wrong("warehouse.dsn", "names no file", remedy)
		}
	case Redshift, Postgres:
		u, err := url.Parse(w.DSN)
		if err != nil {
			l.hidden("warehouse.dsn", "is not a URL", remedy)
			return
		}
		if _, has := u.User.Password(); has || u.Query().Has("password") {
			l.hidden("warehouse.dsn", "holds a password", "take it out and set SALES_WAREHOUSE_PASSWORD or warehouse.password_file")
		} else if u.Host == "" || u.User.Username() == "" || strings.Trim(u.Path, "/") == "" {
			l.wrong("warehouse.dsn", "names no user, host or database", remedy)
		}
	default:
		l.hidden("warehouse.dsn", "is of no known kind", remedy)
	}
}

// hidden reports a setting whose value may hold a secret.
func (l *loader) hidden(name, problem, remedy string) {
	s := find(l.sections, func(s *setting) bool { return s.name() == name })
	l.fault(s, mask, l.origin[s].source, problem, remedy)
}
