// Package dq decides whether a gold slice may be loaded.
//
// A record's path: silver and gold manifests arrive, and beside them the
// ledgers that say what became of each source record. [Keeper] follows
// lake.bronze and lake.silver without a consumer group and holds the ledgers
// against each other: what bronze landed, what silver says that it took, and
// what the silver slices really hold. A gold manifest comes from lake.gold to
// the task of its partition, which waits until the ledger has reached the
// manifest's inputs, reads the files again from the store with a Parquet
// implementation other than the writer's ([ReadFile]), judges them
// ([Judge]) and publishes a verdict with the manifest inside on
// lake.verdicts. The loader reads nothing else.
package dq
