// Package job is the command line of a command on days, such as silver-etl
// reprocess and gold-aggregator rebuild: [Flags] are its flags, [Flags.Do] plans the
// command or brings it to the running services (pkg/control), and [Print] shows
// what becomes of the days.
package job
