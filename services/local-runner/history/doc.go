// Package history tests that the tables do not depend on how the truth arrives.
//
// A history's path: events with every kind of tie, repetition, move between
// days and fault are drawn with pgregory.net/rapid, and steps that land them in bronze, run
// the stages of silver-etl and gold-aggregator, crash them at each point of a
// commit, leave frozen instances behind and compact the topics. The stages are
// the services' own, on topics in memory and a folder. What a reader then finds in
// silver, gold, the quarantine and the ledgers is compared, row for row, with
// the answer of oracle.sql: SQL in DuckDB over the events alone, hundreds of
// histories in one query. A history that differs is played again by itself, made small and printed.
//
// It is here since only local-runner knows both stages and DuckDB. The number of histories is -rapid.checks,
// the first one's seed -rapid.seed:
//
//	go test ./services/local-runner/history -rapid.checks=1000000 -timeout 12h
package history
