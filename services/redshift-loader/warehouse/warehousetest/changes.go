package warehousetest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// three are the orders of a day at its first version.
func three(b *bench) {
	b.load(b.lake.Facts(monday, 1, Order{ID: "A", Day: monday, Version: 1, Cents: 100}, Order{ID: "B", Day: monday, Version: 1, Cents: 200}, Order{ID: "C", Day: monday, Version: 1, Cents: 300}))
}

// withoutFiles takes the day's own files away, so that only those of changes are left.
func (b *bench) withoutFiles(v *lake.Verdict) *lake.Verdict {
	for _, f := range v.Manifest.Files {
		require.NoError(b.t, b.lake.Bucket.Delete(b.t.Context(), f.Key))
	}
	return v
}

// followed skips a version, so that an order changes twice, one comes and goes, and one
// changes there and back.
func followed(t *testing.T, b *bench) {
	three(b)
	b.lake.Facts(monday, 2, Order{ID: "A", Day: monday, Version: 2, Cents: 110}, Order{ID: "B", Day: monday, Version: 2, Cents: 201}, Order{ID: "C", Day: monday, Version: 1, Cents: 300},
		Order{ID: "D", Day: monday, Version: 1, Cents: 400})
	b.load(b.withoutFiles(b.lake.Facts(monday, 3, Order{ID: "A", Day: monday, Version: 3, Cents: 120}, Order{ID: "B", Day: monday, Version: 1, Cents: 200},
		Order{ID: "E", Day: monday, Version: 1, Cents: 500, Customer: "C-5", Product: "P-5", Region: "Asia Pacific"})))
	require.Equal(t, []string{"A.3 2026-03-30 1.20", "B.1 2026-03-30 2.00", "E.1 2026-03-30 5.00"}, b.facts())
	require.Equal(t, []string{"3"}, b.lines("SELECT COUNT(*) FROM sales.v_orders"))
	require.Equal(t, []string{`gold/fact_sales 3 820 {"day=2026-03-30/p=000":3}`}, b.lines("SELECT table_name, rows, cents, inputs FROM etl.load_ledger"))
	b.load(b.withoutFiles(b.lake.Facts(tuesday, 4, Order{ID: "X", Day: tuesday, Version: 1, Cents: 1})), // has its files' changes only from here on
		b.withoutFiles(b.lake.Facts(monday, 4, Order{ID: "A", Day: monday, Version: 3, Cents: 120}, Order{ID: "B", Day: monday, Version: 1, Cents: 200})))
	require.Equal(t, []string{"A.3 2026-03-30 1.20", "B.1 2026-03-30 2.00"}, b.facts(), "the other day's first version has no file")
}

// followedCustomers skips a version of a slice, so that a row comes and goes, one changes twice and one stays; then a
// file of changes is gone, and then the changes are not what the manifest says.
func followedCustomers(t *testing.T, b *bench) {
	at := func(clock string) int64 { return instant(t, monday+"T"+clock+"Z") }
	jo, ann := Update{ID: "C-1", At: at("10:00:00"), Name: "Jo"}, Update{ID: "C-2", At: at("11:00:00"), Name: "Ann"}
	bob, eve := Update{ID: "C-3", At: at("12:00:00"), Name: "Bob"}, Update{ID: "C-4", At: at("13:00:00"), Name: "Eve"}
	named := func(u Update, name string) Update { u.Name = name; return u }
	const versions = "SELECT customer_id, name FROM etl.customer_versions ORDER BY customer_id"
	b.load(b.lake.Customers(monday, 0, 1, jo, ann))
	b.lake.Customers(monday, 0, 2, named(jo, "Joe"), ann, bob)
	b.load(b.withoutFiles(b.lake.Customers(monday, 0, 3, named(jo, "Joan"), ann, eve)))
	require.Equal(t, []string{"C-1 Joan", "C-2 Ann", "C-4 Eve"}, b.lines(versions))
	fourth := b.withoutFiles(b.lake.Customers(monday, 0, 4, named(jo, "Joan"), ann, eve, bob))
	b.load(fourth, b.lake.Customers(tuesday, 1, 1))
	require.Equal(t, []string{"C-1 Joan", "C-2 Ann", "C-3 Bob", "C-4 Eve"}, b.lines(versions))
	require.Equal(t, []string{"C-1 Joan", "C-2 Ann", "C-3 Bob", "C-4 Eve"}, b.lines("SELECT customer_id, name FROM sales.dim_customer ORDER BY customer_id"))

	again := *fourth // silver took the same once more, after its newest manifest was lost
	again.Manifest.Version, again.Manifest.Base = 5, 4
	again.Manifest.Changes = []lake.Change{{Version: 5, Added: fourth.Manifest.Changes[len(fourth.Manifest.Changes)-1].Added}}
	require.Len(t, b.load(&again).Loaded, 1)
	require.Equal(t, []string{"C-1 Joan", "C-2 Ann", "C-3 Bob", "C-4 Eve"}, b.lines(versions))

	gone := b.lake.Customers(monday, 0, 6, named(ann, "Anna"), eve)
	require.NoError(t, b.lake.Bucket.Delete(t.Context(), gone.Manifest.Changes[len(gone.Manifest.Changes)-1].Changed[0].Key))
	b.load(gone)
	require.Equal(t, []string{"C-2 Anna", "C-4 Eve"}, b.lines(versions), "from the slice's own files")

	wrong := b.lake.Customers(monday, 0, 7, named(ann, "Anna"), eve, jo)
	wrong.Manifest.Rows++
	require.ErrorContains(t, b.refuse(wrong), "slice silver/customers/day=2026-03-30/p=000 version 7: found 3 rows and 0.00, expected 4 rows and 0.00")
	lost := b.lake.Customers(monday, 0, 8, named(ann, "Anna"), jo)
	b.lines("DELETE FROM etl.customer_versions WHERE customer_id = 'C-4'") // what it loses is not there
	_, err := b.Load(t.Context(), []*lake.Verdict{lost})
	require.ErrorContains(t, err, "version 8: found 3 rows and 0.00, expected 2 rows and 0.00")
	require.Equal(t, []string{"C-2 Anna"}, b.lines(versions))
}

// followedRestatements takes the files of all that a day restated away, so that only those of what came since are left.
func followedRestatements(t *testing.T, b *bench) {
	load := func(version int64, orders ...Order) {
		t.Helper()
		verdicts := b.lake.All(monday, version, orders...)
		if version > 2 {
			b.withoutFiles(verdicts[len(verdicts)-1])
		}
		require.Len(t, b.load(verdicts...).Loaded, len(verdicts))
	}
	a := Order{ID: "A", Day: monday, Version: 1, Cents: 500}
	load(1, a)
	load(2, a, Order{ID: "B", Day: monday, Version: 1, Cents: 100, Category: "Toys"})
	a.Status = sales.Refunded
	b.lake.All(monday, 3, a)
	load(4, a, Order{ID: "C", Day: monday, Version: 1, Cents: 7})
	load(5, a, Order{ID: "C", Day: monday, Version: 1, Cents: 7})
	require.Equal(t, []string{"2 Toys 0.00 1.00", "3 Books 5.00 5.00", "3 Toys 1.00 0.00", "4 Books 5.00 5.07"},
		b.lines("SELECT version, category, old_gross_revenue, new_gross_revenue FROM sales.restatements ORDER BY version, category"))

	v := b.lake.All(monday, 6, a)
	last := v[len(v)-1]
	require.NoError(t, b.lake.Bucket.Delete(t.Context(), last.Manifest.Changes[len(last.Manifest.Changes)-1].Added[0].Key))
	require.Len(t, b.load(v...).Loaded, len(v))
	require.Equal(t, []string{"5 0"}, b.lines("SELECT COUNT(*), CAST(SUM(new_gross_revenue - old_gross_revenue) * 100 AS BIGINT) FROM sales.restatements"), "from the slice's own files")
	last = b.lake.All(monday, 7, a, Order{ID: "D", Day: monday, Version: 1, Cents: 1})[5]
	last.Manifest.Changes = nil
	require.ErrorContains(t, b.refuse(last), "slice gold/restatements/day=2026-03-30 version 7: found 5 rows and 0.00, expected 6 rows and 0.01")
}

// followedBetween loads a day by its changes, and those around it whole.
func followedBetween(t *testing.T, b *bench) {
	kept := Order{ID: "B", Day: tuesday, Version: 1, Cents: 200}
	b.load(b.lake.Facts(monday, 1), b.lake.Facts(wednesday, 1), b.lake.Facts(tuesday, 1, kept, Order{ID: "C", Day: tuesday, Version: 1, Cents: 300}))
	verdicts := []*lake.Verdict{b.lake.Facts(monday, 2, Order{ID: "A", Day: monday, Version: 1, Cents: 100}),
		b.lake.Facts(wednesday, 2, Order{ID: "D", Day: wednesday, Version: 1, Cents: 400})}
	for i := range verdicts {
		verdicts[i].Manifest.Inputs[0].Base, verdicts[i].Manifest.Inputs[0].Changes = 2, nil
	}
	b.load(append(verdicts, b.lake.Facts(tuesday, 2, kept, Order{ID: "C", Day: tuesday, Version: 2, Cents: 310}))...)
	require.Equal(t, []string{"A.1 2026-03-30 1.00", "B.1 2026-03-31 2.00", "C.2 2026-03-31 3.10", "D.1 2026-04-01 4.00"}, b.facts())
	b.accounted()
}

// takenAgain has an order that a reprocess has removed from one day come again, as new, in
// another, whose changes are loaded first: it is there once all the same.
func takenAgain(t *testing.T, b *bench) {
	kept := Order{ID: "B", Day: tuesday, Version: 1, Cents: 200}
	b.load(b.lake.Facts(monday, 1, Order{ID: "A", Day: monday, Version: 1, Cents: 100}), b.lake.Facts(tuesday, 1, kept))
	removed := b.lake.Facts(monday, 2)
	delete(b.lake.where, "A")
	again := b.lake.Facts(tuesday, 2, kept, Order{ID: "A", Day: tuesday, Version: 2, Cents: 150})
	require.NotEmpty(t, again.Manifest.Inputs[0].Changes[0].Added, "silver does not say where it was")
	for _, v := range []*lake.Verdict{again, removed} {
		b.load(v)
		require.Equal(t, []string{"A.2 2026-03-31 1.50", "B.1 2026-03-31 2.00"}, b.facts())
		b.accounted()
	}
}

// smallChanges loads days of eight orders, of which ten rows are a part, and then one
// correction of each, which is two rows.
func smallChanges(t *testing.T, b *bench) {
	commits := 0
	b.step = func(step string) {
		if step == "commit" {
			commits++
		}
	}
	days := []string{monday, tuesday, wednesday, "2026-04-02", "2026-04-03"}
	load := func(version int64) (verdicts []*lake.Verdict) {
		for _, day := range days {
			orders := []Order{{ID: day, Day: day, Version: version, Cents: version}}
			for i := range 7 {
				orders = append(orders, Order{ID: fmt.Sprint(day, i), Day: day, Version: 1, Cents: 5})
			}
			verdicts = append(verdicts, b.lake.Facts(day, version, orders...))
		}
		require.Len(t, b.load(verdicts...).Loaded, len(days))
		return verdicts
	}
	load(1)
	require.Equal(t, len(days), commits)
	second := load(2)
	require.Equal(t, len(days)+1, commits)
	b.load(append(second, b.lake.Facts("2026-04-04", 1, Order{ID: "A", Day: "2026-04-04", Version: 1, Cents: 1}))...)
	require.Equal(t, len(days)+2, commits, "what is loaded reads nothing")
	require.Equal(t, []string{"41 186"}, b.lines("SELECT COUNT(*), CAST(SUM(revenue) * 100 AS BIGINT) FROM sales.fact_sales"))
}

// cameAndWent skips versions: one has an order with members that a later one corrects, another
// is the only one that a day in a later month has an order in.
func cameAndWent(t *testing.T, b *bench) {
	const may = "2026-05-01"
	kept := Order{ID: "B", Day: monday, Version: 1, Cents: 200}
	b.load(b.lake.Facts(monday, 1, kept), b.lake.Facts(may, 1))
	wrong := Order{ID: "A", Day: monday, Version: 1, Cents: 100, Customer: "C-bad", Product: "P-bad", Region: "Eurpoe"}
	v := b.lake.Facts(monday, 2, kept, wrong)
	require.NotEmpty(t, v.Manifest.Inputs[0].Changes[0].Added)
	b.lake.Facts(may, 2, Order{ID: "C", Day: may, Version: 1, Cents: 5, Customer: "C-gone", Product: "P-gone", Region: "Nowhere"})
	b.load(b.lake.Facts(may, 3), b.lake.Facts(monday, 3, kept, Order{ID: "A", Day: monday, Version: 2, Cents: 100, Customer: "C-2", Product: "P-2", Region: "Asia Pacific"}))
	require.Equal(t, []string{"A.2 2026-03-30 1.00", "B.1 2026-03-30 2.00"}, b.facts())
	require.Equal(t, []string{"C-1", "C-2"}, b.lines("SELECT customer_id FROM sales.dim_customer ORDER BY customer_id"))
	require.Equal(t, []string{"P-1", "P-2"}, b.lines("SELECT product_id FROM sales.dim_product ORDER BY product_id"))
	require.Equal(t, []string{"Asia Pacific", "Europe"}, b.lines("SELECT region FROM sales.dim_region ORDER BY region"))
	require.Equal(t, []string{"2026-03-31"}, b.lines("SELECT MAX(order_date) FROM sales.dim_date"))
}

// slicesOfOneDay has a day gain a slice, and later lose it, and once the changes of one do
// not lead on: the files of the other slice are not there to be read.
func slicesOfOneDay(t *testing.T, b *bench) {
	three(b)
	first := []Order{{ID: "A", Day: monday, Version: 1, Cents: 100}, {ID: "B", Day: monday, Version: 1, Cents: 200}, {ID: "C", Day: monday, Version: 1, Cents: 300}}
	other := func(id string, version, cents int64) Order {
		return Order{ID: id, Day: monday, Version: version, Cents: cents, Partition: 1}
	}
	load := func(v *lake.Verdict) {
		t.Helper()
		for _, f := range v.Manifest.Files {
			if strings.Contains(f.Key, "/p=000/") {
				require.NoError(t, b.lake.Bucket.Delete(t.Context(), f.Key))
			}
		}
		require.Len(t, b.load(v).Loaded, 1)
		b.accounted()
	}
	load(b.lake.Facts(monday, 2, append(first, other("D", 1, 400), other("E", 1, 500))...))
	require.Equal(t, []string{"A.1 2026-03-30 1.00", "B.1 2026-03-30 2.00", "C.1 2026-03-30 3.00", "D.1 2026-03-30 4.00", "E.1 2026-03-30 5.00"}, b.facts())
	first[0] = Order{ID: "A", Day: monday, Version: 2, Cents: 110}
	v := b.lake.Facts(monday, 3, append(first, other("D", 2, 410), other("F", 1, 600))...)
	v.Manifest.Inputs[1].Base, v.Manifest.Inputs[1].Changes = 3, nil
	load(v)
	require.Equal(t, []string{"A.2 2026-03-30 1.10", "B.1 2026-03-30 2.00", "C.1 2026-03-30 3.00", "D.2 2026-03-30 4.10", "F.1 2026-03-30 6.00"}, b.facts())
	v = b.lake.Facts(monday, 4, first[:2]...)
	v.Manifest.Inputs = v.Manifest.Inputs[:1]
	load(v)
	require.Equal(t, []string{"A.2 2026-03-30 1.10", "B.1 2026-03-30 2.00"}, b.facts())
}

// notFollowed takes a file of changes away, and then lists none.
func notFollowed(t *testing.T, b *bench) {
	three(b)
	v := b.lake.Facts(monday, 2, Order{ID: "A", Day: monday, Version: 2, Cents: 110}, Order{ID: "C", Day: monday, Version: 1, Cents: 300})
	require.NoError(t, b.lake.Bucket.Delete(t.Context(), v.Manifest.Inputs[0].Changes[0].Changed[0].Key))
	b.load(v)
	require.Equal(t, []string{"A.2 2026-03-30 1.10", "C.1 2026-03-30 3.00"}, b.facts())
	v = b.lake.Facts(monday, 4, Order{ID: "A", Day: monday, Version: 3, Cents: 120})
	v.Manifest.Inputs[0].Base, v.Manifest.Inputs[0].Changes = 3, nil
	b.load(v)
	require.Equal(t, []string{"A.3 2026-03-30 1.20"}, b.facts())
	v = b.lake.Facts(monday, 5, Order{ID: "A", Day: monday, Version: 4, Cents: 130})
	v.Manifest.Inputs[0].Slice = "day=2026-03-30/p=001" // another slice than was loaded
	b.load(v)
	require.Equal(t, []string{"A.4 2026-03-30 1.30"}, b.facts())
}

func wrongChanges(t *testing.T, b *bench) {
	three(b)
	next := func(version int64, cents int64) *lake.Verdict {
		return b.lake.Facts(monday, version, Order{ID: "A", Day: monday, Version: version, Cents: cents}, Order{ID: "B", Day: monday, Version: 1, Cents: 200}, Order{ID: "C", Day: monday, Version: 1, Cents: 300})
	}
	before := b.state()
	refused := func(v *lake.Verdict, want string) {
		t.Helper()
		_, err := b.Load(t.Context(), []*lake.Verdict{v})
		require.ErrorContains(t, err, want)
	}
	wrong := next(2, 110)
	wrong.Manifest.Cents++
	refused(wrong, "slice gold/fact_sales/day=2026-03-30 version 2: found 3 rows and 6.10, expected 3 rows and 6.11")
	lacking := next(3, 120)
	lacking.Manifest.Inputs[0].Changes = lacking.Manifest.Inputs[0].Changes[1:]
	lacking.Manifest.Count.Cents -= 10
	refused(lacking, "found 3 rows and 6.20, expected 3 rows and 6.10")
	require.Equal(t, before, b.state())
	b.lines("DELETE FROM sales.fact_sales WHERE order_id = 'A'")
	refused(next(4, 130), "found 4 rows and 7.30, expected 3 rows and 6.30")
}

// takenBack brings an order back to the day and version before, the older day first.
func takenBack(t *testing.T, b *bench) {
	first := Order{ID: "A", Day: monday, Version: 1, Cents: 100}
	b.load(b.lake.Facts(monday, 1, first))
	b.load(b.lake.Facts(tuesday, 1, Order{ID: "A", Day: tuesday, Version: 2, Cents: 150}))
	b.accounted()
	b.load(b.lake.Facts(monday, 2))
	b.load(b.lake.Facts(monday, 3, first))
	b.accounted()
	require.Equal(t, []string{"A.2 2026-03-31 1.50"}, b.facts())
	b.load(b.lake.Facts(tuesday, 2))
	b.accounted()
	require.Equal(t, []string{"A.1 2026-03-30 1.00"}, b.facts())
	require.Empty(t, b.lines("SELECT * FROM etl.overtaken_sales"))
}
