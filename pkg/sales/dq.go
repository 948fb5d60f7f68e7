package sales

import "github.com/saleslake/saleslake/pkg/column"

// The tables of dq-checker. Rows are only ever added: the newest run_ts of a key counts,
// as a slice is judged again after a crash.
const (
	TableResults = "dq/results"
	TableLedger  = "dq/ledger"
	TableSamples = "dq/samples"
)

// Results is the schema of dq/results: a row for each rule and each judged version of a
// slice. Its key is (table, slice, version, rule).
//
// A rule that looks at rows says how many it looked at and how many failed; one that
// measures says value and the bounds that it had to keep, in the unit. -1 in failed,
// checked, low or high means that the rule has no such number.
var Results = &column.Schema{Name: TableResults, Version: 1, Fields: []column.Field{
	{ID: 1, Name: "run_ts", Type: column.Timestamp, Doc: "when it was judged"},
	{ID: 2, Name: "table", Type: column.Symbol, Doc: "table of the slice"},
	{ID: 3, Name: "slice", Type: column.Symbol, Doc: "slice within the table"},
	{ID: 4, Name: "day", Type: column.Date, Doc: "UTC date of the slice"},
	{ID: 5, Name: "version", Type: column.Int64, Doc: "version of the slice"},
	{ID: 6, Name: "rule", Type: column.Symbol, Doc: "name of the rule"},
	{ID: 7, Name: "kind", Type: column.Symbol, Doc: "kind of the rule"},
	{ID: 8, Name: "severity", Type: column.Symbol, Doc: "what a breach means: warn, quarantine or fail"},
	{ID: 9, Name: "outcome", Type: column.Symbol, Doc: "pass, warn or fail"},
	{ID: 10, Name: "checked", Type: column.Int64, Doc: "rows that were looked at"},
	{ID: 11, Name: "failed", Type: column.Int64, Doc: "rows at fault"},
	{ID: 12, Name: "value", Type: column.Int64, Doc: "what was measured, in the unit"},
	{ID: 13, Name: "low", Type: column.Int64, Doc: "least value that passes"},
	{ID: 14, Name: "high", Type: column.Int64, Doc: "greatest value that passes"},
	{ID: 15, Name: "unit", Type: column.Symbol, Optional: true, Doc: "of value, low and high: rows, cents, microseconds or ppm"},
	{ID: 16, Name: "message", Type: column.String, Doc: "the result in words, with the numbers"},
	{ID: 17, Name: "owner", Type: column.Symbol, Optional: true, Doc: "who looks after the rule"},
	{ID: 18, Name: "verdict", Type: column.Symbol, Doc: "outcome of the slice version as a whole: pass, warn or fail"},
}}

// DQLedger is the schema of dq/ledger: what went into a hop, and what became of it, in
// rows and money. Scope "source" has a row for each source partition at bronze and silver,
// cumulative up to next_offset; scope "day" has one for each day and judged version at
// silver, gold and warehouse. Its key is (scope, hop, source, partition, day, version).
// in = out + duplicate + superseded + rejected + residual.
var DQLedger = &column.Schema{Name: TableLedger, Version: 1, Fields: []column.Field{
	{ID: 1, Name: "run_ts", Type: column.Timestamp, Doc: "when it was struck"},
	{ID: 2, Name: "scope", Type: column.Symbol, Doc: "source or day"},
	{ID: 3, Name: "hop", Type: column.Symbol, Doc: "bronze, silver, gold or warehouse"},
	{ID: 4, Name: "source", Type: column.Symbol, Doc: "topic, or file: and a content hash; in scope day the table that has out_rows"},
	{ID: 5, Name: "partition", Type: column.Int32, Doc: "of the source; in scope day that of the slice, -1 when it has none"},
	{ID: 6, Name: "day", Type: column.Date, Doc: "UTC date of the orders; 1970-01-01 in scope source"},
	{ID: 7, Name: "version", Type: column.Int64, Doc: "of the slice, or of silver's commit; 0 in bronze"},
	{ID: 8, Name: "next_offset", Type: column.Int64, Doc: "offset of the source after the last record counted, -1 in scope day"},
	{ID: 9, Name: "in_rows", Type: column.Int64, Doc: "what the hop before had"},
	{ID: 10, Name: "in_revenue", Type: column.Decimal, Doc: "the same, money"},
	{ID: 11, Name: "out_rows", Type: column.Int64, Doc: "what the hop has"},
	{ID: 12, Name: "out_revenue", Type: column.Decimal, Doc: "the same, money"},
	{ID: 13, Name: "duplicate_rows", Type: column.Int64, Doc: "copies"},
	{ID: 14, Name: "duplicate_revenue", Type: column.Decimal, Doc: "the same, money"},
	{ID: 15, Name: "superseded_rows", Type: column.Int64, Doc: "older versions of orders"},
	{ID: 16, Name: "superseded_revenue", Type: column.Decimal, Doc: "the same, money"},
	{ID: 17, Name: "rejected_rows", Type: column.Int64, Doc: "rejects, with a code each"},
	{ID: 18, Name: "rejected_revenue", Type: column.Decimal, Doc: "the same, money: 0 in bronze, where it is unknown"},
	{ID: 19, Name: "residual_rows", Type: column.Int64, Doc: "rows without an account: other than 0 is a defect"},
	{ID: 20, Name: "residual_revenue", Type: column.Decimal, Doc: "the same, money"},
	{ID: 21, Name: "fault", Type: column.String, Optional: true, Doc: "where the residual is: partition, offsets, a sample of order ids"},
}}

// Samples is the schema of dq/samples: some of the rows that failed a rule. Its key is
// (table, slice, version, rule, sample).
var Samples = &column.Schema{Name: TableSamples, Version: 1, Fields: []column.Field{
	{ID: 1, Name: "run_ts", Type: column.Timestamp, Doc: "when it was judged"},
	{ID: 2, Name: "table", Type: column.Symbol, Doc: "table of the slice"},
	{ID: 3, Name: "slice", Type: column.Symbol, Doc: "slice within the table"},
	{ID: 4, Name: "version", Type: column.Int64, Doc: "version of the slice"},
	{ID: 5, Name: "rule", Type: column.Symbol, Doc: "name of the rule"},
	{ID: 6, Name: "sample", Type: column.Int32, Doc: "number within the rule, from 1"},
	{ID: 7, Name: "id", Type: column.String, Optional: true, Doc: "order_id or customer_id of the row"},
	{ID: 8, Name: "source", Type: column.Symbol, Optional: true, Doc: "topic, or file: and a content hash"},
	{ID: 9, Name: "partition", Type: column.Int32, Doc: "source partition, -1 when the table has none"},
	{ID: 10, Name: "offset", Type: column.Int64, Doc: "offset in the source partition, or row number of the file from 1; -1 when the table has none"},
	{ID: 11, Name: "file", Type: column.String, Doc: "object that the row is in"},
	{ID: 12, Name: "row", Type: column.Int64, Doc: "row in that object, from 1"},
	{ID: 13, Name: "column", Type: column.Symbol, Optional: true, Doc: "column at fault"},
	{ID: 14, Name: "value", Type: column.String, Optional: true, Doc: "what it holds"},
}}
