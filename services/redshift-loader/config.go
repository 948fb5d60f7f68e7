package main

import (
	"github.com/saleslake/saleslake/pkg/config"
	"github.com/saleslake/saleslake/pkg/daemon"
)

// cli is the command line: the commands, and the settings that they use.
type cli struct {
	Kafka     config.Kafka     `embed:"" prefix:"kafka-"`
	Lake      config.Lake      `embed:"" prefix:"lake-"`
	Warehouse config.Warehouse `embed:"" prefix:"warehouse-"`

	Run         run                `cmd:"" default:"withargs" help:"Load verdicts until told to stop."`
	Migrate     migrate            `cmd:"" help:"Bring the warehouse's schema up to date, and end."`
	Query       query              `cmd:"" help:"Answer one of the analytics queries."`
	Healthcheck daemon.Healthcheck `cmd:"" help:"Ask the running service whether it is ready."`
	Version     daemon.Version     `cmd:"" help:"Print what this program was built from."`
}
