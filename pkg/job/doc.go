// Package job is the command lines that several services have.
//
// A [Command] on days, such as silver-etl reprocess and gold-aggregator rebuild, is
// planned, or brought to the running services (pkg/control), and [Print] shows what
// becomes of the days. [Resync] writes a lost topic back (pkg/resync).
package job
