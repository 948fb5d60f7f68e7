// Package silver keeps one current row per order, and every version of a
// customer: clean, valid, deduplicated.
//
// A record's path: bronze manifests arrive on a partition of lake.bronze and
// wait in its [task] until enough rows are pending or nothing more is to read.
// Flush makes a [commit] of them: each bronze file is fetched and checked,
// its rows are judged ([clean.Cleaner.Clean]) and compared with the current
// versions of their orders ([dedup.Merge.Add]); orders beyond the horizon are
// first looked up in the files of their days. Its rejects go to a quarantine file of the
// same name.
// Each day that gained or lost a row gets a new file, which also takes over
// the remaining rows of the files that lost one (copy on write) and of small
// ones when they become too many, and a file of the rows as they were and as
// they are, unless all are new or most have changed. The
// transaction then publishes the touched slices' manifests and the
// ledger of each source beside the consumed offset. Replaced files are deleted
// after a grace period; what a process leaves, the next one's sweep finds.
//
// A command to judge days again comes from lake.control and has a commit of its
// own ([task.flushCommand]): the orders concerned are judged and merged afresh,
// and what differs from the current versions takes the same way into the
// slices, the ledgers and the quarantine.
//
// Each [dataset] has a stage and a consumer group of its own in the process, so
// that states, versions and ledgers are kept by dataset and partition. Here and
// in [dedup], an order is whatever a table has one row of: among customers, a
// customer at one time.
//
// What a task holds in memory belongs to the committed offset: it is rebuilt
// from lake.silver and the files when the partition is assigned ([stage.Open]),
// changed by Flush, and dropped when that fails.
package silver
