package warehouse

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/saleslake/saleslake/pkg/config"
	"github.com/saleslake/saleslake/pkg/lake"
)

// ErrUnavailable marks an error of the database that passes by itself: it cannot be
// reached, restarts, or chose this transaction to resolve a conflict.
var ErrUnavailable = errors.New("the warehouse is not available")

// Files is where the lake's objects are: a blob.Bucket.
type Files interface {
	lake.Objects
	// Path answers the absolute path of the object's file, and whether there is one.
	Path(key string) (string, bool)
}

// Options says which warehouse is opened.
type Options struct {
	Dialect string // config.Postgres or config.DuckDB
	Source  string // a postgres:// URL, or the path of DuckDB's file; empty for one in memory
	Files   Files  // needed by Load only

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
	loading sync.Mutex // DuckDB has no lock that waits; the others lock in the database, too
}

// Open prepares the connection. It asks nothing of a server: [Warehouse.Migrate] is
// the first call that does.
func Open(o Options) (*Warehouse, error) {
	w := &Warehouse{files: o.Files, step: o.Step}
	if w.step == nil {
		w.step = func(string) {}
	}
	switch o.Dialect {
	case config.Postgres:
		w.dialect = postgres{}
	case config.DuckDB:
		w.dialect = duckDB{}
	default:
		return nil, fmt.Errorf("open warehouse: nothing is loaded into %q yet, use postgres or duckdb", o.Dialect)
	}
	var err error
	if w.db, err = w.dialect.open(o.Source); err != nil {
		return nil, fmt.Errorf("open warehouse: %w", err)
	}
	return w, nil
}

// FromConfig opens the warehouse that the settings name, with Options.Files and
// Options.Step.
func FromConfig(c config.Warehouse, files Files, step func(name string)) (*Warehouse, error) {
	source, err := c.Source()
	if err != nil {
		return nil, fmt.Errorf("open warehouse: %w", err)
	}
	return Open(Options{Dialect: c.Dialect(), Source: source.Reveal(), Files: files, Step: step})
}

// Close ends the connections.
func (w *Warehouse) Close() error { return w.db.Close() }

// judge marks errors that pass by themselves.
func (w *Warehouse) judge(err error) error {
	if err != nil && w.dialect.passes(err) {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return err
}

// transact runs work in a transaction that holds the ledger's lock, and commits it
// unless work answers an error.
func (w *Warehouse) transact(ctx context.Context, work func(*transaction) error) error {
	w.loading.Lock()
	defer w.loading.Unlock()
	w.step("begin")
	tx, err := w.db.BeginTx(ctx, nil)
	if err != nil {
		return w.judge(fmt.Errorf("begin: %w", err))
	}
	t := &transaction{tx: tx, dialect: w.dialect, files: w.files, step: w.step, now: time.Now().UTC()}
	if err := errors.Join(t.lock(ctx), ctx.Err()); err != nil {
		return w.judge(errors.Join(err, rollback(tx)))
	}
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
