package history

import (
	"context"
	"database/sql"
	"database/sql/driver"
	_ "embed"
	"fmt"
	"testing"

	"github.com/duckdb/duckdb-go/v2"
	"github.com/stretchr/testify/require"
)

//go:embed oracle.sql
var expected string

const (
	schema = `
create temp table events (n int, event_id varchar, event_ts bigint, order_id varchar, order_ts bigint, customer_id varchar, product_id varchar,
  category varchar, region varchar, quantity int, unit_price bigint, revenue bigint, status varchar, payment_method varchar, currency varchar,
  source varchar, source_partition int, source_offset bigint, ingest_ts bigint);
create temp table found (n int, tbl varchar, line varchar)`

	differing = `
select n, 'missing' as how, tbl, line from (from expected except all from found)
union all
select n, 'too much', tbl, line from (from found except all from expected)
order by all`
)

// outcome is what became of a history.
type outcome struct {
	history
	found []entry
}

// oracle compares outcomes with the answer of DuckDB.
type oracle struct {
	conn *sql.Conn
}

func newOracle(t *testing.T) *oracle {
	db, err := sql.Open("duckdb", "")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	conn, err := db.Conn(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	_, err = conn.ExecContext(t.Context(), schema)
	require.NoError(t, err)
	return &oracle{conn: conn}
}

// differences gives the rows in which outcomes are not as expected, by the
// outcome's number.
func (o *oracle) differences(outcomes []outcome) (map[int][]string, error) {
	ctx := context.Background()
	if _, err := o.conn.ExecContext(ctx, "delete from events; delete from found"); err != nil {
		return nil, err
	}
	err := o.conn.Raw(func(c any) error {
		if err := fill(c.(driver.Conn), "events", outcomes, outcome.eventRows); err != nil {
			return err
		}
		return fill(c.(driver.Conn), "found", outcomes, outcome.foundRows)
	})
	if err != nil {
		return nil, err
	}
	if _, err := o.conn.ExecContext(ctx, expected); err != nil {
		return nil, fmt.Errorf("oracle.sql: %w", err)
	}
	rows, err := o.conn.QueryContext(ctx, differing)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	all := map[int][]string{}
	for rows.Next() {
		var n int
		var how, table, line string
		if err := rows.Scan(&n, &how, &table, &line); err != nil {
			return nil, err
		}
		all[n] = append(all[n], fmt.Sprintf("%s in %s: %s", how, table, line))
	}
	return all, rows.Err()
}

func fill(c driver.Conn, table string, outcomes []outcome, rowsOf func(outcome, int32) [][]driver.Value) error {
	a, err := duckdb.NewAppender(c, "temp", "main", table)
	if err != nil {
		return err
	}
	for n, o := range outcomes {
		for _, row := range rowsOf(o, int32(n)) {
			if err := a.AppendRow(row...); err != nil {
				return fmt.Errorf("append to %s: %w", table, err)
			}
		}
	}
	return a.Close()
}

func (o outcome) eventRows(n int32) [][]driver.Value {
	rows := make([][]driver.Value, len(o.events))
	for i, e := range o.events {
		rows[i] = []driver.Value{n, e.eventID, e.eventTS, e.orderID, e.orderTS, e.customer, e.product, e.category, e.region, e.quantity,
			e.price, e.revenue, e.status, e.payment, e.currency, sources[e.source], e.partition, e.offset, e.ingest}
	}
	return rows
}

func (o outcome) foundRows(n int32) [][]driver.Value {
	rows := make([][]driver.Value, len(o.found))
	for i, e := range o.found {
		rows[i] = []driver.Value{n, e.table, e.row}
	}
	return rows
}
