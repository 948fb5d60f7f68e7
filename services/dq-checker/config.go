package main

import (
	"github.com/saleslake/saleslake/pkg/config"
	"github.com/saleslake/saleslake/pkg/daemon"
)

// cli is the command line: the commands, and the settings that they use.
type cli struct {
	Kafka  config.Kafka  `embed:"" prefix:"kafka-"`
	Lake   config.Lake   `embed:"" prefix:"lake-"`
	Schema config.Schema `embed:"" prefix:"schema-"`
	DQ     config.DQ     `embed:"" prefix:"dq-"`

	Run         run                `cmd:"" default:"withargs" help:"Judge gold slices until told to stop."`
	Accept      accept             `cmd:"" help:"Let a version of a slice pass that is held. It is loaded with a warning."`
	Report      showReport         `cmd:"" help:"Show what was judged: scorecard, trends, samples and ledger."`
	ListLake    listLake           `cmd:"" name:"lake" help:"List the tables of the lake with their rows, files and bytes."`
	Healthcheck daemon.Healthcheck `cmd:"" help:"Ask the running service whether it is ready."`
	Version     daemon.Version     `cmd:"" help:"Print what this program was built from."`
}
