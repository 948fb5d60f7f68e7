package warehouse_test

import (
	"bufio"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/services/redshift-loader/warehouse"
	"github.com/saleslake/saleslake/services/redshift-loader/warehouse/warehousetest"
)

// engines opens an empty warehouse of each kind that loads are measured on.
func engines(b *testing.B, run func(b *testing.B, o warehouse.Options)) {
	b.Run(warehouse.DuckDB, func(b *testing.B) {
		run(b, warehouse.Options{Dialect: warehouse.DuckDB, Source: filepath.Join(b.TempDir(), "warehouse.duckdb")})
	})
	b.Run(warehouse.Postgres, func(b *testing.B) {
		run(b, warehouse.Options{Dialect: warehouse.Postgres, Source: warehousetest.StartPostgres(b).Database(b)})
	})
}

func opened(b *testing.B, o warehouse.Options, l *warehousetest.Lake) *warehouse.Warehouse {
	o.Files, o.MaxRows = l.Bucket, 1<<40
	w, err := warehouse.Open(o)
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, w.Close()) })
	_, err = w.Migrate(b.Context())
	require.NoError(b, err)
	return w
}

// BenchmarkFollow loads 1,000 changed rows, half of them corrections, half new orders,
// into a day of 50,000, while the fact table has more and more of other days. Order ids are
// random, so that nothing tells where in the table one is.
func BenchmarkFollow(b *testing.B) {
	const dayRows, changes = 50_000, 500
	for _, facts := range []int{1_000_000, 5_000_000, 20_000_000} {
		b.Run(fmt.Sprintf("%dM", facts/1_000_000), func(b *testing.B) {
			engines(b, func(b *testing.B, o warehouse.Options) {
				l := warehousetest.NewLake(b)
				w := opened(b, o, l)
				seed(b, o, w, facts)
				var orders []warehousetest.Order
				add := func(n int) {
					for range n {
						orders = append(orders, warehousetest.Order{ID: randomID(len(orders)), Day: "2025-06-15", Version: 1, Cents: int64(len(orders))})
					}
				}
				load := func(version int64) time.Duration {
					v := l.Facts("2025-06-15", version, orders...)
					start := time.Now()
					r, err := w.Load(b.Context(), []*lake.Verdict{v})
					took := time.Since(start)
					require.NoError(b, err)
					require.Len(b, r.Loaded, 1)
					return took
				}
				add(dayRows)
				load(1)
				version, times := int64(1), []float64{}
				for b.Loop() {
					version++
					for i := range changes {
						at := (int(version)*changes + i) * 7 % dayRows
						orders[at].Version, orders[at].Cents = version, orders[at].Cents+1
					}
					add(changes)
					times = append(times, load(version).Seconds()*1000)
				}
				b.ReportMetric(0, "ns/op") // with the making of the files
				b.ReportMetric(median(times), "ms/load")
			})
		})
	}
}

func randomID(i int) string {
	sum := sha256.Sum256(fmt.Append(nil, i))
	return hex.EncodeToString(sum[:16])
}

func median(of []float64) float64 {
	slices.Sort(of)
	return of[len(of)/2]
}

// seed fills fact_sales with orders of the year around the day that is loaded. PostgreSQL
// makes its indexes afterwards, which takes a fraction of the time.
func seed(b *testing.B, o warehouse.Options, w *warehouse.Warehouse, facts int) {
	before, after := []string{}, []string{}
	if o.Dialect == warehouse.Postgres {
		a, err := w.Select(b.Context(), `SELECT CASE WHEN i.indisprimary THEN 'ALTER TABLE sales.fact_sales DROP CONSTRAINT ' || c.relname ELSE 'DROP INDEX sales.' || c.relname END,
			CASE WHEN i.indisprimary THEN 'ALTER TABLE sales.fact_sales ADD ' || pg_get_constraintdef(k.oid) ELSE pg_get_indexdef(i.indexrelid) END
			FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid LEFT JOIN pg_constraint AS k ON k.conindid = i.indexrelid WHERE i.indrelid = 'sales.fact_sales'::regclass`)
		require.NoError(b, err)
		for _, row := range a.Rows {
			before, after = append(before, row[0].(string)), append(after, row[1].(string))
		}
	}
	fill := fmt.Sprintf(`INSERT INTO sales.fact_sales
		SELECT md5(CAST(i AS VARCHAR(12))), t.at, CAST(t.at AS DATE), t.at, 'e-' || CAST(i AS VARCHAR(12)), i %% 100000, 'C-' || CAST(i %% 100000 AS VARCHAR(12)), i %% 500, 'P-' || CAST(i %% 500 AS VARCHAR(12)), 1,
			'Books', 'Europe', 1, 9.99, 9.99, 'USD', 'completed', 'card', 0, i, CURRENT_TIMESTAMP
		FROM (SELECT i, CAST('2025-01-01' AS TIMESTAMP) + INTERVAL '1 second' * (CAST(i AS BIGINT) * 86400 * 360 / %d) AS at FROM generate_series(1, %d) AS g(i)) AS t
		WHERE CAST(t.at AS DATE) <> CAST('2025-06-15' AS DATE)`, facts, facts)
	for _, text := range slices.Concat(before, []string{fill}, after, []string{"VACUUM ANALYZE sales.fact_sales", "CHECKPOINT"}) { // or PostgreSQL would do so beside the loads
		_, err := w.Select(b.Context(), text)
		require.NoError(b, err, text)
	}
}

// bulk is a day of many orders in files of 131,072 rows, and its verdict.
func bulk(b *testing.B, l *warehousetest.Lake, rows int) *lake.Verdict {
	v := &lake.Verdict{Format: lake.Format, Outcome: lake.Pass, Manifest: lake.Manifest{Format: lake.Format, Table: sales.TableFacts, Slice: "day=2025-06-15", Day: "2025-06-15", Version: 1}}
	day, err := sales.ParseDay("2025-06-15")
	require.NoError(b, err)
	encoder, err := lake.NewEncoder(sales.Silver, lake.Encoding{Compression: "snappy"})
	require.NoError(b, err)
	for from := 0; from < rows; from += 131_072 {
		batch := column.NewBatch(sales.Silver, 131_072)
		for i := from; i < min(rows, from+131_072); i++ {
			for name, text := range map[string]string{"order_id": fmt.Sprintf("ORD-%010d", i), "event_id": fmt.Sprintf("%032x", i), "customer_id": fmt.Sprintf("C-%07d", i*7919%100_000), "product_id": fmt.Sprintf("P-%05d", i%500),
				"category": []string{"Books", "Toys", "Sports"}[i%3], "region": []string{"Europe", "Asia Pacific"}[i%2], "currency": "USD", "status": sales.Completed, "payment_method": "card"} {
				batch.Column(name).AppendString(text)
			}
			for name, v := range map[string]int64{"order_ts": int64(day)*sales.MicrosPerDay + int64(i)*17, "event_ts": int64(day)*sales.MicrosPerDay + int64(i)*19, "unit_price": int64(i % 10_000), "revenue": int64(i % 10_000), "_offset": int64(i)} {
				batch.Column(name).I64 = append(batch.Column(name).I64, v)
			}
			batch.Column("quantity").I32 = append(batch.Column("quantity").I32, 1)
			batch.Column("_partition").I32 = append(batch.Column("_partition").I32, 0)
		}
		data, err := encoder.Encode(nil, batch)
		require.NoError(b, err)
		count := lake.Count{Rows: int64(batch.Rows())}
		for _, cents := range batch.Column("revenue").I64 {
			count.Cents += cents
		}
		f := lake.NewFile(fmt.Sprintf("silver/sales/bulk/%08d.parquet", from), data, count)
		require.NoError(b, l.Bucket.PutNew(b.Context(), f.Key, data))
		v.Manifest.Files, v.Manifest.Count = append(v.Manifest.Files, f), v.Manifest.Add(count)
	}
	return v
}

// BenchmarkBulk moves a million rows: by a whole load (load), and in PostgreSQL by its first
// half, COPY into the staging table (stage). Each time beside the engine's own best way
// into a table like the one that it fills; of_own is the median of the ratios of speed.
func BenchmarkBulk(b *testing.B) {
	const rows = 1_000_000
	beside := func(b *testing.B, own, prepare, ours func()) {
		var ratios, seconds []float64
		timed := func(run func()) float64 {
			start := time.Now()
			run()
			return time.Since(start).Seconds()
		}
		for b.Loop() {
			prepare()
			took := timed(ours)
			seconds, ratios = append(seconds, took), append(ratios, timed(own)/took)
		}
		b.ReportMetric(0, "ns/op") // of both ways together
		b.ReportMetric(rows/median(seconds), "rows/s")
		b.ReportMetric(median(ratios), "of_own")
	}
	engines(b, func(b *testing.B, o warehouse.Options) {
		l := warehousetest.NewLake(b)
		w, v := opened(b, o, l), bulk(b, l, rows)
		prepare := func() {
			for _, text := range []string{"TRUNCATE sales.fact_sales", "DELETE FROM etl.load_ledger", "CHECKPOINT"} {
				_, err := w.Select(b.Context(), text)
				require.NoError(b, err)
			}
		}
		load := func() {
			r, err := w.Load(b.Context(), []*lake.Verdict{v})
			require.NoError(b, err)
			require.Len(b, r.Loaded, 1)
		}
		load() // makes the members, which a second load has
		own := ownFacts(b, o, w)
		b.Run("load", func(b *testing.B) { beside(b, own, prepare, load) })
		if o.Dialect == warehouse.DuckDB { // which does not stage, but reads the files where they are
			return
		}
		own = ownStage(b, o, l, v.Manifest.Files)
		b.Run("stage", func(b *testing.B) {
			beside(b, own, func() {}, func() { require.NoError(b, w.Stage(b.Context(), v.Manifest.Files)) })
		})
	})
}

// ownFacts writes the facts to a file, and answers how the engine's own way reads them into
// a table like fact_sales, which is committed.
func ownFacts(b *testing.B, o warehouse.Options, w *warehouse.Warehouse) func() {
	file := filepath.Join(b.TempDir(), "facts")
	if o.Dialect == warehouse.DuckDB {
		_, err := w.Select(b.Context(), "COPY sales.fact_sales TO '"+file+"' (FORMAT parquet)")
		require.NoError(b, err)
		return func() {
			_, err := w.Select(b.Context(), "CREATE OR REPLACE TABLE own AS FROM sales.fact_sales LIMIT 0; INSERT INTO own FROM read_parquet('"+file+"')")
			require.NoError(b, err)
		}
	}
	run := func(commands ...string) {
		out, err := exec.Command("psql", slices.Concat([]string{o.Source, "-q", "-v", "ON_ERROR_STOP=1"}, commands)...).CombinedOutput()
		require.NoError(b, err, "%s", out)
	}
	run("-c", `\copy sales.fact_sales TO '`+file+"'")
	return func() {
		run("-c", "DROP TABLE IF EXISTS own", "-c", "CREATE TABLE own (LIKE sales.fact_sales INCLUDING ALL)", "-c", `\copy own FROM '`+file+"'")
	}
}

// ownStage writes the same rows for psql, and answers how it copies them.
func ownStage(b *testing.B, o warehouse.Options, l *warehousetest.Lake, files []lake.File) func() {
	const table = `CREATE TEMP TABLE own AS SELECT order_id, order_ts, event_ts, event_id, customer_id, product_id, category, region, quantity,
		unit_price, revenue, currency, status, payment_method, _partition, _offset FROM sales.fact_sales WHERE 1 = 0`
	var paths []string
	for _, f := range files {
		path, ok := l.Bucket.Path(f.Key)
		require.True(b, ok)
		paths = append(paths, "'"+path+"'")
	}
	psql, err := exec.LookPath("psql")
	require.NoError(b, err)
	text := filepath.Join(b.TempDir(), "rows.txt")
	duck, err := sql.Open("duckdb", "")
	require.NoError(b, err)
	defer func() { require.NoError(b, duck.Close()) }()
	_, err = duck.Exec(`COPY (SELECT * REPLACE (strftime(order_ts, '%Y-%m-%d %H:%M:%S.%f') AS order_ts, strftime(event_ts, '%Y-%m-%d %H:%M:%S.%f') AS event_ts)
		FROM read_parquet([` + strings.Join(paths, ",") + `])) TO '` + text + `' (FORMAT csv, DELIMITER '\t', HEADER false, QUOTE '')`)
	require.NoError(b, err)
	file, err := os.Open(text)
	require.NoError(b, err)
	defer func() { require.NoError(b, file.Close()) }()
	require.True(b, bufio.NewScanner(file).Scan())
	return func() {
		out, err := exec.Command(psql, o.Source, "-q", "-v", "ON_ERROR_STOP=1", "-c", "BEGIN", "-c", table, "-c", `\copy own FROM '`+text+`'`, "-c", "ROLLBACK").CombinedOutput()
		require.NoError(b, err, "%s", out)
	}
}
