package warehouse

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/lib/pq"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/services/redshift-loader/preflight"
)

// ErrUnavailable marks an error of the database that passes by itself: it cannot be
// reached, restarts, or chose this transaction to resolve a conflict.
var ErrUnavailable = errors.New("the warehouse is not available")

// The dialects, as the settings and the folders of package sql name them.
const (
	Redshift = "redshift"
	Postgres = "postgres"
	DuckDB   = "duckdb"
)

// Files is where the lake's objects are: a blob.Bucket.
type Files interface {
	lake.Objects
	// Exists tells whether the key has an object.
	Exists(ctx context.Context, key string) (bool, error)
	// Path answers the absolute path of the object's file, and whether there is one.
	Path(key string) (string, bool)
}

// Options says which warehouse is opened.
type Options struct {
	Dialect string // Redshift, Postgres or DuckDB
	Source  string // a postgres:// URL, or the path of DuckDB's file; empty for one in memory
	Files   Files  // needed by Load only; for Redshift S3Files
	IAMRole string // with which Redshift reads the files: an ARN, or "default"; Redshift only

	// MaxRows bounds the rows that a transaction reads from files, and so what the database holds for it in
	// memory and temporary files; 500,000 when 0. A day is never split.
	MaxRows int64

	// Step, if set, is called before each step of a load with the step's name: a test
	// hook.
	Step func(name string)
}

// Warehouse is a database with the star schema. It is safe for concurrent use; loads
// go one after the other.
type Warehouse struct {
	db      *sql.DB
	dialect dialect
	files   Files
	step    func(string)
	maxRows int64
	loading chan struct{} // holds a value during a load: DuckDB has no lock that waits
}

// Open prepares the connections. A server is not asked for anything yet; DuckDB's file
// is opened, and an error that wraps ErrUnavailable says that another process has it.
func Open(o Options) (*Warehouse, error) {
	w := &Warehouse{files: o.Files, step: o.Step, maxRows: cmp.Or(o.MaxRows, 500_000), loading: make(chan struct{}, 1)}
	if w.step == nil {
		w.step = func(string) {}
	}
	var err error
	switch o.Dialect {
	case Redshift:
		w.dialect, err = newRedshift(o)
	case Postgres:
		w.dialect = postgres{}
	case DuckDB:
		w.dialect = duckDB{}
	default:
		err = fmt.Errorf("%q is none of %s, %s and %s", o.Dialect, Redshift, Postgres, DuckDB)
	}
	if err != nil {
		return nil, fmt.Errorf("open warehouse: %w", err)
	}
	if w.db, err = w.dialect.open(o.Source); err != nil {
		return nil, w.judge(fmt.Errorf("open warehouse: %w", err))
	}
	return w, nil
}

// Columns answers the columns of a table, which is named in full, as the database has it.
func (w *Warehouse) Columns(ctx context.Context, table string) ([]preflight.Column, error) {
	columns, err := preflight.Columns(ctx, w.db, table)
	return columns, w.judge(err)
}

// Close ends the connections.
func (w *Warehouse) Close() error { return w.db.Close() }

// judge marks errors that pass by themselves, and explains one that does not.
func (w *Warehouse) judge(err error) error {
	if cancelled(err) && !errors.Is(err, ErrUnavailable) {
		return fmt.Errorf("%w; the statement took longer than statement_timeout (of the loader on Redshift: %v) or a rule of the server allows, or somebody has cancelled it", err, statementTime)
	}
	if err != nil && w.dialect.passes(err) {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return err
}

// cancelled tells whether the server cancelled the statement, which has a reason that a
// second try does not change.
func cancelled(err error) bool {
	const queryCancelled = "57014"
	var answer *pq.Error
	return errors.As(err, &answer) && answer.Code == queryCancelled
}

// transact runs work in a transaction that holds the lock of writers, and commits it
// unless work answers an error.
func (w *Warehouse) transact(ctx context.Context, work func(*transaction) error) error {
	select {
	case w.loading <- struct{}{}:
		defer func() { <-w.loading }()
	case <-ctx.Done():
		return fmt.Errorf("wait for another load: %w", ctx.Err())
	}
	w.step("begin")
	conn, err := w.db.Conn(ctx)
	if err != nil {
		return w.judge(fmt.Errorf("connect: %w", err))
	}
	defer func() { _ = conn.Close() }() // gives it back to the pool
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return w.judge(fmt.Errorf("begin: %w", err))
	}
	t := &transaction{tx: session{tx, conn}, dialect: w.dialect, files: w.files, step: w.step}
	if err := errors.Join(t.lock(ctx), ctx.Err()); err != nil {
		return w.judge(errors.Join(err, rollback(tx)))
	}
	t.now = time.Now().UTC().Truncate(time.Microsecond) // under the lock: no other load has it
	if err := work(t); err != nil {
		return w.judge(errors.Join(err, rollback(tx)))
	}
	w.step("commit")
	if err := tx.Commit(); err != nil {
		return w.judge(fmt.Errorf("commit: %w", err))
	}
	return nil
}

// rollback reports only what is not a consequence of the error before.
func rollback(tx *sql.Tx) error {
	err := tx.Rollback()
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("roll back: %w", err)
	}
	return nil
}
