// Package report draws what a local run leaves in a lake as one page that works offline.
//
// Nothing is computed a second way: the flow, the ledger, verdicts and rejects are those of
// a [local.Report], and what is said of sales are the warehouse's answers in it, to the
// questions of sql/analytics. Here they are only chosen, put in order, and written down.
package report
