package main

import (
	"github.com/saleslake/saleslake/pkg/config"
	"github.com/saleslake/saleslake/pkg/daemon"
	"github.com/saleslake/saleslake/pkg/job"
)

// cli is the command line: the commands, and the settings that they use.
type cli struct {
	Kafka     config.Kafka     `embed:"" prefix:"kafka-"`
	Lake      config.Lake      `embed:"" prefix:"lake-"`
	Schema    config.Schema    `embed:"" prefix:"schema-"`
	Catalogue config.Catalogue `embed:"" prefix:"catalogue-"`
	Silver    config.Silver    `embed:"" prefix:"silver-"`

	Run         run                `cmd:"" default:"withargs" help:"Keep silver up to date until told to stop."`
	Reprocess   job.Command        `cmd:"" help:"Judge the bronze rows of days again, by the rules and the catalogue of now, beside the live stream."`
	Withdraw    job.Withdraw       `cmd:"" help:"Take a command back, as far as it is not done."`
	Resync      job.Resync         `cmd:"" help:"Write a lost lake.silver back from the copies in the lake; no instance may run."`
	Healthcheck daemon.Healthcheck `cmd:"" help:"Ask the running service whether it is ready."`
	Version     daemon.Version     `cmd:"" help:"Print what this program was built from."`
}
