// Package local runs the six services' stages in one process, on a folder.
//
// An input file's path: its content is ingested into bronze as the batch job
// does it; silver-etl, gold-aggregator, dq-checker and redshift-loader, the
// same code as in the services, follow through the embedded Kafka whose data lies
// under the lake; DuckDB is the warehouse. With a stream instead of files the
// producer feeds the topic and bronze-writer consumes it. When nothing is left
// to do the stages stop, the ledger of each hop is read back from the topics
// and held against the warehouse, and replaced files are swept, so that plain
// globs of every layer are exact.
//
// A command on days takes the place of inputs: it is published on the lake's own lake.control,
// the stage that it is for does it, and those after it follow.
package local
