// Package stream moves records from Kafka through a stage and back into Kafka, exactly once.
//
// A record's path: Kafka → one consumer, polled by a session's coordinator → the mailbox of its partition → the
// partition's [Task], in offset order (Add) → when the task says that it is Due, Flush makes its work durable and
// answers a [Commit] → the coordinator publishes the commits of all ready tasks, with their next offsets, in one
// transaction → Committed.
//
// State belongs to the committed offset. Whenever a transaction is aborted, the whole session (consumer, producer,
// every task) is thrown away and a new one starts at the committed offsets; when partitions are revoked, their tasks
// are. Nothing is ever patched, so a task only has to be right from Open on.
//
// Heartbeats are records of this package's own, which pass through all stages and are never handed to a task or a reader.
//
// This is the only package that imports the Kafka client, and it knows nothing of what the records mean.
package stream
