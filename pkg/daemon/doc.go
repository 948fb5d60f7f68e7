// Package daemon is what every service's process is made of: it turns the command
// line, the environment and config/pipeline.yaml into settings, and owns the log, the
// metrics, the HTTP server, the signals and the exit code. A service's main names its
// commands and calls [Main]:
//
//	var cli struct {
//		Run         runCmd             `cmd:"" default:"withargs" help:"Run the service."`
//		Healthcheck daemon.Healthcheck `cmd:"" help:"Ask a running service whether it is ready."`
//		Version     daemon.Version     `cmd:"" help:"Print the version."`
//	}
//	daemon.Main("silver-etl", "Cleans and deduplicates sales.", &cli)
//
// where a command embeds the sections of the settings that it uses, and has a method
// Run(ctx context.Context, d *daemon.Daemon) error.
//
// The command called run is the service: it gets the HTTP server, and ends with code 0
// when a signal made it drain. Every other command is a job: it has no server, and a
// signal that cuts it short makes the code 130.
//
// The log is JSON on standard error, or for people with --log-format console. Each line has time, level, msg and
// service; a partition is topic/003, a slice and a version those of manifests, a duration ends in its unit. Levels:
// error = somebody has to look, and where the process ends, why; warn = it goes on, but should not last; info = what it
// does, a line for each commit with rows; debug = the rest. Lines that repeat are sampled: 50 of a message in a second,
// then one of 100. No line has the fields of an event or a customer, and no setting that is a secret.
//
// Exit codes: 0 done, 1 an error that a restart may cure, 2 wrong usage or settings,
// 130 cut short by a signal. The first SIGINT or SIGTERM cancels the context, for the
// service to drain; the second one ends the process at once.
package daemon
