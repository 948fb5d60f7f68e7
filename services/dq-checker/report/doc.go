// Package report shows what dq-checker found, from the tables that it keeps in the lake.
//
// A judgement's path: [Read] takes the files of dq/results, dq/ledger and dq/samples by
// their run dates, one file at a time, and keeps of each slice its newest version, as it
// was judged last, and of each line of the ledger the newest. [Read]'s answer, a
// [Report], is what machines get as JSON. [Report.Text] writes it for a terminal, and
// [Report.HTML] as one page that needs nothing else: no script, no font, no network.
package report
