// Package lake is what the stages leave for each other: Parquet files, the
// manifests that say which files are a table's rows, the ledger that says what
// became of each record, and the verdicts that gate the load.
//
// A slice is a piece of a table with one writer: in bronze one file of one
// source partition, in silver one (day, partition), in gold one (table, day). A
// [Manifest] holds a slice's complete current file list. It is published under
// its [Manifest.Key] in a compacted topic, so the newest is the truth, a replay
// is harmless and a slow reader may skip versions.
//
// The topics are the truth; the objects under _manifests/ are a copy of manifests
// and ledgers for readers without Kafka, and for the day that a topic is lost
// ([CheckWhole], [ReadPublished]).
package lake
