// Package decode turns what was sent into typed rows, or says why it cannot.
//
// A [Dataset] declares an event's fields once. From it a [JSON] decoder reads
// messages and NDJSON lines, and a [CSV] decoder reads the records of a file;
// both fill a [Row], which is judged field by field and, when nothing is at
// fault, appended to a column.Batch. A fault is a sales.Reject: the first code
// in the order of sales.BronzeCodes, then the first field in the order declared.
//
// Senders repeat themselves: one program writes the keys of every event in the
// same order. So the JSON decoder remembers the order of the last event and
// compares bytes; only an event that differs goes through a full parser.
package decode
