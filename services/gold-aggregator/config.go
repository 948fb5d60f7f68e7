package main

import (
	"github.com/saleslake/saleslake/pkg/config"
	"github.com/saleslake/saleslake/pkg/daemon"
	"github.com/saleslake/saleslake/pkg/job"
)

// cli is the command line: the commands, and the settings that they use.
type cli struct {
	Kafka config.Kafka `embed:"" prefix:"kafka-"`
	Lake  config.Lake  `embed:"" prefix:"lake-"`
	Gold  config.Gold  `embed:"" prefix:"gold-"`

	Run         run                `cmd:"" default:"withargs" help:"Aggregate days until told to stop."`
	Rebuild     job.Command        `cmd:"" help:"Make the tables of days again from silver's files, beside the running services."`
	Withdraw    job.Withdraw       `cmd:"" help:"Take a command back, as far as it is not done."`
	Resync      job.Resync         `cmd:"" help:"Write a lost lake.gold back from the copies in the lake; no instance may run."`
	Healthcheck daemon.Healthcheck `cmd:"" help:"Ask the running service whether it is ready."`
	Version     daemon.Version     `cmd:"" help:"Print what this program was built from."`
}
