package warehousetest

import (
	"context"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/services/redshift-loader/warehouse"
)

// refuse loads verdicts that must not load, and gives the error.
func (b *bench) refuse(verdicts ...*lake.Verdict) error {
	b.t.Helper()
	b.load(b.lake.All(monday, 1, Order{ID: "A", Day: monday, Version: 1, Cents: 100})...)
	before := b.state()
	_, err := b.Load(b.t.Context(), verdicts)
	require.Error(b.t, err)
	require.NotErrorIs(b.t, err, warehouse.ErrUnavailable)
	require.Equal(b.t, before, b.state())
	return err
}

// oddTexts loads ids that PostgreSQL cannot hold, or not in an index.
func oddTexts(t *testing.T, b *bench) {
	noise := make([]byte, 50_000)                  // what compresses would fit after all
	_, _ = rand.NewChaCha8([32]byte{}).Read(noise) // never fails
	long := hex.EncodeToString(noise)
	var orders []Order
	for i, text := range []string{"\x00", "\uFFFD", "A\x00", "A\x00\x00", long + "1", long + "2", strings.Repeat("é", 1000)} {
		orders = append(orders, Order{ID: text, Day: "2026-01-01", Version: 1, Cents: int64(1 + i), Customer: text, Product: text, Region: text, Category: text})
	}
	r := b.load(b.lake.All("2026-01-01", 1, orders...)...)
	require.Len(t, r.Loaded, 6)
	for _, table := range []string{"fact_sales", "agg_daily_sales", "agg_daily_products", "agg_hourly_sales", "dim_customer", "dim_product", "dim_region"} {
		require.Equal(t, []string{"7"}, b.lines("SELECT COUNT(*) FROM sales."+table), table)
	}
	require.Equal(t, []string{"28"}, b.lines(`SELECT CAST(SUM(f.revenue) * 100 AS BIGINT) FROM sales.fact_sales AS f
		JOIN sales.dim_customer AS c ON c.customer_sk = f.customer_sk AND c.customer_id = f.customer_id
		JOIN sales.dim_product AS p ON p.product_sk = f.product_sk AND p.product_id = f.product_id
		JOIN sales.agg_daily_sales AS a ON a.order_date = f.order_date AND a.region = f.region AND a.category = f.category`))
	before := b.state()
	r = b.load(b.lake.Facts("2026-01-01", 2, orders...))
	require.Len(t, r.Loaded, 1)
	require.Len(t, b.state(), len(before))
}

func wrongTotals(t *testing.T, b *bench) {
	good := b.lake.Facts(tuesday, 1, Order{ID: "B", Day: tuesday, Version: 1, Cents: 5})
	wrong := b.lake.Facts(monday, 2, Order{ID: "A", Day: monday, Version: 2, Cents: 200})
	wrong.Manifest.Cents = 300
	err := b.refuse(good, wrong)
	require.ErrorContains(t, err, "slice gold/fact_sales/day=2026-03-30 version 2: found 1 rows and 2.00, expected 1 rows and 3.00")
	var mismatch *warehouse.MismatchError
	require.ErrorAs(t, err, &mismatch)
	require.Equal(t, lake.Count{Rows: 1, Cents: 300}, mismatch.Expected)
}

func wrongAggregate(t *testing.T, b *bench) {
	verdicts := b.lake.All(monday, 2, Order{ID: "A", Day: monday, Version: 2, Cents: 200})
	verdicts[2].Manifest.Rows++
	require.ErrorContains(t, b.refuse(verdicts...), "slice gold/daily_products/day=2026-03-30 version 2: found 1 rows and 2.00, expected 2 rows and 2.00")
}

func duplicates(t *testing.T, b *bench) {
	twice := b.lake.Facts(monday, 2, Order{ID: "A", Day: monday, Version: 2, Cents: 200}, Order{ID: "A", Day: monday, Version: 3, Cents: 200})
	require.ErrorContains(t, b.refuse(twice), `slice gold/fact_sales/day=2026-03-30 holds order "A" 2 times`)
}

func strayDay(t *testing.T, b *bench) {
	stray := b.lake.Facts(monday, 2, Order{ID: "A", Day: monday, Version: 2, Cents: 200}, Order{ID: "B", Day: tuesday, Version: 1, Cents: 1})
	require.ErrorContains(t, b.refuse(stray), "found 1 rows and 2.00, expected 2 rows and 2.01")
}

func goneFile(t *testing.T, b *bench) {
	var verdicts []*lake.Verdict
	for _, day := range []string{"2026-01-01", "2026-01-02", "2026-01-03"} {
		v := b.lake.Facts(day, 1, Order{ID: day, Day: day, Version: 1, Cents: 1})
		require.NoError(t, b.lake.Bucket.Delete(t.Context(), v.Manifest.Files[0].Key))
		verdicts = append(verdicts, v)
	}
	begins := 0
	b.step = func(step string) {
		if step == "begin" {
			begins++
		}
	}
	r := b.load(append(verdicts, b.lake.Facts(tuesday, 1, Order{ID: "B", Day: tuesday, Version: 1, Cents: 5}))...)
	require.LessOrEqual(t, begins, 2, "the first missed file has all others looked for")
	require.Len(t, r.Loaded, 1)
	require.Len(t, r.Gone, 3)
	require.Equal(t, "day=2026-01-01", r.Gone[0].Slice.Slice)
	require.Equal(t, verdicts[0].Manifest.Files[0].Key, r.Gone[0].File)
	require.Equal(t, []string{"B.1 2026-03-31 0.05"}, b.facts())
	b.load(b.lake.Facts("2026-01-01", 2, Order{ID: "A", Day: "2026-01-01", Version: 1, Cents: 100}))
	require.Equal(t, []string{"A.1 2026-01-01 1.00", "B.1 2026-03-31 0.05"}, b.facts())
}

func corruptFile(t *testing.T, b *bench) {
	v := b.lake.Facts(monday, 2, Order{ID: "A", Day: monday, Version: 2, Cents: 200})
	key := v.Manifest.Files[0].Key
	data, err := b.lake.Bucket.Get(t.Context(), key)
	require.NoError(t, err)
	data[len(data)/2] ^= 1
	require.NoError(t, b.lake.Bucket.Put(t.Context(), key, data))
	err = b.refuse(v)
	require.ErrorIs(t, err, lake.ErrCorrupt)
	require.ErrorContains(t, err, key)
}

// cutShort cancels a load at each of its steps in turn.
func cutShort(t *testing.T, b *bench) {
	b.load(b.lake.All(monday, 1, Order{ID: "A", Day: monday, Version: 1, Cents: 100}, Order{ID: "B", Day: monday, Version: 1, Cents: 5})...)
	verdicts := slices.Concat(b.lake.All(monday, 2, Order{ID: "B", Day: monday, Version: 2, Cents: 6}),
		b.lake.All("2026-05-01", 1, Order{ID: "A", Day: "2026-05-01", Version: 2, Cents: 150, Region: "Latin America", Customer: "C-9", Product: "P-9"}))
	before := b.state()
	for cut := 0; ; cut++ {
		ctx, cancel := context.WithCancel(t.Context())
		at, steps := "", 0
		b.step = func(name string) {
			if steps == cut {
				at = name
				cancel()
			}
			steps++
		}
		_, err := b.Load(ctx, verdicts)
		cancel()
		b.step = func(string) {}
		if at == "" { // the load has no more steps: it went through
			require.NoError(t, err)
			require.Greater(t, steps, 25)
			break
		}
		require.ErrorIs(t, err, context.Canceled, at)
		require.Equal(t, before, b.state(), "cut at %s", at)
	}
	require.Equal(t, []string{"A.2 2026-05-01 1.50", "B.2 2026-03-30 0.06"}, b.facts())
	require.Equal(t, []string{"92"}, b.lines("SELECT COUNT(*) FROM sales.dim_date"), "March, April and May")
}

// anyOrder plays histories of orders that change and move between days, delivers the
// versions of the days in random order and groups, some never, and expects the last state.
func anyOrder(t *testing.T, b *bench) {
	const histories = 25
	for seed := range uint64(histories) {
		random := rand.New(rand.NewPCG(seed, 1))
		days := make([]string, 3)
		first, err := sales.ParseDay("2026-01-01")
		require.NoError(t, err)
		for i := range days {
			days[i] = sales.FormatDay(first + int32(seed)*10 + int32(i))
		}
		prefix := fmt.Sprintf("H%02d-", seed)
		deliveries, orders, last := history(random, b.lake, prefix, days)
		members := map[string]bool{}
		for len(deliveries) > 0 {
			n := 1 + random.IntN(min(3, len(deliveries)))
			for _, s := range b.load(deliveries[:n]...).Loaded {
				for _, o := range orders[versionOf{s.Slice, s.Version}] {
					members[o.Region] = true
				}
			}
			b.accounted()
			b.members(prefix, sortedKeys(members))
			deliveries = deliveries[n:]
		}
		require.Equal(t, last, b.lines("SELECT event_id, order_date, revenue FROM sales.fact_sales WHERE order_id LIKE $1 ORDER BY order_id", prefix+"%"), "seed %d", seed)
	}
}

// accounted expects that each loaded row is a fact or overtaken, and no order twice a fact.
func (b *bench) accounted() {
	b.t.Helper()
	require.Empty(b.t, b.lines(`SELECT l.slice, l.rows, l.cents, h.rows, h.cents
		FROM (SELECT slice, rows, cents FROM etl.load_ledger WHERE table_name = 'gold/fact_sales') AS l
		LEFT JOIN (SELECT order_date, COUNT(*) AS rows, CAST(SUM(revenue) * 100 AS BIGINT) AS cents FROM (
			SELECT order_date, revenue FROM sales.fact_sales UNION ALL SELECT CAST(order_ts AS DATE), revenue FROM etl.overtaken_sales) AS r
			GROUP BY order_date) AS h ON l.slice = 'day=' || CAST(h.order_date AS VARCHAR(10))
		WHERE l.rows <> COALESCE(h.rows, 0) OR l.cents <> COALESCE(h.cents, 0)`))
	require.Empty(b.t, b.lines("SELECT order_id FROM sales.fact_sales GROUP BY order_id HAVING COUNT(*) > 1"))
}

// members expects these members in each dimension, of those that begin with the prefix.
func (b *bench) members(prefix string, want []string) {
	b.t.Helper()
	for table, id := range map[string]string{"dim_region": "region", "dim_customer": "customer_id", "dim_product": "product_id"} {
		require.Equal(b.t, want, b.lines(fmt.Sprintf("SELECT %[2]s FROM sales.%[1]s WHERE %[2]s LIKE $1 ORDER BY %[2]s", table, id), prefix+"%"), table)
	}
}

// versionOf is a version of a slice.
type versionOf struct {
	slice   string
	version int64
}

// history gives the verdicts of a random history in random order, the orders of each, and
// the final facts. The region, customer and product of an order have one name.
func history(random *rand.Rand, l *Lake, prefix string, days []string) (deliveries []*lake.Verdict, all map[versionOf][]Order, last []string) {
	all = map[versionOf][]Order{}
	current := map[string]Order{}
	versions := map[string]int64{}
	newest := map[string]*lake.Verdict{}
	publish := func(day string) {
		var orders []Order
		for _, id := range sortedKeys(current) {
			if current[id].Day == day {
				orders = append(orders, current[id])
			}
		}
		versions[day]++
		if v := newest[day]; v != nil && random.IntN(3) > 0 {
			deliveries = append(deliveries, v) // else this version is skipped, as by compaction
		}
		newest[day] = l.Facts(day, versions[day], orders...)
		all[versionOf{newest[day].Manifest.Slice, versions[day]}] = orders
		for i := range newest[day].Manifest.Inputs {
			if in := &newest[day].Manifest.Inputs[i]; random.IntN(4) == 0 {
				in.Base, in.Changes = in.Version, nil // as after a version that changed most of the slice
			}
		}
	}
	for step := int64(1); step <= 8; step++ {
		number := random.IntN(4)
		id := fmt.Sprintf("%s%d", prefix, number)
		before := current[id].Day
		member := fmt.Sprint(prefix, step)
		current[id] = Order{ID: id, Day: days[random.IntN(len(days))], Version: 1 + random.Int64N(step), Cents: random.Int64N(100_000), Partition: int32(number % 2), // a version may be taken back
			Region: member, Customer: member, Product: member}
		publish(current[id].Day)
		if before != "" && before != current[id].Day {
			publish(before)
		}
	}
	for _, day := range sortedKeys(newest) {
		deliveries = append(deliveries, newest[day])
	}
	random.Shuffle(len(deliveries), func(i, j int) { deliveries[i], deliveries[j] = deliveries[j], deliveries[i] })
	for _, id := range sortedKeys(current) {
		o := current[id]
		last = append(last, fmt.Sprintf("%s %s %s", o.eventID(), o.Day, sales.FormatCents(o.Cents)))
	}
	return deliveries, all, last
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
