package real_test

import (
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/e2e/real"
)

func TestPostgresAnswersAndKeepsItsRows(t *testing.T) {
	database := real.Postgres(t)
	db, err := sql.Open("postgres", database.DSN)
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()

	_, err = db.ExecContext(t.Context(), `create table cells (day date primary key, cents bigint)`)
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), `insert into cells values ('2026-01-01', 1234)`)
	require.NoError(t, err)

	require.NoError(t, database.Stop())
	require.Error(t, db.PingContext(t.Context()))
	require.NoError(t, database.Start(t.Context()))
	require.Equal(t, 1234, cents(t, database))

	database.Kill()
	require.NoError(t, database.Start(t.Context()))
	require.Equal(t, 1234, cents(t, database))
}

func cents(t *testing.T, database *real.Database) (n int) {
	t.Helper()
	db, err := sql.Open("postgres", database.DSN)
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	require.NoError(t, db.QueryRowContext(t.Context(), `select sum(cents) from cells`).Scan(&n))
	return n
}
