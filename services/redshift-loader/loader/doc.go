// Package loader is the last stage: it takes verdicts from lake.verdicts and loads the
// slices that passed into the warehouse.
//
// A record is a verdict with its manifest inside, so the stage reads nothing else. A
// task keeps the newest passing verdict of each slice of its partition until a load is
// due, loads them, together with those of other tasks, in one database transaction (or, where
// the load reads more than 500,000 rows, in several of whole days), and then commits the offset and, on lake.loads, what the
// warehouse's ledger holds of these slices. Between the two a crash makes the verdicts come
// again; the warehouse's own ledger, written in the same transactions, makes that harmless.
// A verdict that failed is counted and passed over: its slice stays at the version that is
// loaded.
//
// A slice that lacks a file is tried again, ever more seldom, until a newer version's
// verdict comes or the file is there; no other slice and no offset waits for it. A task
// that opens finds such slices, and all others that the warehouse does not have, by
// comparing the topic with the warehouse's ledger.
package loader
