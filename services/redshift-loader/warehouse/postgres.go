package warehouse

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/lib/pq"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

type postgres struct{}

func (postgres) name() string { return Postgres }

func (postgres) open(source string) (*sql.DB, error) {
	c, err := pq.NewConfig(source)
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

// lock keeps other loads out, and lets readers in.
func (postgres) lock(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, "LOCK TABLE etl.load_ledger IN SHARE ROW EXCLUSIVE MODE")
	return err
}

// fill copies file by file, so that one file at a time is in memory.
func (p postgres) fill(ctx context.Context, tx *sql.Tx, files Files, to target, list []lake.File) error {
	text := fmt.Sprintf("COPY %s (%s) FROM STDIN", to, strings.Join(to.columns(), ", "))
	batch := column.NewBatch(to.rows, 0)
	for _, f := range list {
		batch.Reset()
		r, err := fetch(ctx, files, f)
		if err != nil {
			return err
		}
		if err := r.Read(batch); err != nil {
			return err
		}
		if err := p.copyBatch(ctx, tx, text, to, batch); err != nil {
			return fmt.Errorf("copy %s: %w", f.Key, err)
		}
	}
	if to.schema != "" {
		return nil
	}
	return p.analyze(ctx, tx, to.table)
}

// analyze is needed as nothing else tells the planner of a new table's size.
func (postgres) analyze(ctx context.Context, tx *sql.Tx, table string) error {
	if _, err := tx.ExecContext(ctx, "ANALYZE "+table); err != nil {
		return fmt.Errorf("analyze %s: %w", table, err)
	}
	return nil
}

func (postgres) copyBatch(ctx context.Context, tx *sql.Tx, text string, to target, batch *column.Batch) (err error) {
	stmt, err := tx.PrepareContext(ctx, text)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stmt.Close()) }()
	row := make([]any, len(to.columns()))
	for i := range batch.Rows() {
		for c := range batch.Columns {
			row[c] = copyValue(&batch.Columns[c], i)
		}
		if _, err := stmt.ExecContext(ctx, row...); err != nil {
			return err
		}
	}
	_, err = stmt.ExecContext(ctx) // ends the copy
	return err
}

// copyValue gives a value in the form that the driver sends: money and times as text.
func copyValue(c *column.Column, i int) any {
	switch c.Type {
	case column.Int32:
		return int64(c.I32[i])
	case column.Int64:
		return c.I64[i]
	case column.Decimal:
		return sales.FormatCents(c.I64[i])
	case column.Date:
		return sales.FormatDay(c.I32[i])
	case column.Timestamp:
		return time.UnixMicro(c.I64[i]).UTC()
	default:
		if text := c.String(i); text != "" {
			return storable(text)
		}
		return nil
	}
}

// maxTextBytes keeps two texts within one entry of PostgreSQL's indexes (2,704 bytes).
const maxTextBytes = 1024

// storable gives a text that PostgreSQL takes, as one event that it does not take would
// hold up all loads. Of a text that has a NUL or is over maxTextBytes each NUL becomes
// U+FFFD, the start is kept, and the hash of the whole ends it, so that two ids stay two.
// The lake has the text as it was sent.
func storable(text string) string {
	if len(text) <= maxTextBytes && strings.IndexByte(text, 0) < 0 {
		return text
	}
	hash := sha256.Sum256([]byte(text))
	end := fmt.Sprintf("…%x", hash[:16])
	text = strings.ReplaceAll(text, "\x00", "\uFFFD")
	return strings.ToValidUTF8(text[:min(len(text), maxTextBytes-len(end))], "") + end
}

// passes counts lost connections in, and the errors of a server that starts, stops,
// has no room for now, or broke a deadlock.
func (postgres) passes(err error) bool {
	var answer *pq.Error
	if errors.As(err, &answer) {
		switch answer.Code.Class() {
		case "08", "40", "53", "57":
			return true
		}
		return false
	}
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}
