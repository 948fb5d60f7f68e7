package clean

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/sales"
)

const arrival = int64(1_767_225_600_000_000) // 2026-01-01T00:00:00Z

// event is a bronze row for tests; good is one that passes.
type event struct {
	quantity             int32
	price, revenue       int64
	status, currency     string
	category, region     string
	eventTS, orderTS, at int64
}

func good() event {
	return event{quantity: 1, price: 100, revenue: 100, status: sales.Pending, currency: "USD",
		category: "Books", region: "Europe", eventTS: arrival, orderTS: arrival - 1, at: arrival}
}

func bronzeOf(events ...event) *column.Batch {
	b := column.NewBatch(sales.Bronze, len(events))
	for i, e := range events {
		for f := range sales.Bronze.Fields {
			c := &b.Columns[f]
			switch name := sales.Bronze.Fields[f].Name; name {
			case "quantity":
				c.I32 = append(c.I32, e.quantity)
			case "schema_version", "_partition":
				c.I32 = append(c.I32, 1)
			case "unit_price":
				c.I64 = append(c.I64, e.price)
			case "revenue":
				c.I64 = append(c.I64, e.revenue)
			case "event_ts":
				c.I64 = append(c.I64, e.eventTS)
			case "order_ts":
				c.I64 = append(c.I64, e.orderTS)
			case "_ingest_ts":
				c.I64 = append(c.I64, e.at)
			case "_offset":
				c.I64 = append(c.I64, int64(i))
			case "status":
				c.AppendString(e.status)
			case "currency":
				c.AppendString(e.currency)
			case "category":
				c.AppendString(e.category)
			case "region":
				c.AppendString(e.region)
			default:
				c.AppendString(name)
			}
		}
	}
	return b
}

func cleaner() *Cleaner {
	return ForSales([]string{"Books", "Home & Garden"}, []string{"Europe", "North America"}, nil)
}

func TestEachRule(t *testing.T) {
	late := arrival + sales.MaxClockSkew
	for _, test := range []struct {
		name    string
		spoil   func(*event)
		code    sales.Code // "" passes
		field   string
		message string
	}{
		{"good", func(*event) {}, "", "", ""},
		{"quantity 0", func(e *event) { e.quantity = 0 }, sales.QuantityNotPositive, "quantity", "is 0, want 1 or more"},
		{"quantity below 0", func(e *event) { e.quantity = -3 }, sales.QuantityNotPositive, "quantity", "is -3, want 1 or more"},
		{"price below 0", func(e *event) { e.price = -1 }, sales.NegativePrice, "unit_price", "is -0.01, want 0 or more"},
		{"price 0", func(e *event) { e.price = 0 }, "", "", ""},
		{"revenue below 0", func(e *event) { e.revenue = -1250 }, sales.NegativeRevenue, "revenue", "is -12.50, want 0 or more"},
		{"revenue 0", func(e *event) { e.revenue = 0 }, "", "", ""},
		{"status", func(e *event) { e.status = "shipped" }, sales.UnknownStatus, "status",
			`is "shipped", want pending, completed, cancelled or refunded`},
		{"status in capitals", func(e *event) { e.status = "Pending" }, sales.UnknownStatus, "status",
			`is "Pending", want pending, completed, cancelled or refunded`},
		{"long status", func(e *event) { e.status = strings.Repeat("x", 5000) }, sales.UnknownStatus, "status",
			`is "` + strings.Repeat("x", 32) + `…", want pending, completed, cancelled or refunded`},
		{"currency", func(e *event) { e.currency = "EUR" }, sales.UnsupportedCurrency, "currency", `is "EUR", want USD`},
		{"event 24 hours ahead", func(e *event) { e.eventTS = late }, "", "", ""},
		{"event further ahead", func(e *event) { e.eventTS = late + 1 }, sales.FutureTimestamp, "event_ts",
			"is 2026-01-02T00:00:00.000001Z, want at most 24 hours after the arrival at 2026-01-01T00:00:00.000000Z"},
		{"order 24 hours ahead", func(e *event) { e.orderTS = late }, "", "", ""},
		{"order further ahead", func(e *event) { e.orderTS = late + 1 }, sales.FutureTimestamp, "order_ts",
			"is 2026-01-02T00:00:00.000001Z, want at most 24 hours after the arrival at 2026-01-01T00:00:00.000000Z"},
		{"event in 2000", func(e *event) { e.eventTS = sales.Year2000 }, "", "", ""},
		{"event before 2000", func(e *event) { e.eventTS = sales.Year2000 - 1 }, sales.Implausible, "event_ts",
			"is 1999-12-31T23:59:59.999999Z, want the year 2000 or later"},
		{"order before 2000", func(e *event) { e.orderTS = sales.Year2000 - 1 }, sales.Implausible, "order_ts",
			"is 1999-12-31T23:59:59.999999Z, want the year 2000 or later"},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := good()
			test.spoil(&e)
			r := cleaner().Clean(bronzeOf(good(), e))
			if test.code == "" {
				require.Equal(t, []int32{0, 1}, r.Keep)
				require.Empty(t, r.Rejects)
				return
			}
			require.Equal(t, []int32{0}, r.Keep)
			require.Equal(t, []Rejected{{1, sales.Reject{Code: test.code, Field: test.field, Message: test.message}}}, r.Rejects)
		})
	}
}

// faults are one for each code and field, in the contract's order.
var faults = []struct {
	code  sales.Code
	field string
	spoil func(*event)
}{
	{sales.QuantityNotPositive, "quantity", func(e *event) { e.quantity = 0 }},
	{sales.NegativePrice, "unit_price", func(e *event) { e.price = -1 }},
	{sales.NegativeRevenue, "revenue", func(e *event) { e.revenue = -1 }},
	{sales.UnknownStatus, "status", func(e *event) { e.status = "?" }},
	{sales.UnsupportedCurrency, "currency", func(e *event) { e.currency = "?" }},
	{sales.FutureTimestamp, "event_ts", func(e *event) { e.eventTS = e.at + sales.MaxClockSkew + 1 }},
	{sales.FutureTimestamp, "order_ts", func(e *event) { e.orderTS = e.at + sales.MaxClockSkew + 1 }},
	{sales.Implausible, "event_ts", func(e *event) { e.eventTS = 0 }},
	{sales.Implausible, "order_ts", func(e *event) { e.orderTS = 0 }},
}

func TestTheFaultsAreTheContracts(t *testing.T) {
	var codes []sales.Code
	for _, f := range faults {
		if len(codes) == 0 || codes[len(codes)-1] != f.code {
			codes = append(codes, f.code)
		}
	}
	require.Equal(t, sales.SilverCodes, append(codes, sales.RuleViolated), "declared rules come last")
}

func TestTheFirstFaultCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := make([]event, rapid.IntRange(0, 20).Draw(t, "rows"))
		first := make([]int, len(events))
		for i := range events {
			events[i], first[i] = good(), -1
			used := map[string]bool{} // a timestamp cannot be in the future and before 2000
			for _, f := range rapid.SliceOfDistinct(rapid.IntRange(0, len(faults)-1), rapid.ID[int]).Draw(t, "faults") {
				if used[faults[f].field] {
					continue
				}
				used[faults[f].field] = true
				faults[f].spoil(&events[i])
				if first[i] < 0 || f < first[i] {
					first[i] = f
				}
			}
		}
		r := cleaner().Clean(bronzeOf(events...))
		require.Equal(t, len(events), len(r.Keep)+len(r.Rejects))
		for _, row := range r.Keep {
			require.Equal(t, -1, first[row])
		}
		for _, rejected := range r.Rejects {
			f := faults[first[rejected.Row]]
			require.Equal(t, f.code, rejected.Code)
			require.Equal(t, f.field, rejected.Field)
		}
	})
}

func TestNamesAreSpelledAsInTheCatalogue(t *testing.T) {
	names := map[string]string{
		"Books": "Books", "BOOKS": "Books", " books ": "Books", "home  &\tgarden": "Home & Garden",
		"Antiques": "Antiques", "  Rare   Coins ": "Rare Coins",
	}
	var events []event
	var want []string
	for given, spelled := range names {
		e := good()
		e.category, e.region = given, "NORTH america"
		events, want = append(events, e), append(want, spelled)
	}
	bronze := bronzeOf(events...)
	r := cleaner().Clean(bronze)
	for i := range events {
		require.Equal(t, want[i], r.Rows.Column("category").String(i))
		require.Equal(t, "North America", r.Rows.Column("region").String(i))
		require.Equal(t, events[i].category, bronze.Column("category").String(i), "the bronze row must not change")
	}
}

func TestRowsHaveSilversColumns(t *testing.T) {
	r := cleaner().Clean(bronzeOf(good(), good()))
	require.Equal(t, sales.Silver, r.Rows.Schema)
	require.Equal(t, 2, r.Rows.Rows())
	for i, f := range sales.Silver.Fields {
		require.Equal(t, f.Type, r.Rows.Columns[i].Type, f.Name)
	}
	require.Equal(t, "customer_id", r.Rows.Column("customer_id").String(1))
	require.Equal(t, int64(1), r.Rows.Column("_offset").I64[1])
}

// customer is a bronze row of customer_updates.
type customer struct {
	name string
	at   int64
}

func bronzeCustomers(customers ...customer) *column.Batch {
	b := column.NewBatch(sales.BronzeCustomers, len(customers))
	for _, u := range customers {
		for i, f := range sales.BronzeCustomers.Fields {
			c := &b.Columns[i]
			switch {
			case f.Name == "updated_ts":
				c.I64 = append(c.I64, u.at)
			case f.Name == "_ingest_ts":
				c.I64 = append(c.I64, arrival)
			case f.Type == column.Int64:
				c.I64 = append(c.I64, 7)
			case f.Type == column.Int32:
				c.I32 = append(c.I32, 1)
			default:
				c.AppendString(u.name)
			}
		}
	}
	return b
}

func TestCustomersAreJudgedByTheirTime(t *testing.T) {
	late := arrival + sales.MaxClockSkew
	r := ForCustomers().Clean(bronzeCustomers(customer{"a", late}, customer{"b", late + 1}, customer{"c", sales.Year2000}, customer{"d", sales.Year2000 - 1}))
	require.Equal(t, []int32{0, 2}, r.Keep)
	require.Equal(t, []Rejected{
		{1, sales.Reject{Code: sales.FutureTimestamp, Field: "updated_ts",
			Message: "is 2026-01-02T00:00:00.000001Z, want at most 24 hours after the arrival at 2026-01-01T00:00:00.000000Z"}},
		{3, sales.Reject{Code: sales.Implausible, Field: "updated_ts", Message: "is 1999-12-31T23:59:59.999999Z, want the year 2000 or later"}},
	}, r.Rejects)
}

func TestTextOfCustomersIsTrimmed(t *testing.T) {
	bronze := bronzeCustomers(customer{" Ada  Byron\t", arrival}, customer{"", arrival}, customer{"Zoë", arrival})
	rows := ForCustomers().Clean(bronze).Rows
	require.Equal(t, sales.SilverCustomers, rows.Schema)
	for _, name := range []string{"name", "email", "segment", "city", "country"} {
		c := rows.Column(name)
		require.Equal(t, []string{"Ada  Byron", "", "Zoë"}, []string{c.String(0), c.String(1), c.String(2)}, name)
		require.Equal(t, " Ada  Byron\t", bronze.Column(name).String(0), "the bronze row must not change")
	}
	require.Equal(t, int64(7), rows.Column("_offset").I64[2])
}
