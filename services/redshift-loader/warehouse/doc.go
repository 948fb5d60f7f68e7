// Package warehouse fills the star schema: it loads verdicts into a database, one
// transaction at a time, and answers the analytics.
//
// A load takes a set of [lake.Verdict] and goes, inside one database transaction (or
// several of whole days, where the set is big), from [Warehouse.Load] over the ledger (which versions are new), the facts (all rows
// of all files of the loaded days into a staging table, the dimensions that they need,
// a merge of what changed, the removal of what left), and the aggregates (day by day
// replaced) to the ledger again. Before the commit the totals of each loaded day are
// counted in the tables themselves and compared with the manifest: what does not agree
// rolls everything back.
//
// The slices of an order's old and new day come in any order, and so do versions of
// one slice: an older version than the ledger's is not loaded, and an older version of
// an order never replaces a newer one of another day.
//
// The statements are in package sql, in the language that the dialects share. A
// dialect adds what differs: how it is opened, locked, and given the rows of files.
package warehouse
