package dq

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

const dayOrders = 2500 // three row groups

func add(name string, row int, n int64) func(*column.Batch) {
	return func(b *column.Batch) {
		if c := b.Column(name); c.I64 != nil {
			c.I64[row] += n
		} else {
			c.I32[row] += int32(n)
		}
	}
}

// set writes a text of the same column's dictionary, or of the length of what is there.
func set(name string, row int, value string) func(*column.Batch) {
	return func(b *column.Batch) {
		c := b.Column(name)
		if c.Type == column.Symbol {
			c.I32[row] = c.Dict.Code([]byte(value))
			return
		}
		old := c.Text
		c.Text = column.Text{}
		for i := range old.Len() {
			if i == row {
				c.Text.Append([]byte(value))
			} else {
				c.Text.Append(old.At(i))
			}
		}
	}
}

const orders, daily, refunds, restated = sales.TableSilver, sales.TableDailySales, sales.TableRefundsByDay, sales.TableRestatements

// balance puts the partitions' balances, from the test's partition on, in the place of the day's.
func balance(b ...Balance) func(*day) {
	return func(d *day) {
		for i, b := range b {
			d.balances[int32(partition+i)] = b
		}
	}
}

// judgeCases are faults of a day: each is found by one rule and no other.
var judgeCases = map[string]struct {
	table string
	rows  func(*column.Batch) // of the table's file
	edit  func(*day)
	rule  string // that does not pass, "" for none
	want  lake.Outcome
}{
	"unreadable file":      {orders, nil, func(d *day) { d.objects["silver/sales/a.parquet"][100] ^= 1 }, "files", lake.Fail},
	"unreadable aggregate": {daily, nil, func(d *day) { d.objects["gold/daily_sales/a.parquet"][100] ^= 1 }, "files", lake.Fail},
	"ledger":               {orders, nil, balance(Balance{Records: 100_000, Faults: []string{"x"}}), "ledger", lake.Fail},
	"loss to warn of":      {orders, nil, balance(Balance{Records: 100, Lost: 1}), "row_loss", lake.Warn},
	"loss to fail for":     {orders, nil, balance(Balance{Records: 100, Lost: 5}), "row_loss", lake.Fail},
	"little loss":          {orders, nil, balance(Balance{Records: 101, Lost: 1}), "", lake.Pass},
	"rejects":              {orders, nil, balance(Balance{Records: 1000, Rejected: 50}), "rejects", lake.Fail},
	"first rejects":        {orders, nil, balance(Balance{Records: 999, Rejected: 999}), "", lake.Pass},
	"replayed rejects":     {orders, nil, balance(Balance{Records: 1050, Rejected: 50, Replayed: 50}), "", lake.Pass},
	"elsewhere replayed":   {orders, nil, balance(Balance{Records: 1000, Rejected: 50}, Balance{Records: 50, Replayed: 50}), "", lake.Pass},
	"rejected again":       {orders, nil, balance(Balance{Records: 1050, Rejected: 100, Replayed: 50}), "rejects", lake.Fail},
	"no order_id":          {orders, set("order_id", 1200, ""), nil, "orders_complete", lake.Fail},
	"no region":            {orders, set("region", 1200, ""), nil, "orders_complete", lake.Fail},
	"order twice":          {orders, set("order_id", 2400, "order_id-000007"), nil, "orders_unique", lake.Fail},
	"stray day":            {orders, add("order_ts", 2400, sales.MicrosPerDay), nil, "orders_day", lake.Fail},
	"a state":              {orders, set("status", 8, "shipped"), nil, "orders_status", lake.Fail},
	"a currency":           {orders, set("currency", 8, "EUR"), nil, "orders_currency", lake.Fail},
	"no units":             {orders, func(b *column.Batch) { add("quantity", 8, -2)(b); add("unit_price", 8, 8)(b) }, nil, "orders_quantity", lake.Fail},
	"a product's id":       {orders, set("product_id", 8, "P 1"), nil, "orders_product_id", lake.Warn},
	"wrong prices":         {orders, func(b *column.Batch) { shift(b.Column("unit_price").I64, 26) }, nil, "orders_price", lake.Warn},
	"one wrong price":      {orders, add("unit_price", 7, 1), nil, "", lake.Pass},
	"manifest off a cent":  {orders, nil, func(d *day) { d.manifests[orders].Cents++; d.manifests[orders].Inputs[0].Cents++ }, "facts_agree", lake.Fail},
	"silver off by a row":  {orders, nil, func(d *day) { d.manifests[orders].Inputs[0].Rows++ }, "facts_agree", lake.Fail},
	"file off by a cent":   {orders, nil, func(d *day) { d.manifests[orders].Files[0].Cents++ }, "files", lake.Fail},
	"no facts":             {daily, nil, func(d *day) { d.manifests[orders] = nil }, "daily_sales_agree", lake.Fail},
	"gross off by a cent":  {daily, func(b *column.Batch) { add("gross_revenue", 0, 1)(b); add("net_revenue", 0, 1)(b) }, nil, "daily_sales_agree", lake.Fail},
	"net off by a cent":    {daily, add("net_revenue", 0, -1), nil, "daily_sales_agree", lake.Fail},
	"a unit less":          {daily, add("units", 0, -1), nil, "daily_sales_agree", lake.Fail},
	"an open order less":   {daily, add("pending_orders", 0, -1), nil, "daily_sales_agree", lake.Fail},
	"cancelled for open":   {daily, func(b *column.Batch) { add("pending_orders", 0, -1)(b); add("cancelled_orders", 0, 1)(b) }, nil, "daily_sales_agree", lake.Fail},
	"refund off by a cent": {daily, func(b *column.Batch) { add("refunded_revenue", 0, 1)(b); add("net_revenue", 0, -1)(b) }, nil, "daily_sales_agree", lake.Fail},
	"a cell more":          {daily, nil, func(d *day) { d.manifests[daily].Rows++ }, "daily_sales_agree", lake.Fail},
	"products off":         {sales.TableDailyProducts, add("orders", 0, 1), nil, "daily_products_agree", lake.Fail},
	"hours off":            {sales.TableHourlySales, add("orders", 0, 1), nil, "hourly_sales_agree", lake.Fail},
	"a refund too many":    {refunds, add("refunds", 0, 1), nil, "refunds_agree", lake.Fail},
	"refunds off a cent":   {refunds, add("refunded_revenue", 0, 1), nil, "refunds_agree", lake.Fail},
	"a cell of refunds":    {refunds, nil, func(d *day) { d.manifests[refunds].Rows++ }, "refunds_agree", lake.Fail},
	"a restatement more":   {restated, nil, func(d *day) { d.manifests[restated].Rows-- }, "restatements_agree", lake.Fail},
	"restated off a cent":  {restated, nil, func(d *day) { d.manifests[restated].Cents++ }, "restatements_agree", lake.Fail},
	"restated net":         {restated, add("new_net_revenue", 0, 1), nil, "restatements_agree", lake.Fail},
	"another cell":         {restated, func(b *column.Batch) { add("new_gross_revenue", 0, 1)(b); add("new_net_revenue", 0, 1)(b) }, nil, "restatements_agree", lake.Fail},
	"a cell that is not":   {restated, set("region", 0, "Atlantis"), nil, "restatements_agree", lake.Fail},
	"of another version":   {restated, func(b *column.Batch) { add("version", 0, -1)(b); set("region", 0, "Atlantis")(b) }, nil, "", lake.Pass},
}

// What the rules of the repository find, each fault by one rule and no other.
func TestJudge(t *testing.T) {
	sound := newDay(t, dayOrders, nil)
	for table := range sound.manifests {
		findings, samples := sound.judge(t, testAuditor(t, sound), table)
		require.NotEmpty(t, findings)
		require.Empty(t, samples)
		for _, f := range findings {
			require.Equal(t, lake.Pass, f.Outcome, f)
			require.NotEmpty(t, f.Owner)
		}
	}
	for name, c := range judgeCases {
		t.Run(name, func(t *testing.T) {
			d := newDay(t, dayOrders, edits{c.table: c.rows})
			if c.edit != nil {
				c.edit(d)
			}
			findings, _ := d.judge(t, testAuditor(t, d), c.table)
			for rule, f := range findings {
				switch {
				case rule == c.rule:
					require.Equal(t, c.want, f.Outcome, f)
				case c.rule != "files": // a file that cannot be read has no sums
					require.Equal(t, lake.Pass, f.Outcome, f)
				}
			}
			require.True(t, c.rule == "" || findings[c.rule].Rule != "")
		})
	}
}

// shift adds a cent to the first n values.
func shift(values []int64, n int) {
	for i := range n {
		values[i]++
	}
}
