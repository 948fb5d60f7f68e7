package warehouse

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/lib/pq"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/saleslake/saleslake/pkg/lake"
)

type postgres struct{}

func (postgres) name() string { return Postgres }

// secured asks for TLS with a certificate that is the host's, whatever the environment says;
// only the source itself may ask for less.
func secured(source string) (*url.URL, error) {
	u, err := url.Parse(source)
	if err != nil {
		return nil, errors.New("the source is no URL") // the error would repeat the password
	}
	settings := u.Query()
	if !settings.Has("sslmode") {
		settings.Set("sslmode", "verify-full")
	}
	u.RawQuery = settings.Encode()
	return u, nil
}

func (postgres) open(source string) (*sql.DB, error) {
	u, err := secured(source)
	if err != nil {
		return nil, err
	}
	c, err := pq.NewConfig(u.String())
	if err != nil {
		return nil, err
	}
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = 10 * time.Second // a host that swallows packets is tried again
	}
	connector, err := pq.NewConnectorConfig(c)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector), nil
}

// makeSchema sends both statements at once, which makes them one transaction: two
// programs that make a schema at the same time would fail otherwise.
func (postgres) makeSchema(ctx context.Context, db *sql.DB) error {
	const lockNumber = "7317253" // any number that no other program of the database uses
	_, err := db.ExecContext(ctx, "SELECT pg_advisory_xact_lock("+lockNumber+"); CREATE SCHEMA IF NOT EXISTS etl")
	return err
}

func (postgres) migrated(context.Context, *sql.DB) error { return nil }

func (postgres) migration() ([]goose.ProviderOption, error) {
	const everySeconds, times = 1, 300
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(everySeconds, times))
	if err != nil {
		return nil, err
	}
	return []goose.ProviderOption{goose.WithSessionLocker(locker)}, nil
}

func (postgres) now() string { return "CURRENT_TIMESTAMP" }

func (postgres) bind(text string, args []any) (string, []any, error) { return text, args, nil }

// lock keeps other loads out, and lets readers in. As there is one load at a time, it may
// have more memory than a server gives by default: enough to hash the order ids of a part.
// A load looks up some thousands of orders, most of them of the last hours, whose pages are in memory.
// By its default costs, of 2.4M facts PostgreSQL would rather read all than look 23,000 up, which is 12 times
// as fast; by a page cost of 0.3 the two cost the same where they take the same time. To compile statements that run once
// does not pay, nor do statistics of staged tables beyond their size and how many orders they have: those of all columns took
// as long as the COPY.
// A loader that froze loses its transaction, and with it the lock.
func (postgres) lock(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, fmt.Sprintf(`SET LOCAL work_mem = '64MB'; SET LOCAL random_page_cost = 0.3; SET LOCAL jit = off; SET LOCAL default_statistics_target = 1; SET LOCAL idle_in_transaction_session_timeout = %[1]d; SET LOCAL lock_timeout = %[1]d;
LOCK TABLE etl.load_ledger IN SHARE ROW EXCLUSIVE MODE; SET LOCAL lock_timeout = 0`, lockTime.Milliseconds()))
	const lockNotAvailable = "55P03"
	if answer := (*pq.Error)(nil); errors.As(err, &answer) && answer.Code == lockNotAvailable {
		return fmt.Errorf("%w: another transaction holds etl.load_ledger for longer than %v; pg_locks tells its pid, pg_terminate_backend(pid) ends it: %w", ErrUnavailable, lockTime, err)
	}
	return err
}

// fill copies file by file, so that a few files at a time are in memory.
func (p postgres) fill(ctx context.Context, tx session, files Files, to target, list []lake.File) error {
	text := fmt.Sprintf("COPY %s (%s) FROM STDIN", to, strings.Join(to.columns(), ", "))
	var copied error
	raw := tx.conn.Raw(func(driver any) error {
		copied = copyFiles(ctx, driver, text, files, to, list)
		return nil // or Raw would close a lost connection, and wait for this transaction to end first
	})
	if err := errors.Join(copied, raw); err != nil {
		return errors.Join(err, ctx.Err()) // when that ended the transaction, the driver says no more than that
	}
	if to.schema != "" {
		return nil
	}
	return p.analyze(ctx, tx.Tx, to.table)
}

func (p postgres) stage(ctx context.Context, tx session, files Files, to target, create string, list []lake.File) error {
	return stageTable(ctx, p, tx, files, to, create, list)
}

func (postgres) staged() string { return "TABLE" }

// analyze is needed as nothing else tells the planner of a new table's size.
func (postgres) analyze(ctx context.Context, tx *sql.Tx, table string) error {
	if _, err := tx.ExecContext(ctx, "ANALYZE "+table); err != nil {
		return fmt.Errorf("analyze %s: %w", table, err)
	}
	return nil
}

// passes counts lost connections in, and the errors of a server that starts, stops,
// has no room for now, or broke a deadlock; not a statement that was cancelled, which
// would be again.
func (postgres) passes(err error) bool {
	var answer *pq.Error
	if errors.As(err, &answer) {
		switch answer.Code.Class() {
		case "08", "40", "53", "57":
			return !cancelled(err)
		}
		return answer.Code == silentTooLong
	}
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// silentTooLong is what a loader that froze in a transaction is told.
const silentTooLong = "25P03"
