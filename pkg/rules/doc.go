// Package rules reads the file in which data-quality rules are declared.
//
// A file is YAML. It is held against a JSON Schema (config/dq.schema.json), then each rule's
// own parameters are decoded and checked by its [Kind] for what a schema cannot say: whether
// the columns exist, whether a pattern compiles. All that is wrong is listed at once, with
// line and column ([Faults]). dq-checker judges slices by the rules, silver-etl refuses
// the rows that break one of severity quarantine ([Set.Quarantining]); each has its own code for that, in columns
// of its own.
package rules
