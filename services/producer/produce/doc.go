// Package produce feeds the topics sales_events and customer_updates.
//
// An event's path: a [Source] makes it, from the seeded generator or from a
// CSV or NDJSON file of sales; [Run] waits until the rate allows it and hands it to an idempotent
// Kafka producer, keyed by order_id or customer_id. What a generated event must become is
// added to the truth, which is written beside the run when asked for.
package produce
