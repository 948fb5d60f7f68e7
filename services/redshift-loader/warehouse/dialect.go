package warehouse

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
)

// dialect is what differs between the databases.
type dialect interface {
	name() string
	// open prepares the connections.
	open(source string) (*sql.DB, error)
	// makeSchema makes the schema etl, where the migrations keep their versions.
	makeSchema(ctx context.Context, db *sql.DB) error
	// migrated undoes what makeSchema set for the time of the migrations.
	migrated(ctx context.Context, db *sql.DB) error
	// migration answers how migrations are applied, apart from what all dialects share.
	migration() ([]goose.ProviderOption, error)
	// now is the current time as the default of a column.
	now() string
	// bind gives a statement as it is sent, and the arguments that are sent with it.
	bind(text string, args []any) (string, []any, error)
	// prepare does what a load needs of the lake and no lock: it answers the files as fill
	// takes them, and what frees them after the load. needs is what will be read. A file
	// that is gone is a missingFile.
	prepare(ctx context.Context, files Files, needs []need) (Files, func(), error)
	// lock waits until no other transaction holds the lock of writers, and holds it.
	lock(ctx context.Context, tx *sql.Tx) error
	// fill appends the rows of the files to a table, after it has compared each file
	// with what the manifest says of it. A file that is gone is a missingFile.
	fill(ctx context.Context, tx session, files Files, to target, list []lake.File) error
	// stage makes a table of the session, as the statement does, with the rows of the files,
	// or a view of them. It compares the files as fill does.
	stage(ctx context.Context, tx session, files Files, to target, create string, list []lake.File) error
	// staged is what stage makes: TABLE or VIEW.
	staged() string
	// analyze tells the planner of the rows that a staging table has got, where it does
	// not see that for itself.
	analyze(ctx context.Context, tx *sql.Tx, table string) error
	// passes tells whether the same call may succeed later.
	passes(err error) bool
}

// lockTime is how long a load waits for others at a time. On PostgreSQL it is also how long
// a load may be silent before it loses its transaction. A test makes it short.
var lockTime = 10 * time.Minute

// session is a transaction, and the connection that it is on: some drivers have faster
// ways to bring rows in than those of database/sql.
type session struct {
	*sql.Tx
	conn *sql.Conn
}

// target is a table that files are read into.
type target struct {
	schema string // empty for a staging table
	table  string
	rows   *column.Schema // of the files
}

func (t target) String() string {
	if t.schema == "" {
		return t.table
	}
	return t.schema + "." + t.table
}

// columns are the table's that are filled, in the order of the files' schema.
func (t target) columns() []string {
	var names []string
	for _, f := range t.rows.Fields {
		names = append(names, f.Name)
	}
	return names
}

// need is what a load reads into a table.
type need struct {
	to    target
	files []lake.File
}

// stageTable is how databases stage that cannot read files where they are.
func stageTable(ctx context.Context, d dialect, tx session, files Files, to target, create string, list []lake.File) error {
	if _, err := tx.ExecContext(ctx, create); err != nil || len(list) == 0 {
		return err
	}
	return d.fill(ctx, tx, files, to, list)
}

// missingFile says that a file of a manifest is not there any more.
type missingFile struct {
	key string
	err error
}

func (m *missingFile) Error() string { return fmt.Sprintf("%s is gone: %v", m.key, m.err) }
func (m *missingFile) Unwrap() error { return m.err }

// fetch reads a file that is as its manifest says.
func fetch(ctx context.Context, files Files, f lake.File) (*lake.Reader, error) {
	r, err := lake.Fetch(ctx, files, f)
	if errors.Is(err, blob.ErrNotFound) {
		return nil, &missingFile{f.Key, err}
	}
	return r, err
}
