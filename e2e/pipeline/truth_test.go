package pipeline

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2"
	_ "github.com/lib/pq"
	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/services/producer/generate"
)

// truth adds up what must become of all that the producer sent.
type truth struct {
	tally   *generate.Tally
	updates *generate.UpdateTally
	options generate.Options // of the newest run; they tell which ids are listed
}

func newTruth() *truth { return &truth{tally: generate.NewTally(), updates: generate.NewUpdateTally()} }

// sent counts a whole run of the producer.
func (tr *truth) sent(t *testing.T, o generate.Options) { tr.sentUpTo(t, o, nil) }

// sentUpTo counts the run of a producer that was killed: of each partition the
// first so many records arrived. nil is all.
func (tr *truth) sentUpTo(t *testing.T, o generate.Options, arrived places) {
	tr.options = o
	s, err := generate.New(o)
	require.NoError(t, err)
	var sale generate.Item
	made := places{}
	for s.Next(&sale) {
		if made.has(arrived, sales.TopicEvents, sale.Key, sale.WrongPartition) {
			tr.tally.Add(&sale.Truth)
		}
	}
	u, err := generate.NewUpdates(o.ForUpdates())
	require.NoError(t, err)
	var update generate.UpdateItem
	for u.Next(&update) {
		if made.has(arrived, sales.TopicCustomers, update.Key, update.WrongPartition) {
			tr.updates.Add(&update.Truth)
		}
	}
}

// places counts records by partition, of both topics that the producer feeds.
type places map[stream.Partition]int64

// has counts the next record of a key, and tells whether it is among those that arrived.
func (made places) has(arrived places, topic string, key []byte, astray bool) bool {
	p := stream.Partition{Topic: topic, ID: stream.PartitionFor(key, partitions)}
	if astray {
		p.ID = (p.ID + 1) % partitions
	}
	made[p]++
	return arrived == nil || made[p] <= arrived[p]
}

func (made places) sum() (n int64) {
	for _, v := range made {
		n += v
	}
	return n
}

// table is what a test expects and what it found, line by line.
type table struct {
	lines []line
}

type line struct{ what, expected, found string }

func (tb *table) add(what string, expected, found any) {
	tb.lines = append(tb.lines, line{what, fmt.Sprint(expected), fmt.Sprint(found)})
}

// check fails the test when a line differs; the table is printed then, or when asked for (-v).
func (s *stack) check(tb *table, title string) {
	s.t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%-44s %18s %18s\n", title, "", "expected", "found")
	wrong := ""
	for _, l := range tb.lines {
		mark := ""
		if l.expected != l.found {
			mark = "  <-- differs"
			wrong += fmt.Sprintf("\n%s: expected %s, found %s", l.what, l.expected, l.found)
		}
		fmt.Fprintf(&b, "%-44s %18.18s %18.18s%s\n", l.what, l.expected, l.found, mark)
	}
	if testing.Verbose() || wrong != "" {
		s.t.Log(b.String())
	} else {
		s.t.Logf("%s: %d figures are as expected", title, len(tb.lines))
	}
	if wrong != "" {
		s.fail(title + wrong)
	}
}

// compare holds topic, lake, dead letters and warehouse against the truth.
func (s *stack) compare(title string, tr *truth) {
	want, err := tr.tally.Run(tr.options)
	require.NoError(s.t, err)
	updates := tr.updates.Run()
	tb := &table{}
	s.compareTopic(tb, sales.TopicEvents, want.Rows)
	s.compareTopic(tb, sales.TopicCustomers, updates.Rows)
	s.compareLetters(tb, sales.TopicDLQ, want.Rejected)
	s.compareLetters(tb, sales.TopicCustomersDLQ, updates.Rejected)
	s.compareLake(tb, want, updates)
	s.compareLedger(tb, want, updates)
	s.compareWarehouse(tb, want, updates)
	s.check(tb, title)
}

func (s *stack) compareTopic(tb *table, topic string, want int64) {
	ends, err := stream.EndOffsets(context.Background(), s.kafka, topic)
	require.NoError(s.t, err)
	records := int64(0)
	for _, end := range ends {
		records += end
	}
	tb.add("records in "+topic, want, records)
}

// compareLetters counts the dead letters of a topic by code.
func (s *stack) compareLetters(tb *table, topic string, want map[string]int64) {
	dead := map[string]int64{}
	require.NoError(s.t, stream.ReadToEnd(context.Background(), s.kafka, topic, nil, func(r stream.Record) error {
		for _, h := range r.Headers {
			if h.Key == "code" {
				dead[string(h.Value)]++
			}
		}
		return nil
	}))
	for _, code := range sales.BronzeCodes {
		tb.add(topic+" "+string(code), want[string(code)], dead[string(code)])
		delete(dead, string(code))
	}
	tb.add(topic+" of other codes", 0, len(dead))
}

// compareLake reads the Parquet files from the store's disk with DuckDB.
// Bronze and quarantine are exact by plain glob, also while files are replaced.
func (s *stack) compareLake(tb *table, want generate.Run, updates generate.UpdatesRun) {
	db, err := sql.Open("duckdb", "")
	require.NoError(s.t, err)
	defer func() { _ = db.Close() }()
	glob := func(prefix string) string {
		return "read_parquet('" + filepath.Join(s.store.Root, s.store.Bucket, prefix, "**", "*.parquet") + "', union_by_name=true)"
	}
	var rows, cents, rescued, offsets int64
	s.scan(db, `select count(*), coalesce(cast(sum(revenue)*100 as bigint),0), count(_rescued), count(distinct (_source,_partition,_offset)) from `+glob("bronze/sales_events"), &rows, &cents, &rescued, &offsets)
	tb.add("bronze rows", want.BronzeRows, rows)
	tb.add("bronze cents", want.BronzeCents, cents)
	tb.add("bronze distinct offsets", want.BronzeRows, offsets)
	tb.add("bronze rows with rescued fields", want.RescuedRows, rescued)
	s.compareQuarantine(tb, db, "count(*) from "+glob("quarantine/sales_events/bronze"), sales.BronzeCodes, want.Rejected)
	s.compareQuarantine(tb, db, "count(*) from "+glob("quarantine/sales_events/silver"), sales.SilverCodes, want.Rejected)
	var deleted, versions int64
	s.scan(db, `select count(*), sum(deleted), count(_rescued), count(distinct (_source,_partition,_offset)), count(distinct (customer_id,updated_ts)) from `+glob("bronze/customer_updates"),
		&rows, &deleted, &rescued, &offsets, &versions)
	tb.add("bronze updates of customers", updates.BronzeRows, rows)
	tb.add("bronze updates with rescued fields", updates.RescuedRows, rescued)
	tb.add("bronze updates, distinct offsets", updates.BronzeRows, offsets)
	tb.add("bronze updates, deletions", updates.DeletedRows, deleted)
	tb.add("bronze updates, distinct versions", updates.Versions, versions)
	s.compareQuarantine(tb, db, "count(*) from "+glob("quarantine/customer_updates/bronze"), sales.BronzeCodes, updates.Rejected)
	_, layers, err := s.currentFiles()
	require.NoError(s.t, err)
	var silver generate.Sum
	files := "'" + strings.Join(layers[sales.TableSilver], "','") + "'"
	s.scan(db, `select count(*), cast(sum(revenue)*100 as bigint) from read_parquet([`+files+`])`, &silver.Rows, &silver.Cents)
	tb.add("silver rows", want.Silver.Rows, silver.Rows)
	tb.add("silver cents", want.Silver.Cents, silver.Cents)
	var cells int64
	files = "'" + strings.Join(layers[sales.TableSilverCustomers], "','") + "'"
	s.scan(db, `select count(*), count(distinct (customer_id,updated_ts)) from read_parquet([`+files+`])`, &rows, &versions)
	tb.add("silver versions of customers", updates.Versions, rows)
	tb.add("silver versions of customers, distinct", updates.Versions, versions)
	files = "'" + strings.Join(layers[sales.TableDailySales], "','") + "'"
	s.scan(db, `select count(*) from read_parquet([`+files+`])`, &cells)
	tb.add("gold daily_sales cells", len(want.Cells), cells)
}

// compareQuarantine counts the quarantined records of each code.
func (s *stack) compareQuarantine(tb *table, db *sql.DB, count string, codes []sales.Code, want map[string]int64) {
	result, err := db.Query(`select code, ` + count + ` group by 1`)
	require.NoError(s.t, err)
	defer func() { _ = result.Close() }()
	found := map[string]int64{}
	for result.Next() {
		var code string
		var n int64
		require.NoError(s.t, result.Scan(&code, &n))
		found[code] = n
	}
	require.NoError(s.t, result.Err())
	for _, code := range codes {
		tb.add("quarantine "+string(code), want[string(code)], found[string(code)])
	}
}

// compareLedger adds silver's ledgers up: what is neither in silver nor rejected
// must be duplicate or superseded.
func (s *stack) compareLedger(tb *table, want generate.Run, updates generate.UpdatesRun) {
	newest := map[string]*lake.Ledger{}
	require.NoError(s.t, stream.ReadToEnd(context.Background(), s.kafka, sales.TopicSilver, nil, func(r stream.Record) (err error) {
		if lake.IsLedger(r.Key) {
			newest[string(r.Key)], err = lake.DecodeLedger(r.Value)
		}
		return err
	}))
	var deduplicated, refused, residual, repeated lake.Count
	for _, l := range newest {
		if residual = residual.Add(l.Residual()); l.Table == sales.TableSilverCustomers {
			repeated = repeated.Add(l.Duplicate).Add(l.Superseded)
			continue
		}
		deduplicated = deduplicated.Add(l.Duplicate).Add(l.Superseded)
		refused = refused.Add(l.RejectedTotal())
	}
	tb.add("duplicate and superseded rows", want.Deduplicated.Rows, deduplicated.Rows)
	tb.add("duplicate and superseded cents", want.Deduplicated.Cents, deduplicated.Cents)
	tb.add("rows that silver rejects", want.Refused.Rows, refused.Rows)
	tb.add("cents that silver rejects", want.Refused.Cents, refused.Cents)
	tb.add("updates of customers that are no versions", updates.BronzeRows-updates.Versions, repeated.Rows)
	tb.add("residual", lake.Count{}, residual)
}

func (s *stack) compareWarehouse(tb *table, want generate.Run, updates generate.UpdatesRun) {
	db, err := sql.Open("postgres", s.database.DSN)
	require.NoError(s.t, err)
	defer func() { _ = db.Close() }()
	var rows, cents int64
	s.scan(db, `select count(*), cast(coalesce(sum(revenue),0)*100 as bigint) from sales.fact_sales`, &rows, &cents)
	tb.add("fact_sales rows", want.Silver.Rows, rows)
	tb.add("fact_sales cents", want.Silver.Cents, cents)
	for _, status := range slices.Sorted(maps.Keys(want.ByStatus)) {
		s.scan(db, `select count(*), cast(coalesce(sum(revenue),0)*100 as bigint) from sales.fact_sales where status = '`+status+`'`, &rows, &cents)
		tb.add("fact_sales "+status+" rows", want.ByStatus[status].Rows, rows)
		tb.add("fact_sales "+status+" cents", want.ByStatus[status].Cents, cents)
	}
	s.compareCustomers(tb, db, updates)
	tb.add("agg_daily_sales cells that differ", 0, len(s.differingCells(db, want.Cells)))
	var orders, gross, wantOrders, wantGross int64
	for _, c := range want.Cells {
		wantOrders, wantGross = wantOrders+c.Orders, wantGross+c.Gross
	}
	s.scan(db, `select coalesce(sum(orders),0), cast(coalesce(sum(gross_revenue),0)*100 as bigint) from sales.agg_daily_products`, &orders, &gross)
	tb.add("agg_daily_products orders", wantOrders, orders)
	tb.add("agg_daily_products gross cents", wantGross, gross)
}

// compareCustomers expects the whole history, intervals without gap or overlap, and each
// order with the customer as of its time.
func (s *stack) compareCustomers(tb *table, db *sql.DB, updates generate.UpdatesRun) {
	var versions, apart, ends, astray int64
	s.scan(db, `select count(*) from etl.customer_versions`, &versions)
	tb.add("customer_versions rows", updates.Versions, versions)
	s.scan(db, `select count(*) from (select valid_to, lead(valid_from) over (partition by customer_id order by valid_from) as next from sales.dim_customer) c
		where valid_to is distinct from next`, &apart)
	tb.add("dim_customer gaps and overlaps", 0, apart)
	s.scan(db, `select count(*) from (select customer_id from sales.dim_customer group by 1 having sum(cast(is_current as int)) <> 1 or min(valid_from) <> '1970-01-01') c`, &ends)
	tb.add("dim_customer without first or current one", 0, ends)
	s.scan(db, `select count(*) from sales.fact_sales f left join sales.dim_customer c on c.customer_sk = f.customer_sk and c.customer_id = f.customer_id
		and f.order_ts >= c.valid_from and (c.valid_to is null or f.order_ts < c.valid_to) where c.customer_sk is null`, &astray)
	tb.add("orders without the customer of their time", 0, astray)
}

// differingCells compares every cell of agg_daily_sales with the truth.
func (s *stack) differingCells(db *sql.DB, want []generate.Cell) (differ []string) {
	result, err := db.Query(`select cast(order_date as text), region, category, orders, units, cast(gross_revenue*100 as bigint),
		cast(refunded_revenue*100 as bigint), cast(net_revenue*100 as bigint), customers, pending_orders, cancelled_orders from sales.agg_daily_sales`)
	require.NoError(s.t, err)
	defer func() { _ = result.Close() }()
	found := map[string]generate.Cell{}
	for result.Next() {
		var c generate.Cell
		require.NoError(s.t, result.Scan(&c.Date, &c.Region, &c.Category, &c.Orders, &c.Units, &c.Gross, &c.Refunded, &c.Net, &c.Customers, &c.Pending, &c.Cancelled))
		found[c.Date+c.Region+c.Category] = c
	}
	require.NoError(s.t, result.Err())
	for _, c := range want {
		key := c.Date + c.Region + c.Category
		if found[key] != c {
			differ = append(differ, fmt.Sprintf("%+v is %+v", c, found[key]))
		}
		delete(found, key)
	}
	for key := range found {
		differ = append(differ, "unexpected "+key)
	}
	for _, d := range differ[:min(3, len(differ))] {
		s.t.Log(d)
	}
	return differ
}

func (s *stack) scan(db *sql.DB, query string, into ...any) {
	s.t.Helper()
	require.NoError(s.t, db.QueryRow(query).Scan(into...), query)
}
