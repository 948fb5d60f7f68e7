package main

import (
	"github.com/saleslake/saleslake/pkg/config"
	"github.com/saleslake/saleslake/pkg/daemon"
)

// cli is the command line: the commands, and the settings that they use.
type cli struct {
	Kafka    config.Kafka    `embed:"" prefix:"kafka-"`
	Lake     config.Lake     `embed:"" prefix:"lake-"`
	Producer config.Producer `embed:"" prefix:"producer-"`

	Run         run                `cmd:"" default:"withargs" help:"Send events to the topics sales_events and customer_updates."`
	Generate    generateFiles      `cmd:"" help:"Write sample files and the answer that they must give."`
	Bench       benchFile          `cmd:"" help:"Write the CSV of the benchmarks and the answer that it must give."`
	Healthcheck daemon.Healthcheck `cmd:"" help:"Ask the running service whether it is ready."`
	Version     daemon.Version     `cmd:"" help:"Print what this program was built from."`
}
