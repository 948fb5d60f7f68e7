// Package produce feeds the topic sales_events.
//
// An event's path: a [Source] makes it, from the seeded generator or from a
// CSV or NDJSON file; [Run] waits until the rate allows it and hands it to an idempotent
// Kafka producer, keyed by order_id. What a generated event must become is
// added to the truth, which is written beside the run when asked for.
package produce
