// Package warehouse fills the star schema: it loads verdicts into a database, one
// transaction at a time, and answers the analytics.
//
// A load takes a set of [lake.Verdict] and goes, inside one database transaction (or
// several of whole days, where the set is big), from [Warehouse.Load] over the ledger
// (which versions are new) to the customers: what their slices gained and lost goes to
// etl.customer_versions, and the intervals of dim_customer are derived from these. Then the
// facts: of each day the files of what changed since the loaded version are staged, or
// where these do not lead on, all of its files ([planDays]); what the day gains and loses is
// found, the dimensions get what that needs, and just these rows are written. Then the
// aggregates, replaced day by day or, for restatements, added to, and the ledger again. Before the commit each slice is
// held against its manifest: what does not agree rolls everything back.
//
// The slices of an order's old and new day come in any order, and so do versions of
// one slice: an older version than the ledger's is not loaded, and of the rows of an order
// in several days the newest is the fact, while the others wait in etl.overtaken_sales.
//
// A slice whose files are not all there is left out and named in the [Result]; the others
// of its load are loaded.
//
// The statements are in package sql, in the language that the dialects share. A
// dialect adds what differs: how it is opened, locked, and given the rows of files. Redshift
// reads files itself, so they are checked before the transaction begins.
package warehouse
