// Package bronze lands every event, losslessly and once.
//
// A record's path: Kafka → [decode.JSON] types it, or says why not → the batch
// of its partition, rows by column and rejects with their original bytes → when
// the batch is full or old, its rows go to a bronze file and its rejects to a
// quarantine file, in this order → one Kafka transaction publishes the file's
// manifest, the ledger, the dead letters and the consumed offset.
//
// The name of a bronze file is made of its first offset alone, and the file is
// written only where none is. So whoever comes after a crash between upload and
// commit starts at that offset, meets the file and adopts it: its range, its
// rows, its rejects. That is why nothing is lost, doubled or orphaned, and why
// a bronze object is never replaced.
//
// The dataset of a topic says how its records are decoded and where they go: all
// else is the same for each.
//
// [Ingest] does the same with the rows of a file: the content's hash stands for
// the topic, the row number for the offset.
package bronze
