package silver

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// event is a bronze row.
type event struct {
	eventID, orderID, customer, product, category, region, status, payment, currency, rescued string
	eventTS, orderTS, price, revenue, ingest                                                  int64
	quantity                                                                                  int32
	source                                                                                    string
	partition                                                                                 int32
	offset                                                                                    int64
}

func bronzeOf(events []event) *column.Batch {
	b := column.NewBatch(sales.Bronze, len(events))
	for _, e := range events {
		for name, v := range map[string]string{"event_id": e.eventID, "order_id": e.orderID, "customer_id": e.customer,
			"product_id": e.product, "category": e.category, "region": e.region, "status": e.status,
			"payment_method": e.payment, "currency": e.currency, "_rescued": e.rescued, "_source": e.source, "_replay_of": ""} {
			b.Column(name).AppendString(v)
		}
		for name, v := range map[string]int64{"event_ts": e.eventTS, "order_ts": e.orderTS, "unit_price": e.price,
			"revenue": e.revenue, "_offset": e.offset, "_ingest_ts": e.ingest} {
			put64(b, name, v)
		}
		put32(b, "quantity", e.quantity)
		put32(b, "schema_version", 1)
		put32(b, "_partition", e.partition)
	}
	return b
}

// row is a silver row.
type row struct {
	orderID, eventID, customer, product, category, region, currency, status, payment string
	orderTS, eventTS, price, revenue, offset                                         int64
	quantity, partition                                                              int32
}

func rowsOf(b *column.Batch) []row {
	rows := make([]row, b.Rows())
	text := func(name string, i int) string { return b.Column(name).String(i) }
	long := func(name string, i int) int64 { return b.Column(name).I64[i] }
	for i := range rows {
		rows[i] = row{
			orderID: text("order_id", i), eventID: text("event_id", i), customer: text("customer_id", i),
			product: text("product_id", i), category: text("category", i), region: text("region", i),
			currency: text("currency", i), status: text("status", i), payment: text("payment_method", i),
			orderTS: long("order_ts", i), eventTS: long("event_ts", i), price: long("unit_price", i),
			revenue: long("revenue", i), offset: long("_offset", i),
			quantity: b.Column("quantity").I32[i], partition: b.Column("_partition").I32[i],
		}
	}
	return rows
}

// oracle is what silver must be, computed without its code: rules and spelling
// by hand, the current version by comparing all.
type oracle struct {
	rows     []row // by order_id
	rejects  []string
	in       map[string]lake.Count // by source and partition
	rejected map[string]lake.Count // by source, partition and code
	valid    lake.Count
}

func sourceKey(source string, partition int32) string { return fmt.Sprintf("%s/%d", source, partition) }

func oracleOf(events []event) oracle {
	o := oracle{in: map[string]lake.Count{}, rejected: map[string]lake.Count{}}
	best := map[string]row{}
	for _, e := range events {
		one := lake.Count{Rows: 1, Cents: e.revenue}
		key := sourceKey(e.source, e.partition)
		o.in[key] = o.in[key].Add(one)
		if code, field := fault(e); code != "" {
			o.rejects = append(o.rejects, fmt.Sprintf("%s %s %s %d %d", code, field, e.source, e.partition, e.offset))
			o.rejected[key+"/"+code] = o.rejected[key+"/"+code].Add(one)
			continue
		}
		o.valid = o.valid.Add(one)
		r := row{e.orderID, e.eventID, e.customer, e.product, spell(e.category), spell(e.region), e.currency, e.status, e.payment,
			e.orderTS, e.eventTS, e.price, e.revenue, e.offset, e.quantity, e.partition}
		if b, known := best[e.orderID]; !known || newer(r, b) {
			best[e.orderID] = r
		}
	}
	for _, r := range best {
		o.rows = append(o.rows, r)
	}
	sortRows(o.rows)
	slices.Sort(o.rejects)
	return o
}

func newer(a, b row) bool {
	return cmp.Or(cmp.Compare(a.eventTS, b.eventTS), strings.Compare(a.eventID, b.eventID), cmp.Compare(a.offset, b.offset)) > 0
}

func sortRows(rows []row) {
	slices.SortFunc(rows, func(a, b row) int { return strings.Compare(a.orderID, b.orderID) })
}

func fault(e event) (code, field string) {
	const day = 86_400_000_000
	switch {
	case e.quantity <= 0:
		return "quantity_not_positive", "quantity"
	case e.price < 0:
		return "negative_price", "unit_price"
	case e.revenue < 0:
		return "negative_revenue", "revenue"
	case !slices.Contains([]string{"pending", "completed", "cancelled", "refunded"}, e.status):
		return "unknown_status", "status"
	case e.currency != "USD":
		return "unsupported_currency", "currency"
	case e.eventTS-e.ingest > day:
		return "future_timestamp", "event_ts"
	case e.orderTS-e.ingest > day:
		return "future_timestamp", "order_ts"
	case e.eventTS < 946_684_800_000_000:
		return "implausible_timestamp", "event_ts"
	case e.orderTS < 946_684_800_000_000:
		return "implausible_timestamp", "order_ts"
	}
	return "", ""
}

// spelling is the catalogue of the tests, for the names that they use.
var spelling = map[string]string{"BOOKS": "Books", " books": "Books", "home  & garden": "Home & Garden", "EUROPE ": "Europe"}

func spell(name string) string {
	if s, ok := spelling[name]; ok {
		return s
	}
	return name
}
