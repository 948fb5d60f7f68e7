package report

import (
	"bytes"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	_ "github.com/duckdb/duckdb-go/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/saleslake/saleslake/pkg/config"
	"github.com/saleslake/saleslake/services/bronze-writer/bronze"
	"github.com/saleslake/saleslake/services/bronze-writer/files"
	"github.com/saleslake/saleslake/services/local-runner/local"
)

// silent is a Progress that nobody watches.
type silent struct{}

func (silent) File(files.File) bronze.Progress { return nil }
func (silent) Step(string) func()              { return func() {} }
func (silent) Live(local.Gauges)               {}

const data = "../../../data/"

func options(t testing.TB, inputs ...string) local.Options {
	s := config.Default()
	s.Warehouse.Products = data + "products.csv"
	return local.Options{Settings: s, Lake: filepath.Join(t.TempDir(), "local_lake"), Inputs: inputs, Log: zap.NewNop(), Progress: silent{}}
}

// run makes a run and its page, and gives the page's path, too.
func run(t testing.TB, o local.Options) (*local.Report, string) {
	t.Helper()
	o.Registry = prometheus.NewRegistry()
	result, err := local.Run(t.Context(), o)
	require.NoError(t, err)
	return result, write(t, result)
}

func write(t testing.TB, result *local.Report) (path string) {
	t.Helper()
	require.NoError(t, Write(result, time.Date(2026, 5, 4, 12, 30, 0, 0, time.UTC)))
	return filepath.Join(result.Lake, Name)
}

// warehouse opens what a run has loaded.
func warehouse(t testing.TB, folder string) *sql.DB {
	db, err := sql.Open("duckdb", filepath.Join(folder, "warehouse.duckdb")+"?access_mode=read_only")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// ask gives the rows of a query, each as texts.
func ask(t testing.TB, db *sql.DB, query string) (all [][]string) {
	t.Helper()
	rows, err := db.Query(query)
	require.NoError(t, err)
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	require.NoError(t, err)
	for rows.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		require.NoError(t, rows.Scan(into...))
		texts := make([]string, len(columns))
		for i, v := range values {
			texts[i] = fmt.Sprint(v)
		}
		all = append(all, texts)
	}
	require.NoError(t, rows.Err())
	return all
}

// orders writes a file of one day's orders, of which the last ones are rejected.
func orders(t testing.TB, name string, good, bad int) string {
	lines, err := os.ReadFile(data + "sales_events.csv")
	require.NoError(t, err)
	header, _, _ := bytes.Cut(lines, []byte("\n"))
	text := bytes.NewBuffer(append(header, '\n'))
	for i := range good + bad {
		status := "completed"
		if i >= good {
			status = "unheard-of"
		}
		fmt.Fprintf(text, "%s-e%d,2026-01-05T10:00:00Z,%s-%d,2026-01-05T10:00:00Z,C-1,P-1,Books,Europe,1,10.00,10.00,%s,card,USD\n", name, i, name, i, status)
	}
	path := filepath.Join(t.TempDir(), name+".csv")
	require.NoError(t, os.WriteFile(path, text.Bytes(), 0o600))
	return path
}
