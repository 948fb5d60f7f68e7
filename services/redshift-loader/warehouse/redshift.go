package warehouse

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/lib/pq"
	"github.com/pressly/goose/v3"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/services/redshift-loader/preflight"
	warehousesql "github.com/saleslake/saleslake/sql"
)

// redshift is Amazon Redshift, Serverless or provisioned: PostgreSQL's protocol, and a
// language of its own. Every statement is sent as text without arguments.
type redshift struct {
	role   string                        // an ARN, or "default"
	files  S3Files                       // nil when nothing is to be loaded
	tables map[string][]preflight.Column // as the migrations make them
	db     *sql.DB                       // set by open
}

func newRedshift(o Options) (*redshift, error) {
	if o.IAMRole != "default" && !roleARNs.MatchString(o.IAMRole) {
		return nil, fmt.Errorf("IAM role %q: want default, or an ARN such as arn:aws:iam::123456789012:role/saleslake", o.IAMRole)
	}
	files, ok := o.Files.(S3Files)
	if o.Files != nil && !(ok && strings.HasPrefix(files.URL("x"), "s3://")) {
		return nil, errors.New("the lake's files are read by Redshift itself: use a lake in S3 (lake.url s3://…), or another warehouse")
	}
	migrations, err := warehousesql.Migrations(Redshift)
	if err != nil {
		return nil, err
	}
	tables, err := preflight.Tables(migrations)
	return &redshift{role: o.IAMRole, files: files, tables: tables}, err
}

// roleARNs are one ARN, or several that are assumed one after the other.
// https://docs.aws.amazon.com/redshift/latest/mgmt/authorizing-redshift-service.html
var roleARNs = regexp.MustCompile(`^arn:aws[a-z-]*:iam::\d{12}:role/[\w+=.@/-]+(,arn:aws[a-z-]*:iam::\d{12}:role/[\w+=.@/-]+)*$`)

func (*redshift) name() string { return Redshift }

func (r *redshift) open(source string) (*sql.DB, error) {
	u, err := secured(source)
	if err != nil {
		return nil, err
	}
	if u.Port() == "" {
		u.Host += ":5439"
	}
	settings := u.Query()
	for name, value := range map[string]string{
		"connect_timeout":  "60", // seconds: Serverless may have to wake up
		"application_name": "saleslake",
	} {
		if !settings.Has(name) {
			settings.Set(name, value)
		}
	}
	u.RawQuery = settings.Encode()
	connector, err := pq.NewConnector(u.String())
	if err != nil {
		return nil, err
	}
	r.db = sql.OpenDB(connector)
	r.db.SetConnMaxIdleTime(time.Minute) // or the user's session timeout ends it unseen
	return r.db, nil
}

// writeLock is the table that migrations and loads lock. It holds nothing: LOCK keeps readers
// out, too, who may want the ledger meanwhile.
// https://docs.aws.amazon.com/redshift/latest/dg/r_LOCK.html
const writeLock = "etl.write_lock"

// makeSchema also makes the table that is locked, unless it is there: a comment on it would
// wait for whoever holds it. Of two programs that make it at once one fails, and finds what it
// wanted when it tries again.
func (*redshift) makeSchema(ctx context.Context, db *sql.DB) error {
	var there bool
	if err := db.QueryRowContext(ctx, standardQueries{}.TableExists(writeLock)).Scan(&there); err != nil || there {
		return err
	}
	const text = "CREATE SCHEMA IF NOT EXISTS etl; CREATE TABLE IF NOT EXISTS " + writeLock + " (held BOOLEAN); COMMENT ON TABLE " + writeLock +
		" IS 'Empty: loads and migrations lock it, so that they go one after the other and readers do not wait'"
	_, err := db.ExecContext(ctx, text)
	if made := (*pq.Error)(nil); errors.As(err, &made) && (made.Code.Class() == "42" || made.Code.Class() == "23") {
		_, err = db.ExecContext(ctx, text)
	}
	return err
}

func (*redshift) migrated(context.Context, *sql.DB) error { return nil }

func (r *redshift) migration() ([]goose.ProviderOption, error) {
	return []goose.ProviderOption{goose.WithSessionLocker(&tableLock{db: r.db})}, nil
}

func (*redshift) now() string { return "SYSDATE" }

// tableLock keeps other migrations out by the lock of a table, as Redshift has no
// advisory locks. A transaction on a connection of its own holds it.
type tableLock struct {
	db *sql.DB
	tx *sql.Tx
}

func (l *tableLock) SessionLock(ctx context.Context, _ *sql.Conn) (err error) {
	if l.tx, err = l.db.BeginTx(ctx, nil); err != nil {
		return err
	}
	if err = lockWrites(ctx, l.tx); err != nil {
		return errors.Join(err, rollback(l.tx))
	}
	return nil
}

func (l *tableLock) SessionUnlock(context.Context, *sql.Conn) error { return rollback(l.tx) }

// statementTime bounds a statement of a load; Redshift's statement_timeout includes the time
// in a queue.
// https://docs.aws.amazon.com/redshift/latest/dg/r_statement_timeout.html
const statementTime = time.Hour

// lock comes before anything takes the transaction's snapshot, which a SET does not: what
// comes after sees all that was committed while it waited.
// https://docs.aws.amazon.com/redshift/latest/dg/c_serial_isolation.html
func (*redshift) lock(ctx context.Context, tx *sql.Tx) error {
	if err := lockWrites(ctx, tx); err != nil {
		return err
	}
	return setTimeout(ctx, tx, statementTime)
}

// lockWrites waits for others as long as lockTime, by a bound of the statement: there is no
// lock_timeout.
func lockWrites(ctx context.Context, tx *sql.Tx) error {
	if err := setTimeout(ctx, tx, lockTime); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, "LOCK "+writeLock)
	if cancelled(err) && ctx.Err() == nil {
		return fmt.Errorf("%w: another transaction holds %s for longer than %v; svv_transactions tells its pid, pg_terminate_backend(pid) ends it: %w", ErrUnavailable, writeLock, lockTime, err)
	}
	return err
}

// setTimeout bounds the transaction's next statements.
func setTimeout(ctx context.Context, tx *sql.Tx, most time.Duration) error {
	_, err := tx.ExecContext(ctx, fmt.Sprintf("SET LOCAL statement_timeout TO %d", most.Milliseconds()))
	return err
}

// own is what only Redshift is told of a staging table: how its rows are distributed and
// sorted. CREATE TABLE AS does not promise to take that from the table that is selected from.
// https://docs.aws.amazon.com/redshift/latest/dg/r_CTAS_usage_notes.html
var own = regexp.MustCompile(`/\*redshift (.*?)\*/`)

var placeholder = regexp.MustCompile(`\$\d+`)

// bind writes the arguments into the text: what types Redshift gives to arguments in
// several rows of VALUES is not documented, what it does with literals is. A backslash
// escapes in its literals, as it did in PostgreSQL 8.
func (*redshift) bind(text string, args []any) (string, []any, error) {
	var wrong error
	bound := placeholder.ReplaceAllStringFunc(own.ReplaceAllString(text, "$1"), func(name string) string {
		var at int
		if _, err := fmt.Sscanf(name, "$%d", &at); err != nil || at < 1 || at > len(args) {
			wrong = fmt.Errorf("%d arguments, the statement has %s", len(args), name)
			return name
		}
		value, err := literal(args[at-1])
		wrong = errors.Join(wrong, err)
		return value
	})
	return bound, nil, wrong
}

var escapes = strings.NewReplacer(`'`, `''`, `\`, `\\`)

func literal(value any) (string, error) {
	switch v := value.(type) {
	case nil:
		return "NULL", nil
	case int, int32, int64, bool:
		return fmt.Sprint(v), nil
	case time.Time:
		return "'" + v.UTC().Format("2006-01-02 15:04:05.000000") + "'", nil
	case string:
		return "'" + escapes.Replace(v) + "'", nil
	default:
		return "", fmt.Errorf("no literal for %T", value)
	}
}

// prepare checks the files, which takes longer than all else of a load: nothing else
// tells which text is too long, and a COPY that fails says less, later.
func (r *redshift) prepare(ctx context.Context, _ Files, needs []need) (Files, func(), error) {
	c := &copies{S3Files: r.files, tables: r.tables, entries: map[string]copyEntry{}}
	free := func() { c.clean(context.WithoutCancel(ctx)) }
	if err := c.sweep(ctx); err != nil {
		return nil, free, err
	}
	for _, n := range needs {
		for _, f := range n.files {
			if _, err := c.entry(ctx, n.to, f); err != nil {
				return nil, free, err
			}
		}
	}
	return c, free, nil
}

// fill lets Redshift read the files itself, by a COPY manifest. Those that were not planned,
// as another loader came first, are checked here.
func (r *redshift) fill(ctx context.Context, tx session, files Files, to target, list []lake.File) error {
	c, ok := files.(*copies)
	if !ok {
		return errors.New("the files are not prepared")
	}
	manifest, err := c.publish(ctx, to, list)
	if err != nil {
		return err
	}
	var session int64
	if err := tx.QueryRowContext(ctx, "SELECT pg_backend_pid()").Scan(&session); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, copyText(to, manifest, r.role)); err != nil {
		return r.explain(ctx, err, session, c, list)
	}
	return nil
}

func (r *redshift) stage(ctx context.Context, tx session, files Files, to target, create string, list []lake.File) error {
	return stageTable(ctx, r, tx, files, to, create, list)
}

func (*redshift) staged() string { return "TABLE" }

// copyText has no REGION, which COPY refuses with Parquet: the bucket must be in the
// warehouse's region; and no list of columns, which go by position.
// https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-copy-from-columnar.html
func copyText(to target, manifest, role string) string {
	if role != "default" {
		role = quote(role)
	}
	return fmt.Sprintf("COPY %s\nFROM %s\nIAM_ROLE %s\nFORMAT AS PARQUET\nMANIFEST", to, quote(manifest), role)
}

// analyze is PostgreSQL's: COPY does it for the tables that it fills, nothing else does.
func (*redshift) analyze(ctx context.Context, tx *sql.Tx, table string) error {
	return postgres{}.analyze(ctx, tx, table)
}

// passes adds to PostgreSQL's reasons those that Redshift reports as XX000, by their
// words: two transactions that cannot both be, and an S3 that is too busy.
// https://docs.aws.amazon.com/redshift/latest/dg/c_serial_isolation.html
func (*redshift) passes(err error) bool {
	var answer *pq.Error
	if !errors.As(err, &answer) {
		return postgres{}.passes(err)
	}
	if answer.Code == readOnly || (postgres{}).passes(err) {
		return true
	}
	said := answer.Message + " " + answer.Detail
	for _, words := range []string{"Serializable isolation violation", "conflict with concurrent transaction", "Status 503", "SlowDown"} {
		if strings.Contains(said, words) {
			return true
		}
	}
	return false
}

// readOnly is how a cluster that is being resized answers a write.
const readOnly = "25006"
