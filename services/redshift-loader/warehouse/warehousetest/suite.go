package warehousetest

import (
	"context"
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
)

// Opener gives an empty database's dialect and source.
type Opener func(t *testing.T) warehouse.Options

// Run holds a kind of warehouse to what all of them promise.
func Run(t *testing.T, open Opener) {
	for name, test := range map[string]func(*testing.T, *bench){
		"migrating again changes nothing":                                  migrateAgain,
		"a first load fills facts, dimensions, aggregates":                 firstLoad,
		"a verdict that comes again changes nothing":                       redelivery,
		"a newer version changes and removes orders":                       newerVersion,
		"a published day keeps what was restated":                          restated,
		"an older version that comes late changes nothing":                 olderVersion,
		"an order moves, both days in one load":                            movedTogether,
		"an order moves, its old day is loaded first":                      movedOldFirst,
		"an order moves, its new day is loaded first":                      movedNewFirst,
		"an order moves there and back, out of order":                      movedBack,
		"a load follows the changes of customers":                          followedCustomers,
		"a load follows what is restated":                                  followedRestatements,
		"a load follows the changes":                                       followed,
		"a load follows the changes of one day, not others":                followedBetween,
		"an order that is removed and comes again elsewhere is there once": takenAgain,
		"what comes and goes between two loads leaves no members":          cameAndWent,
		"a load takes the slices of a day that changed, not others":        slicesOfOneDay,
		"changes that are gone, or too old, load the day":                  notFollowed,
		"changes that do not add up load nothing":                          wrongChanges,
		"new days are compared with what is there":                         newDays,
		"a newer version is taken back":                                    takenBack,
		"a day becomes empty":                                              emptyDay,
		"a failed verdict is held":                                         held,
		"texts that a database may not take are loaded":                    oddTexts,
		"wrong totals load nothing":                                        wrongTotals,
		"wrong totals of an aggregate load nothing":                        wrongAggregate,
		"an order twice in a day loads nothing":                            duplicates,
		"a row of another day loads nothing":                               strayDay,
		"a file that is gone waits for the newer version":                  goneFile,
		"a corrupt file is named and loads nothing":                        corruptFile,
		"inferred members are completed later":                             inferred,
		"customers have intervals without gap or overlap":                  intervals,
		"a faulty slice of customers loads nothing":                        faultyCustomers,
		"any history ends in the right intervals":                          anyHistory,
		"a faulty file of members is refused":                              faultyMembers,
		"a load that is cut short at any step left nothing":                cutShort,
		"any order of arrival ends in the same facts":                      anyOrder,
		"the analytics give the results worked out by hand":                analytics,
		"the analytics are exact for any money":                            largeAnalytics,
		"quotients are exact":                                              func(t *testing.T, b *bench) { Ratios(t, b.Warehouse, "sales.ratio") },
		"the analytics are those of another computation":                   anyAnalytics,
		"new customers are new on their first day":                         newCustomers,
	} {
		t.Run(name, func(t *testing.T) { test(t, newBench(t, open)) })
	}
	inParts := func(maxRows int64) Opener {
		return func(t *testing.T) warehouse.Options {
			o := open(t)
			o.MaxRows = maxRows
			return o
		}
	}
	t.Run("any order of arrival, in small parts", func(t *testing.T) { anyOrder(t, newBench(t, inParts(2))) })
	t.Run("small changes of big days are one part", func(t *testing.T) { smallChanges(t, newBench(t, inParts(10))) })
}

// bench is one test's warehouse and lake.
type bench struct {
	*warehouse.Warehouse
	t       *testing.T
	dialect string
	lake    *Lake
	step    func(string) // called at each step of a load
}

func newBench(t *testing.T, open Opener) *bench {
	b := &bench{t: t, lake: NewLake(t), step: func(string) {}}
	o := open(t)
	b.dialect = o.Dialect
	o.Step = func(name string) { b.step(name) }
	switch bucket, live := o.Files.(*blob.Bucket); {
	case live: // an empty one, which the database can reach
		b.lake.Bucket = bucket
	case o.Dialect == warehouse.Redshift:
		o.Files = S3Files{b.lake.Bucket}
	default:
		o.Files = b.lake.Bucket
	}
	var err error
	b.Warehouse, err = warehouse.Open(o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	_, err = b.Migrate(t.Context())
	require.NoError(t, err)
	return b
}

// load loads the verdicts, which must work.
func (b *bench) load(verdicts ...*lake.Verdict) warehouse.Result {
	b.t.Helper()
	r, err := b.Load(b.t.Context(), verdicts)
	require.NoError(b.t, err)
	return r
}

// lines runs a query and gives each row as its values with spaces between.
func (b *bench) lines(text string, args ...any) []string {
	b.t.Helper()
	a, err := b.Select(context.Background(), text, args...)
	require.NoError(b.t, err)
	lines := []string{}
	for _, row := range a.Rows {
		line := fmt.Sprintln(row...)
		lines = append(lines, line[:len(line)-1])
	}
	return lines
}

// instant reads an RFC 3339 time as microseconds.
func instant(t *testing.T, text string) int64 {
	at, err := sales.ParseTimestamp([]byte(text))
	require.NoError(t, err)
	return at
}

// micros writes a time as lines does.
func micros(at int64) string { return time.UnixMicro(at).UTC().Format(time.RFC3339Nano) }

// facts gives what is loaded of each order: event (which tells the version), day, money.
func (b *bench) facts() []string {
	b.t.Helper()
	return b.lines("SELECT event_id, order_date, revenue FROM sales.fact_sales ORDER BY order_id, order_date")
}

// state gives all that a load may change.
func (b *bench) state() []string {
	var all []string
	for _, text := range []string{
		"SELECT * FROM sales.fact_sales ORDER BY order_id",
		"SELECT * FROM sales.dim_customer ORDER BY customer_id, valid_from",
		"SELECT * FROM sales.dim_product ORDER BY product_id",
		"SELECT * FROM sales.dim_region ORDER BY region",
		"SELECT * FROM sales.dim_date ORDER BY order_date",
		"SELECT * FROM sales.agg_daily_sales ORDER BY order_date, region, category",
		"SELECT * FROM sales.agg_daily_products ORDER BY order_date, product_id",
		"SELECT * FROM etl.overtaken_sales ORDER BY order_id, order_ts",
		"SELECT * FROM etl.customer_versions ORDER BY customer_id, updated_ts",
		"SELECT * FROM sales.agg_hourly_sales ORDER BY order_hour, region, category",
		"SELECT * FROM sales.agg_refunds_by_day ORDER BY order_date, region, category, refund_date",
		"SELECT * FROM sales.restatements ORDER BY order_date, version, region, category",
		"SELECT * FROM etl.load_ledger ORDER BY table_name, slice",
	} {
		all = append(all, b.lines(text)...)
	}
	return all
}

// file writes a file for the test.
func (b *bench) file(name, text string) string {
	path := filepath.Join(b.t.TempDir(), name)
	require.NoError(b.t, os.WriteFile(path, []byte(text), 0o600))
	return path
}
