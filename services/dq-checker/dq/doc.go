// Package dq decides whether a slice may be loaded: of gold, or of silver/customers.
//
// A record's path: silver and gold manifests arrive, and beside them the
// ledgers that say what became of each source record. [Keeper] follows
// lake.bronze and lake.silver without a consumer group and holds the ledgers
// against each other: what bronze landed, what silver says that it took, and
// what the silver slices really hold. A gold manifest comes from lake.gold to
// the task of its partition, which waits until the ledger has reached the
// manifest's inputs, reads the files again from the store with a Parquet
// implementation other than the writer's ([OpenFile]), unless it has read them before, judges them
// by the declared rules ([Auditor.Judge]) and publishes a verdict with the manifest inside on
// lake.verdicts. The loader reads nothing else. Before that commit the findings, the
// lines of the ledger and samples of failing rows become files of dq/, of which
// the task merges small ones after the commit, from time to time. A manifest of silver/customers takes the
// same way, from lake.silver, alone where gold's tables of a day are judged together.
//
// When the loader says on lake.loads what the warehouse holds of a version, that is held
// against the verdict that let it in ([Verdicts]): the last hop of the ledger.
package dq
