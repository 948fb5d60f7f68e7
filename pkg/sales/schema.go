package sales

import (
	"slices"

	"github.com/saleslake/saleslake/pkg/column"
)

// The topics. Order events are keyed by order_id, so all versions of an order
// are in one partition; updates of customers by customer_id.
const (
	TopicEvents       = "sales_events"
	TopicDLQ          = "sales_events.dlq"
	TopicCustomers    = "customer_updates"
	TopicCustomersDLQ = "customer_updates.dlq"
	TopicControl      = "lake.control"
	TopicBronze       = "lake.bronze"
	TopicSilver       = "lake.silver"
	TopicGold         = "lake.gold"
	TopicVerdicts     = "lake.verdicts"
	TopicLoads        = "lake.loads"
)

// The tables of the lake, which are also the prefixes of their files.
const (
	TableBronze          = "bronze/sales_events"
	TableBronzeCustomers = "bronze/customer_updates"
	TableSilver          = "silver/sales"
	TableChanges         = "silver/sales_changes"
	TableSilverCustomers = "silver/customers"
	TableCustomerChanges = "silver/customers_changes"
	TableFacts           = "gold/fact_sales"
	TableDailySales      = "gold/daily_sales"
	TableDailyProducts   = "gold/daily_products"
	TableHourlySales     = "gold/hourly_sales"
	TableRefundsByDay    = "gold/refunds_by_day"
	TableRestatements    = "gold/restatements"
)

// The statuses of an order.
const (
	Pending   = "pending"
	Completed = "completed"
	Cancelled = "cancelled"
	Refunded  = "refunded"
)

// DefaultCurrency is what an event without a currency is in, and for now the
// only one that silver takes.
const DefaultCurrency = "USD"

// MaxClockSkew is how far, in microseconds, an event's time may lie after the
// broker's: 24 hours.
const MaxClockSkew = 24 * 60 * 60 * 1_000_000

// Bronze is the schema of bronze/sales_events: the event as it was sent, typed,
// and where it came from. The first 15 columns are the event's fields.
var Bronze = &column.Schema{Name: TableBronze, Version: 2, Fields: []column.Field{
	{ID: 1, Name: "event_id", Type: column.String, Doc: "identity of this event"},
	{ID: 2, Name: "event_ts", Type: column.Timestamp, Doc: "when this version of the order was emitted"},
	{ID: 3, Name: "order_id", Type: column.String, Doc: "identity of the order, the key of the topic"},
	{ID: 4, Name: "order_ts", Type: column.Timestamp, Doc: "when the order was placed"},
	{ID: 5, Name: "customer_id", Type: column.String, Doc: "who ordered"},
	{ID: 6, Name: "product_id", Type: column.Symbol, Doc: "what was ordered"},
	{ID: 7, Name: "category", Type: column.Symbol, Doc: "product category"},
	{ID: 8, Name: "region", Type: column.Symbol, Doc: "sales region"},
	{ID: 9, Name: "quantity", Type: column.Int32, Doc: "units ordered"},
	{ID: 10, Name: "unit_price", Type: column.Decimal, Doc: "price of one unit"},
	{ID: 11, Name: "revenue", Type: column.Decimal, Doc: "money of the order"},
	{ID: 12, Name: "status", Type: column.Symbol, Doc: "pending, completed, cancelled or refunded"},
	{ID: 13, Name: "payment_method", Type: column.Symbol, Optional: true, Doc: "how it was paid"},
	{ID: 14, Name: "currency", Type: column.Symbol, Doc: "ISO 4217 code, USD when not sent"},
	{ID: 15, Name: "schema_version", Type: column.Int32, Doc: "the sender's schema version, 1 when not sent"},
	{ID: 16, Name: "_rescued", Type: column.String, Optional: true, Doc: "unknown fields, as a JSON object"},
	{ID: 17, Name: "_source", Type: column.Symbol, Doc: "topic, or file: and the first 16 hex digits of the content's SHA-256"},
	{ID: 18, Name: "_partition", Type: column.Int32, Doc: "source partition"},
	{ID: 19, Name: "_offset", Type: column.Int64, Doc: "offset in the partition, or row number of the file from 1"},
	{ID: 20, Name: "_ingest_ts", Type: column.Timestamp, Doc: "broker time, or a file's first ingest"},
	{ID: 21, Name: "_replay_of", Type: column.String, Optional: true, Doc: "the reject that this is a replay of: source/partition/offset@_ingest_ts in microseconds#attempt (since version 2)"},
}}

// customer is what an update says of a customer, in bronze and in silver.
//
// deleted is a number, so that sums count deletions and every reader takes it
// as it is.
var customer = []column.Field{
	{ID: 1, Name: "customer_id", Type: column.String, Doc: "identity of the customer, the key of the topic"},
	{ID: 2, Name: "updated_ts", Type: column.Timestamp, Doc: "when the customer became this"},
	{ID: 3, Name: "name", Type: column.String, Optional: true, Doc: "full name"},
	{ID: 4, Name: "email", Type: column.String, Optional: true, Doc: "address for mail"},
	{ID: 5, Name: "segment", Type: column.Symbol, Optional: true, Doc: "kind of customer"},
	{ID: 6, Name: "city", Type: column.Symbol, Optional: true, Doc: "where the customer lives"},
	{ID: 7, Name: "country", Type: column.Symbol, Optional: true, Doc: "of that city"},
	{ID: 8, Name: "deleted", Type: column.Int32, Doc: "1 when the customer was deleted, else 0"},
}

// BronzeCustomers is the schema of bronze/customer_updates: a version of a
// customer as it was sent, typed, and where it came from. The first 8 columns
// are the update's fields. A deletion need not say what the customer was: its
// texts are null where it does not.
var BronzeCustomers = &column.Schema{Name: TableBronzeCustomers, Version: 2, Fields: slices.Concat(customer, []column.Field{
	{ID: 9, Name: "_rescued", Type: column.String, Optional: true, Doc: "unknown fields, as a JSON object"},
	{ID: 10, Name: "_source", Type: column.Symbol, Doc: "topic, or file: and the first 16 hex digits of the content's SHA-256"},
	{ID: 11, Name: "_partition", Type: column.Int32, Doc: "source partition"},
	{ID: 12, Name: "_offset", Type: column.Int64, Doc: "offset in the partition, or row number of the file from 1"},
	{ID: 13, Name: "_ingest_ts", Type: column.Timestamp, Doc: "broker time, or a file's first ingest"},
	{ID: 14, Name: "_replay_of", Type: column.String, Optional: true, Doc: "the reject that this is a replay of: source/partition/offset@_ingest_ts in microseconds#attempt (since version 2)"},
})}

// Silver is the schema of silver/sales: one current row per order.
var Silver = &column.Schema{Name: TableSilver, Version: 1, Fields: []column.Field{
	{ID: 1, Name: "order_id", Type: column.String, Doc: "identity of the order"},
	{ID: 2, Name: "order_ts", Type: column.Timestamp, Doc: "when the order was placed"},
	{ID: 3, Name: "event_ts", Type: column.Timestamp, Doc: "when this version was emitted"},
	{ID: 4, Name: "event_id", Type: column.String, Doc: "the event that made this version"},
	{ID: 5, Name: "customer_id", Type: column.String, Doc: "who ordered"},
	{ID: 6, Name: "product_id", Type: column.Symbol, Doc: "what was ordered"},
	{ID: 7, Name: "category", Type: column.Symbol, Doc: "product category in the catalogue's spelling"},
	{ID: 8, Name: "region", Type: column.Symbol, Doc: "sales region in the catalogue's spelling"},
	{ID: 9, Name: "quantity", Type: column.Int32, Doc: "units ordered, over 0"},
	{ID: 10, Name: "unit_price", Type: column.Decimal, Doc: "price of one unit"},
	{ID: 11, Name: "revenue", Type: column.Decimal, Doc: "money of the order"},
	{ID: 12, Name: "currency", Type: column.Symbol, Doc: "ISO 4217 code"},
	{ID: 13, Name: "status", Type: column.Symbol, Doc: "pending, completed, cancelled or refunded"},
	{ID: 14, Name: "payment_method", Type: column.Symbol, Optional: true, Doc: "how it was paid"},
	{ID: 15, Name: "_partition", Type: column.Int32, Doc: "source partition"},
	{ID: 16, Name: "_offset", Type: column.Int64, Doc: "offset in the source partition, or row number of the file"},
}}

// The values of column _op of Changes.
const (
	OpUpsert = "upsert" // the row is in the slice from this version on
	OpBefore = "before" // the row as it was, where an upsert of its order in the same slice replaces it
	OpDelete = "delete" // the row as it was; its order is not in the slice any more
)

// Changes is the schema of silver/sales_changes: the rows that a version of a
// silver slice has gained and lost. Whoever adds aggregates up takes before and
// delete off and puts upsert on; whoever merges rows leaves before out.
var Changes = &column.Schema{Name: TableChanges, Version: 1, Fields: changesOf(Silver, 17)}

// changesOf gives a silver table's columns and those of a change, numbered from an id.
func changesOf(silver *column.Schema, id int) []column.Field {
	return slices.Concat(silver.Fields, []column.Field{
		{ID: id, Name: "_op", Type: column.Symbol, Doc: "upsert, before or delete"},
		{ID: id + 1, Name: "_prev_day", Type: column.Date, Doc: "UTC date of the order's row before this version: another than the slice's when the order moved here"},
	})
}

// SilverCustomers is the schema of silver/customers: the history of all
// customers, one row for each (customer_id, updated_ts). A deletion may have no
// more than these two; it says from when on there is no such customer.
var SilverCustomers = &column.Schema{Name: TableSilverCustomers, Version: 1, Fields: slices.Concat(customer, []column.Field{
	{ID: 9, Name: "_partition", Type: column.Int32, Doc: "source partition"},
	{ID: 10, Name: "_offset", Type: column.Int64, Doc: "offset in the source partition, or row number of the file"},
})}

// CustomerChanges is Changes for silver/customers, whose rows never move to
// another day.
var CustomerChanges = &column.Schema{Name: TableCustomerChanges, Version: 1, Fields: changesOf(SilverCustomers, 11)}

// Measures are the columns that every count of orders has, in their order. An
// order is pending, cancelled, completed or refunded, so a group has rows exactly
// when orders, pending_orders or cancelled_orders is over 0.
var Measures = []column.Field{
	{ID: 4, Name: "orders", Type: column.Int64, Doc: "completed and refunded orders"},
	{ID: 5, Name: "units", Type: column.Int64, Doc: "units of those orders"},
	{ID: 6, Name: "gross_revenue", Type: column.Decimal, Doc: "revenue of those orders"},
	{ID: 7, Name: "refunded_revenue", Type: column.Decimal, Doc: "revenue of refunded orders"},
	{ID: 8, Name: "net_revenue", Type: column.Decimal, Doc: "gross less refunded"},
	{ID: 9, Name: "customers", Type: column.Int64, Doc: "distinct customers of those orders"},
	{ID: 10, Name: "pending_orders", Type: column.Int64, Doc: "orders still pending"},
	{ID: 11, Name: "cancelled_orders", Type: column.Int64, Doc: "orders cancelled"},
}

// The keys that gold's tables share.
var (
	orderDate = column.Field{ID: 1, Name: "order_date", Type: column.Date, Doc: "UTC date of order_ts"}
	region    = column.Field{ID: 2, Name: "region", Type: column.Symbol, Doc: "sales region"}
	category  = column.Field{ID: 3, Name: "category", Type: column.Symbol, Doc: "product category"}
)

// DailySales is the schema of gold/daily_sales: a row for each (UTC date,
// region, category) with any silver row.
var DailySales = &column.Schema{Name: TableDailySales, Version: 1, Fields: slices.Concat([]column.Field{orderDate, region, category}, Measures)}

// DailyProducts is the schema of gold/daily_products: a row for each (UTC date,
// product) with any silver row. Category is the product's on most of the day's
// orders, the alphabetically first of equals.
var DailyProducts = &column.Schema{Name: TableDailyProducts, Version: 1, Fields: slices.Concat([]column.Field{
	orderDate, {ID: 2, Name: "product_id", Type: column.Symbol, Doc: "product"}, category}, Measures)}

// HourlySales is the schema of gold/hourly_sales: a row for each (UTC hour,
// region, category) with any silver row. Customers are not counted: those of
// hours do not add up to those of a day.
var HourlySales = &column.Schema{Name: TableHourlySales, Version: 1, Fields: slices.DeleteFunc(slices.Concat([]column.Field{
	{ID: 1, Name: "order_hour", Type: column.Timestamp, Doc: "start of the UTC hour of order_ts"}, region, category}, Measures),
	func(f column.Field) bool { return f.Name == "customers" })}

// RefundsByDay is the schema of gold/refunds_by_day: a row for each (UTC date of
// the order, UTC date of the refund, region, category) with a refunded order. The
// date of the order is part of it so that a day's slice has one writer; summed
// over it, by refund_date, refunds are in the period that they happened in.
var RefundsByDay = &column.Schema{Name: TableRefundsByDay, Version: 1, Fields: []column.Field{orderDate, region, category,
	{ID: 4, Name: "refund_date", Type: column.Date, Doc: "UTC date of event_ts of the refunded version"},
	{ID: 5, Name: "refunds", Type: column.Int64, Doc: "refunded orders"},
	{ID: 6, Name: "refunded_revenue", Type: column.Decimal, Doc: "revenue of those orders"},
}}

// Restatements is the schema of gold/restatements: a row for each cell of
// gold/daily_sales that a version of a published day changed. A cell that is not
// there has 0 in every measure.
var Restatements = &column.Schema{Name: TableRestatements, Version: 1, Fields: slices.Concat([]column.Field{orderDate, region, category,
	{ID: 4, Name: "version", Type: column.Int64, Doc: "the day's version that changed the cell"},
	{ID: 5, Name: "previous_version", Type: column.Int64, Doc: "the version before it"},
	{ID: 6, Name: "restated_ts", Type: column.Timestamp, Doc: "when the version was made"},
	{ID: 7, Name: "cause_orders", Type: column.Int64, Doc: "orders whose part in the cell changed; 0 when that could not be known"},
	{ID: 8, Name: "causes", Type: column.String, Doc: "the first 10 of their order_ids in byte order, a JSON array"},
}, measuresAs("old_", 10), measuresAs("new_", 20))}

// measuresAs gives the measures with a prefix, numbered from an id.
func measuresAs(prefix string, id int) []column.Field {
	fields := slices.Clone(Measures)
	for i := range fields {
		fields[i].ID, fields[i].Name = id+i, prefix+fields[i].Name
	}
	return fields
}

// Quarantine is the schema of the files under quarantine/sales_events: the
// rejects of a bronze file or of a silver commit.
var Quarantine = &column.Schema{Name: "quarantine/sales_events", Version: 3, Fields: []column.Field{
	{ID: 1, Name: "code", Type: column.Symbol, Doc: "why it was rejected, see Code"},
	{ID: 2, Name: "field", Type: column.Symbol, Optional: true, Doc: "the field at fault"},
	{ID: 3, Name: "message", Type: column.String, Doc: "what was wrong and what would be right"},
	{ID: 4, Name: "raw", Type: column.Binary, Optional: true, Doc: "bronze: the record's original bytes; silver: the typed event as JSON"},
	{ID: 5, Name: "key", Type: column.Binary, Optional: true, Doc: "the record's key"},
	{ID: 6, Name: "_source", Type: column.Symbol, Doc: "topic, or file: and its content hash"},
	{ID: 7, Name: "_partition", Type: column.Int32, Doc: "source partition"},
	{ID: 8, Name: "_offset", Type: column.Int64, Doc: "offset, or row number from 1"},
	{ID: 9, Name: "_ingest_ts", Type: column.Timestamp, Doc: "broker time, or a file's first ingest"},
	{ID: 10, Name: "_replay_of", Type: column.String, Optional: true, Doc: "the reject that this is a replay of: source/partition/offset@_ingest_ts in microseconds#attempt (since version 2)"},
	{ID: 11, Name: "event", Type: column.String, Optional: true, Doc: "of a CSV row whose fields are those of the header: the row as an event, JSON (since version 3)"},
}}

// QuarantineCustomers is Quarantine for the rejects of customer_updates.
var QuarantineCustomers = &column.Schema{Name: "quarantine/customer_updates", Version: Quarantine.Version, Fields: Quarantine.Fields}
