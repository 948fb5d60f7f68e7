package local

import (
	"bytes"
	"database/sql"
	"encoding/csv"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/services/redshift-loader/warehouse"
	"github.com/saleslake/saleslake/services/redshift-loader/warehouse/warehousetest"
)

var update = flag.Bool("update", false, "write the answers of the sample anew, if they are right")

const answersFolder, sampleCustomers = "../../../sql/analytics/answers", "../../../data/customers.csv"

// TestAnalyticsOfTheSample asks every query about the sample files, the second of which
// restates what the first has published. The answers must be those of another computation,
// straight from silver's files, those of PostgreSQL, and the ones that are kept beside the queries.
func TestAnalyticsOfTheSample(t *testing.T) {
	o := options(t, sampleCSV)
	o.Updates = []string{sampleCustomers, sampleUpdates}
	o.Settings.Gold.MaxAge = time.Hour // a run makes each day once
	require.NoError(t, run(t, o).Fault())
	before := readLake(t, o.Lake)
	o.Inputs, o.Updates = []string{sampleNDJSON}, nil
	report := run(t, o)
	require.NoError(t, report.Fault())
	truth := truthOf(t, before, readLake(t, o.Lake))
	postgres := loadPostgres(t, o, report)

	questions, err := warehouse.Questions()
	require.NoError(t, err)
	require.Len(t, report.Analytics, len(questions))
	for i, q := range questions {
		t.Run(q.Name, func(t *testing.T) {
			lines, known := truth.Answer(q.Name)
			require.True(t, known)
			var want, got bytes.Buffer
			require.NoError(t, csv.NewWriter(&want).WriteAll(append([][]string{q.Columns}, lines...)))
			require.NoError(t, report.Analytics[i].Answer.CSV(&got))
			require.Equal(t, want.String(), got.String())
			answer, err := postgres.Query(t.Context(), q.Name)
			require.NoError(t, err)
			got.Reset()
			require.NoError(t, answer.CSV(&got))
			require.Equal(t, want.String(), got.String(), "PostgreSQL")
			path := filepath.Join(answersFolder, q.Name+".csv")
			if *update {
				require.NoError(t, os.WriteFile(path, got.Bytes(), 0o644))
			}
			kept, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, string(kept), got.String(), "run the test with -update if the sample or the question has changed")
		})
	}
}

// loadPostgres loads all that the run's gold and silver hold.
func loadPostgres(t *testing.T, o Options, report *Report) *warehouse.Warehouse {
	bucket, err := blob.Open(t.Context(), blob.Options{URL: "file://" + o.Lake})
	require.NoError(t, err)
	w, err := warehouse.Open(warehouse.Options{Dialect: warehouse.Postgres, Source: warehousetest.StartPostgres(t).Database(t), Files: bucket})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.Close()) })
	_, err = w.Migrate(t.Context())
	require.NoError(t, err)
	_, err = w.LoadProducts(t.Context(), o.Settings.Warehouse.Products)
	require.NoError(t, err)
	var verdicts []*lake.Verdict
	for _, m := range report.Ledger.manifests {
		verdicts = append(verdicts, &lake.Verdict{Format: lake.Format, Outcome: lake.Pass, Manifest: *m})
	}
	_, err = w.Load(t.Context(), verdicts)
	require.NoError(t, err)
	return w
}

// contents is what the lake's files hold, by plain globs.
type contents struct {
	sales    []warehousetest.Sale
	segments map[string][]segment // of each customer, in the order of time
	cells    map[int32]string     // of each day of gold/daily_sales, as text
}

type segment struct {
	from int64 // µs UTC
	name string
}

func readLake(t *testing.T, folder string) contents {
	db, err := sql.Open("duckdb", "")
	require.NoError(t, err)
	defer func() { _ = db.Close() }()
	c := contents{segments: map[string][]segment{}, cells: map[int32]string{}}
	read := func(table, columns, order string, scan func(*sql.Rows)) {
		rows, err := db.Query(fmt.Sprintf("select %s from read_parquet('%s') order by %s", columns, filepath.Join(folder, table, "**/*.parquet"), order))
		require.NoError(t, err)
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			scan(rows)
		}
		require.NoError(t, rows.Err())
	}
	read(sales.TableSilver, "order_id, customer_id, product_id, category, region, status, quantity, cast(revenue * 100 as bigint), epoch_us(order_ts)", "order_id", func(rows *sql.Rows) {
		var s warehousetest.Sale
		require.NoError(t, rows.Scan(&s.ID, &s.Customer, &s.Product, &s.Category, &s.Region, &s.Status, &s.Units, &s.Cents, &s.TS))
		c.sales = append(c.sales, s)
	})
	read(sales.TableSilverCustomers, "customer_id, epoch_us(updated_ts), case when deleted = 0 then coalesce(segment, '') else '' end", "updated_ts", func(rows *sql.Rows) {
		var id string
		var s segment
		require.NoError(t, rows.Scan(&id, &s.from, &s.name))
		c.segments[id] = append(c.segments[id], s)
	})
	read(sales.TableDailySales, `date_diff('day', date '1970-01-01', order_date), concat_ws('|', region, category, orders, units, gross_revenue, refunded_revenue,
		customers, pending_orders, cancelled_orders)`, "order_date, region, category", func(rows *sql.Rows) {
		var day int32
		var cell string
		require.NoError(t, rows.Scan(&day, &cell))
		c.cells[day] += cell + "\n"
	})
	return c
}

// truthOf tells what happened from what the lake held when it was published, and then.
func truthOf(t *testing.T, before, now contents) *warehousetest.Truth {
	truth := &warehousetest.Truth{Sales: now.sales, Products: products(t), Restated: map[int32]bool{}}
	for i := range truth.Sales {
		s := &truth.Sales[i]
		for n, is := range now.segments[s.Customer] {
			if n == 0 || is.from <= s.TS { // the first holds for the time before it, too
				s.Segment = is.name
			}
		}
		if _, known := before.cells[sales.DayOf(s.TS)]; !known {
			truth.Published = append(truth.Published, *s)
		}
	}
	truth.Published = append(truth.Published, before.sales...)
	for day, cells := range before.cells {
		if now.cells[day] != cells {
			truth.Restated[day] = true
		}
	}
	require.NotEmpty(t, truth.Restated)
	return truth
}

// products are those of the catalogue.
func products(t *testing.T) map[string][2]string {
	file, err := os.Open(settings().Warehouse.Products)
	require.NoError(t, err)
	defer func() { _ = file.Close() }()
	lines, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	require.Equal(t, []string{"product_id", "name", "category", "list_price"}, lines[0])
	all := map[string][2]string{}
	for _, line := range lines[1:] {
		all[line[0]] = [2]string{line[1], line[2]}
	}
	return all
}
