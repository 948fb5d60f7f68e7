package warehouse

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/saleslake/saleslake/pkg/lake"
	warehousesql "github.com/saleslake/saleslake/sql"
)

// transaction is one database transaction under the lock of writers.
type transaction struct {
	tx      session
	dialect dialect
	files   Files
	step    func(string)
	now     time.Time // loaded_at, whole microseconds UTC; once it is locked
}

func (t *transaction) lock(ctx context.Context) error {
	t.step("lock_ledger")
	if err := t.dialect.lock(ctx, t.tx.Tx); err != nil {
		return fmt.Errorf("keep other writers out: %w", err)
	}
	return nil
}

// names are pairs of what a statement has in capitals, such as ITS_TABLE, and what that stands for.
type names []string

// text gives a statement of package sql, and the arguments that are sent with it. Names
// come before the other arguments.
func (t *transaction) text(name string, args []any) (string, []any, error) {
	text, err := warehousesql.Load(name)
	if err != nil {
		return "", nil, err
	}
	if len(args) > 0 {
		if n, ok := args[0].(names); ok {
			text, args = strings.NewReplacer(n...).Replace(text), args[1:]
		}
	}
	if text, args, err = t.dialect.bind(text, args); err != nil {
		return "", nil, fmt.Errorf("%s: %w", action(name), err)
	}
	return text, args, nil
}

// exec runs a statement of package sql by its name.
func (t *transaction) exec(ctx context.Context, name string, args ...any) error {
	_, err := t.execCount(ctx, name, args...)
	return err
}

// execCount is exec, and answers how many rows the statement changed.
func (t *transaction) execCount(ctx context.Context, name string, args ...any) (int64, error) {
	text, args, err := t.text(name, args)
	if err != nil {
		return 0, err
	}
	t.step(name)
	result, err := t.tx.ExecContext(ctx, text, args...)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", action(name), err)
	}
	return result.RowsAffected()
}

// gather runs a statement that puts rows into a staging table, and tells the planner of them.
func (t *transaction) gather(ctx context.Context, table, statement string, args ...any) error {
	if err := t.exec(ctx, statement, args...); err != nil {
		return err
	}
	return t.dialect.analyze(ctx, t.tx.Tx, table)
}

// all runs statements without arguments, in order.
func (t *transaction) all(ctx context.Context, names ...string) error {
	for _, name := range names {
		if err := t.exec(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// query runs a statement of package sql by its name, and gives each row to scan.
func (t *transaction) query(ctx context.Context, name string, scan func(*sql.Rows) error, args ...any) error {
	text, args, err := t.text(name, args)
	if err != nil {
		return err
	}
	t.step(name)
	rows, err := t.tx.QueryContext(ctx, text, args...)
	if err != nil {
		return fmt.Errorf("%s: %w", action(name), err)
	}
	return scanAll(rows, action(name), scan)
}

// fill appends the rows of the files to a table.
func (t *transaction) fill(ctx context.Context, to target, files []lake.File) error {
	t.step("fill_" + to.table)
	if len(files) == 0 {
		return nil
	}
	if err := t.dialect.fill(ctx, t.tx, t.files, to, files); err != nil {
		return fmt.Errorf("fill %s: %w", to, err)
	}
	return nil
}

// stage gives the session the rows of the files under the table's name, for unstage to drop.
func (t *transaction) stage(ctx context.Context, to target, files []lake.File) error {
	create, _, err := t.text("create_"+to.table, nil)
	if err != nil {
		return err
	}
	t.step(to.table)
	if err := t.dialect.stage(ctx, t.tx, t.files, to, create, files); err != nil {
		return fmt.Errorf("stage %s: %w", to, err)
	}
	return nil
}

func (t *transaction) unstage(ctx context.Context, tables ...string) error {
	for _, table := range tables {
		t.step("drop_" + table)
		if _, err := t.tx.ExecContext(ctx, "DROP "+t.dialect.staged()+" "+table); err != nil {
			return fmt.Errorf("drop %s: %w", table, err)
		}
	}
	return nil
}

// rowsPerInsert keeps the arguments of an insert under what the databases take, and
// bytesPerInsert their texts: a statement of Redshift, where each is a literal and may be
// twice as long when it is escaped, has at most 16 MB.
// https://docs.aws.amazon.com/redshift/latest/dg/c_redshift-sql.html
const (
	rowsPerInsert  = 500
	bytesPerInsert = 4 << 20
)

// perInsert answers how many of the rows go into the next insert.
func perInsert(rows [][]any) int {
	size := 0
	for n, row := range rows {
		for _, v := range row {
			if text, ok := v.(string); ok {
				size += len(text)
			}
		}
		if n == rowsPerInsert || n > 0 && size > bytesPerInsert {
			return n
		}
	}
	return len(rows)
}

// insert adds rows of values, in few statements.
func (t *transaction) insert(ctx context.Context, table string, columns []string, rows [][]any) error {
	for len(rows) > 0 {
		part := rows[:perInsert(rows)]
		rows = rows[len(part):]
		var text strings.Builder
		fmt.Fprintf(&text, "INSERT INTO %s (%s) VALUES ", table, strings.Join(columns, ", "))
		args := make([]any, 0, len(part)*len(columns))
		for i, row := range part {
			if i > 0 {
				text.WriteByte(',')
			}
			appendPlaceholders(&text, len(args), len(row))
			args = append(args, row...)
		}
		bound, args, err := t.dialect.bind(text.String(), args)
		if err != nil {
			return fmt.Errorf("insert into %s: %w", table, err)
		}
		t.step("insert_" + table)
		if _, err := t.tx.ExecContext(ctx, bound, args...); err != nil {
			return fmt.Errorf("insert into %s: %w", table, err)
		}
	}
	return nil
}

// appendPlaceholders writes ($8,$9,…), n of them after the first used ones.
func appendPlaceholders(text *strings.Builder, used, n int) {
	for i := range n {
		sep := byte(',')
		if i == 0 {
			sep = '('
		}
		text.WriteByte(sep)
		fmt.Fprintf(text, "$%d", used+i+1)
	}
	text.WriteByte(')')
}

func scanAll(rows *sql.Rows, what string, scan func(*sql.Rows) error) error {
	defer func() { _ = rows.Close() }() // rows.Err tells
	for rows.Next() {
		if err := scan(rows); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// action turns a statement's name into words.
func action(name string) string { return strings.ReplaceAll(name, "_", " ") }
