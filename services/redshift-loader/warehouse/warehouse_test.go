package warehouse_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/services/redshift-loader/warehouse"
	"github.com/saleslake/saleslake/services/redshift-loader/warehouse/warehousetest"
	warehousesql "github.com/saleslake/saleslake/sql"
)

func TestDuckDB(t *testing.T) {
	warehousetest.Run(t, func(t *testing.T) warehouse.Options {
		return warehouse.Options{Dialect: warehouse.DuckDB, Source: filepath.Join(t.TempDir(), "warehouse.duckdb")}
	})
}

// A kill leaves the file and its log as they are: the next process must be able to open
// them, and to load what is missing.
func TestDuckDBOpensWhatAKillLeft(t *testing.T) {
	dir, files := t.TempDir(), warehousetest.NewLake(t)
	source := filepath.Join(dir, "warehouse.duckdb")
	copies := 0
	leave := func(string) {
		copies++
		to := filepath.Join(dir, fmt.Sprint("killed", copies))
		require.NoError(t, os.Mkdir(to, 0o755))
		for _, name := range []string{"warehouse.duckdb", "warehouse.duckdb.wal"} {
			content, err := os.ReadFile(filepath.Join(dir, name))
			if !os.IsNotExist(err) {
				require.NoError(t, err)
				require.NoError(t, os.WriteFile(filepath.Join(to, name), content, 0o644))
			}
		}
	}
	verdicts := files.All("2026-01-01", 1, warehousetest.Order{ID: "A", Day: "2026-01-01", Version: 1, Cents: 5})
	load := func(source string, step func(string)) {
		w, err := warehouse.Open(warehouse.Options{Dialect: warehouse.DuckDB, Source: source, Files: files.Bucket, Step: step})
		require.NoError(t, err)
		defer func() { require.NoError(t, w.Close()) }()
		_, err = w.Migrate(t.Context())
		require.NoError(t, err)
		if step != nil {
			step("migrated")
		}
		_, err = w.Load(t.Context(), verdicts)
		require.NoError(t, err)
		if step != nil {
			step("loaded")
		}
		count, err := w.Facts(t.Context())
		require.NoError(t, err)
		require.Equal(t, lake.Count{Rows: 1, Cents: 5}, count)
	}
	load(source, leave)
	require.Greater(t, copies, 10)
	for i := range copies {
		load(filepath.Join(dir, fmt.Sprint("killed", i+1), "warehouse.duckdb"), nil)
	}
}

func TestPostgres(t *testing.T) {
	server := warehousetest.StartPostgres(t)
	warehousetest.Run(t, func(t *testing.T) warehouse.Options {
		return warehouse.Options{Dialect: warehouse.Postgres, Source: server.Database(t)}
	})
	t.Run("two programs load at the same time", func(t *testing.T) { loadTogether(t, server) })
	t.Run("Redshift's quotients are the same", func(t *testing.T) { redshiftRatio(t, server) })
	t.Run("only products that differ are written", func(t *testing.T) { products(t, server) })
	t.Run("changes of a big day do not wait for the planner to know the day", func(t *testing.T) { bigDay(t, server) })
	t.Run("a loader that froze does not hold others for ever", func(t *testing.T) { frozen(t, server) })
	t.Run("a process that is killed at any statement", func(t *testing.T) { killed(t, warehouse.Postgres, server.Database(t)) })
	t.Run("a server that restarts in the middle loses nothing", func(t *testing.T) { restarted(t, server) })
	for _, step := range []string{"stage_sales", "insert_facts", "fill_agg_daily_sales"} {
		t.Run("cut connections pass by themselves before "+step, func(t *testing.T) { cutConnections(t, server, step) })
	}
}

// restarted restarts the server at steps of a load, from the first to the last, and loads
// again what the ledger does not have.
func restarted(t *testing.T, server *warehousetest.Postgres) {
	const every = 9                            // steps
	const newYear = 20454 * sales.MicrosPerDay // 2026-01-01
	files, step, at := warehousetest.NewLake(t), 0, 0
	w, err := warehouse.Open(warehouse.Options{Dialect: warehouse.Postgres, Source: server.Database(t), Files: files.Bucket, Step: func(string) {
		if step++; step == at {
			server.Restart(t)
		}
	}})
	require.NoError(t, err)
	defer func() { require.NoError(t, w.Close()) }()
	_, err = w.Migrate(t.Context())
	require.NoError(t, err)
	orders := []warehousetest.Order{{ID: "A", Day: "2026-01-01", Version: 1, Cents: 5}}
	for n := 1; ; n++ {
		orders = append(orders, warehousetest.Order{ID: fmt.Sprint("B", n), Day: "2026-01-01", Version: 1, Cents: int64(n)})
		verdicts := append(files.All("2026-01-01", int64(n), orders...), files.Customers("2026-01-01", 0, int64(n),
			warehousetest.Update{ID: "C-1", At: newYear + int64(n), Name: fmt.Sprint("Ann ", n)}))
		step, at = 0, n*every
		_, err := w.Load(t.Context(), verdicts)
		whole := err == nil // the load has fewer steps
		if !whole {
			require.ErrorIs(t, err, warehouse.ErrUnavailable)
			at = -1
			_, err = w.Load(t.Context(), verdicts)
			require.NoError(t, err)
		}
		count, err := w.Facts(t.Context())
		require.NoError(t, err)
		require.Equal(t, lake.Count{Rows: int64(len(orders)), Cents: 5 + int64(n*(n+1)/2)}, count)
		if whole {
			require.Greater(t, n, 5)
			return
		}
	}
}

// bigDay changes some orders of a day that is newer and much bigger than those that the planner has counted, and loads a
// slice of it whole. Once it took the day for empty, or an order of its id and time for a rarity, and compared each order
// of the load with each of the day.
func bigDay(t *testing.T, server *warehousetest.Postgres) {
	const rows, changed = 160_000, 8_000
	files := warehousetest.NewLake(t)
	w, err := warehouse.Open(warehouse.Options{Dialect: warehouse.Postgres, Source: server.Database(t), Files: files.Bucket})
	require.NoError(t, err)
	defer func() { require.NoError(t, w.Close()) }()
	_, err = w.Migrate(t.Context())
	require.NoError(t, err)
	for _, text := range []string{
		"ALTER TABLE sales.fact_sales SET (autovacuum_enabled = false)",
		`INSERT INTO sales.fact_sales
			SELECT 'B-' || i, day, day, day, 'e', 0, 'C', 0, 'P', 0, 'Books', 'Europe', 1, 1, 1, 'USD', 'completed', 'card', 0, i, day
			FROM (SELECT i, CAST('2025-01-01' AS TIMESTAMP) + INTERVAL '1 day' * (i % 120) AS day FROM generate_series(1, 180000) AS g(i)) AS t`,
		"ANALYZE sales.fact_sales",
	} {
		_, err = w.Select(t.Context(), text)
		require.NoError(t, err)
	}
	orders := make([]warehousetest.Order, rows)
	for i := range orders {
		orders[i] = warehousetest.Order{ID: fmt.Sprint("A-", i), Day: "2026-01-01", Micros: int64(i+1) * 1000, Version: 1, Cents: 1, Partition: int32(i % 2)}
	}
	_, err = w.Load(t.Context(), []*lake.Verdict{files.Facts("2026-01-01", 1, orders...)})
	require.NoError(t, err)
	for i := range changed {
		orders[2*i].Version = 2
		orders = append(orders, warehousetest.Order{ID: fmt.Sprint("C-", i), Day: "2026-01-01", Micros: int64(i+1) * 1001, Version: 1, Cents: 1, Partition: 1})
	}
	v := files.Facts("2026-01-01", 2, orders...)
	v.Manifest.Inputs[1].Changes, v.Manifest.Inputs[1].Base = nil, 2
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, err = w.Load(ctx, []*lake.Verdict{v})
	require.NoError(t, err)
	count, err := w.Facts(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 180_000+rows+changed, count.Rows)
}

// products loads a catalogue again with one price and one name changed: xmin tells which
// transaction has written a row.
func products(t *testing.T, server *warehousetest.Postgres) {
	w, err := warehouse.Open(warehouse.Options{Dialect: warehouse.Postgres, Source: server.Database(t)})
	require.NoError(t, err)
	defer func() { require.NoError(t, w.Close()) }()
	_, err = w.Migrate(t.Context())
	require.NoError(t, err)
	load := func(rows string) (written []any) {
		before, err := w.Select(t.Context(), "SELECT product_id, xmin FROM sales.dim_product ORDER BY product_id")
		require.NoError(t, err)
		path := filepath.Join(t.TempDir(), "products.csv")
		require.NoError(t, os.WriteFile(path, []byte("product_id,name,category,list_price\n"+rows), 0o600))
		_, err = w.LoadProducts(t.Context(), path)
		require.NoError(t, err)
		after, err := w.Select(t.Context(), "SELECT product_id, xmin FROM sales.dim_product ORDER BY product_id")
		require.NoError(t, err)
		for _, row := range after.Rows {
			if !slices.ContainsFunc(before.Rows, func(old []any) bool { return slices.Equal(old, row) }) {
				written = append(written, row[0])
			}
		}
		return written
	}
	require.Equal(t, []any{"P-1", "P-2", "P-3", "P-4"}, load("P-1,Lamp,Books,1\nP-2,,,2\nP-3,Cup,Toys,3\nP-4,Hat,Toys,4\n"))
	require.Empty(t, load("P-1,Lamp,Books,1\nP-2,,,2\nP-3,Cup,Toys,3\n"))
	require.Equal(t, []any{"P-1", "P-2", "P-3"}, load("P-1,Lamp,Books,1.01\nP-2,Pen,,2\nP-3,Cup,Toys,9\nP-3,Cup,Sports,3\nP-4,Hat,Toys,5\nP-4,Hat,Toys,4\n"))
	all, err := w.Select(t.Context(), "SELECT product_id, name, category, list_price FROM sales.dim_product ORDER BY product_id")
	require.NoError(t, err)
	require.Equal(t, "[[P-1 Lamp Books 1.01] [P-2 Pen <nil> 2.00] [P-3 Cup Sports 3.00] [P-4 Hat Toys 4.00]]", fmt.Sprint(all.Rows))
}

// redshiftRatio asks the function of Redshift's migration, which PostgreSQL can make, too.
func redshiftRatio(t *testing.T, server *warehousetest.Postgres) {
	files, err := warehousesql.Migrations("redshift")
	require.NoError(t, err)
	text, err := fs.ReadFile(files, "0001_star_schema.sql")
	require.NoError(t, err)
	create := regexp.MustCompile(`(?s)CREATE FUNCTION sales\.ratio.*?LANGUAGE sql`).FindString(string(text))
	w, err := warehouse.Open(warehouse.Options{Dialect: warehouse.Postgres, Source: server.Database(t)})
	require.NoError(t, err)
	defer func() { require.NoError(t, w.Close()) }()
	_, err = w.Select(t.Context(), strings.Replace(create, "sales.ratio", "ratio", 1))
	require.NoError(t, err)
	warehousetest.Ratios(t, w, "ratio")
}

// frozen stops a load in the middle until another one has gone by.
func frozen(t *testing.T, server *warehousetest.Postgres) {
	defer warehouse.SetLockTime(time.Second)()
	files, source := warehousetest.NewLake(t), server.Database(t)
	verdicts := files.All("2026-01-01", 1, warehousetest.Order{ID: "A", Day: "2026-01-01", Version: 1, Cents: 5})
	holds, thaw := make(chan struct{}), make(chan struct{})
	first, err := warehouse.Open(warehouse.Options{Dialect: warehouse.Postgres, Source: source, Files: files.Bucket, Step: func(step string) {
		if step == "insert_facts" {
			close(holds)
			<-thaw
		}
	}})
	require.NoError(t, err)
	defer func() { require.NoError(t, first.Close()) }()
	_, err = first.Migrate(t.Context())
	require.NoError(t, err)
	var loads errgroup.Group
	loads.Go(func() error {
		_, err := first.Load(t.Context(), verdicts)
		return err
	})
	<-holds
	second, err := warehouse.Open(warehouse.Options{Dialect: warehouse.Postgres, Source: source, Files: files.Bucket})
	require.NoError(t, err)
	defer func() { require.NoError(t, second.Close()) }()
	require.Eventually(t, func() bool {
		r, err := second.Load(t.Context(), verdicts)
		if err != nil {
			require.ErrorIs(t, err, warehouse.ErrUnavailable)
		}
		return err == nil && len(r.Loaded) == 6
	}, 30*time.Second, time.Millisecond)
	close(thaw)
	require.ErrorIs(t, loads.Wait(), warehouse.ErrUnavailable, "its transaction is gone")
	count, err := second.Facts(t.Context())
	require.NoError(t, err)
	require.Equal(t, lake.Count{Rows: 1, Cents: 5}, count)
}

// cutConnections ends the server's side in the middle of a load.
func cutConnections(t *testing.T, server *warehousetest.Postgres, at string) {
	lake := warehousetest.NewLake(t)
	cut := true
	w, err := warehouse.Open(warehouse.Options{Dialect: warehouse.Postgres, Source: server.Database(t), Files: lake.Bucket, Step: func(step string) {
		if step == at && cut {
			server.Hang(t)
		}
	}})
	require.NoError(t, err)
	defer func() { require.NoError(t, w.Close()) }()
	_, err = w.Migrate(t.Context())
	require.NoError(t, err)
	verdicts := lake.All("2026-01-01", 1, warehousetest.Order{ID: "A", Day: "2026-01-01", Version: 1, Cents: 5})
	_, err = w.Load(t.Context(), verdicts)
	require.ErrorIs(t, err, warehouse.ErrUnavailable)
	cut = false
	r, err := w.Load(t.Context(), verdicts)
	require.NoError(t, err)
	require.Len(t, r.Loaded, 6)
}

// loadTogether loads from two programs at once; both infer the same members.
func loadTogether(t *testing.T, server *warehousetest.Postgres) {
	files, source := warehousetest.NewLake(t), server.Database(t)
	var programs errgroup.Group
	for p := range 2 {
		w, err := warehouse.Open(warehouse.Options{Dialect: warehouse.Postgres, Source: source, Files: files.Bucket})
		require.NoError(t, err)
		defer func() { require.NoError(t, w.Close()) }()
		var loads [][]*lake.Verdict
		for i := range 10 {
			day := fmt.Sprintf("2026-01-%02d", 1+2*i+p)
			loads = append(loads, files.All(day, 1, warehousetest.Order{ID: day, Day: day, Version: 1, Cents: 5, Customer: fmt.Sprint("C-", i), Product: fmt.Sprint("P-", i)}))
		}
		programs.Go(func() error {
			if _, err := w.Migrate(t.Context()); err != nil {
				return err
			}
			for _, verdicts := range loads {
				if _, err := w.Load(t.Context(), verdicts); err != nil {
					return err
				}
			}
			return nil
		})
	}
	require.NoError(t, programs.Wait())
	w, err := warehouse.Open(warehouse.Options{Dialect: warehouse.Postgres, Source: source})
	require.NoError(t, err)
	defer func() { require.NoError(t, w.Close()) }()
	a, err := w.Select(t.Context(), "SELECT (SELECT COUNT(*) FROM sales.fact_sales), (SELECT COUNT(*) FROM sales.dim_customer), (SELECT COUNT(*) FROM sales.dim_date)")
	require.NoError(t, err)
	require.Equal(t, [][]any{{int64(20), int64(10), int64(31)}}, a.Rows)
}

func TestOpenRefusesWhatItCannotLoad(t *testing.T) {
	_, err := warehouse.Open(warehouse.Options{Dialect: "mysql"})
	require.ErrorContains(t, err, "mysql")
}
