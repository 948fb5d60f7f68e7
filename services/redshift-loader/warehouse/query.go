package warehouse

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/duckdb/duckdb-go/v2"
)

// Answer is the result of a query. A value is nil, an int64, a json.Number (money and
// other decimals, exact), a bool, or a string; dates are YYYY-MM-DD, times RFC 3339 UTC.
type Answer struct {
	Columns []string
	Rows    [][]any
}

// Query runs one of the analytics queries, with the errors of QueryText.
func (w *Warehouse) Query(ctx context.Context, name string) (*Answer, error) {
	text, err := QueryText(name)
	if err != nil {
		return nil, err
	}
	if err := w.requireTables(ctx); err != nil {
		return nil, fmt.Errorf("query %s: %w", name, err)
	}
	a, err := w.Select(ctx, text)
	if err != nil {
		return nil, fmt.Errorf("query %s: %w", name, err)
	}
	return a, nil
}

func (w *Warehouse) requireTables(ctx context.Context) error {
	a, err := w.Select(ctx, "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'sales'")
	if err != nil {
		return err
	}
	if a.Rows[0][0] == int64(0) {
		return errors.New("the database has no tables of ours yet: load something, or run redshift-loader migrate")
	}
	return nil
}

// Select runs any query. Its result is held in memory as a whole.
func (w *Warehouse) Select(ctx context.Context, text string, args ...any) (*Answer, error) {
	text, args, err := w.dialect.bind(text, args)
	if err != nil {
		return nil, err
	}
	rows, err := w.db.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, w.judge(err)
	}
	defer func() { _ = rows.Close() }() // scanAll tells what was wrong
	a := &Answer{}
	if a.Columns, err = rows.Columns(); err != nil {
		return nil, err
	}
	types, err := rows.ColumnTypes()
	if err != nil {
		return nil, err
	}
	err = scanAll(rows, "read rows", func(rows *sql.Rows) error { return a.scan(rows, types) })
	return a, w.judge(err)
}

func (a *Answer) scan(rows *sql.Rows, types []*sql.ColumnType) error {
	row := make([]any, len(types))
	into := make([]any, len(types))
	for i := range row {
		into[i] = &row[i]
	}
	if err := rows.Scan(into...); err != nil {
		return err
	}
	for i := range row {
		row[i] = plain(row[i], types[i].DatabaseTypeName())
	}
	a.Rows = append(a.Rows, row)
	return nil
}

// plain turns the drivers' values into those of an Answer.
func plain(value any, databaseType string) any {
	switch v := value.(type) {
	case int32:
		return int64(v)
	case int16:
		return int64(v)
	case *big.Int:
		return json.Number(v.String())
	case duckdb.Decimal:
		return json.Number(decimal(v.Value, int(v.Scale)))
	case []byte: // the form of all of PostgreSQL's types that Go has no type for
		if databaseType == "NUMERIC" {
			return json.Number(v)
		}
		return string(v)
	case time.Time:
		if databaseType == "DATE" {
			return v.Format(time.DateOnly)
		}
		return v.UTC().Format(time.RFC3339Nano)
	default:
		return value
	}
}

// decimal writes a number with all digits after the point.
func decimal(value *big.Int, scale int) string {
	digits := new(big.Int).Abs(value).String()
	if missing := scale + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	point := len(digits) - scale
	text := digits[:point]
	if scale > 0 {
		text += "." + digits[point:]
	}
	if value.Sign() < 0 {
		text = "-" + text
	}
	return text
}
