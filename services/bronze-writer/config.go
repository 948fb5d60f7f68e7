package main

import (
	"github.com/saleslake/saleslake/pkg/config"
	"github.com/saleslake/saleslake/pkg/daemon"
	"github.com/saleslake/saleslake/pkg/job"
)

// cli is the command line: the commands, and the settings that they use.
type cli struct {
	Kafka  config.Kafka  `embed:"" prefix:"kafka-"`
	Lake   config.Lake   `embed:"" prefix:"lake-"`
	Schema config.Schema `embed:"" prefix:"schema-"`
	Bronze config.Bronze `embed:"" prefix:"bronze-"`

	Run         run                `cmd:"" default:"withargs" help:"Land the events of sales_events and customer_updates until told to stop."`
	Ingest      ingest             `cmd:"" help:"Land the rows of CSV or NDJSON files; doing it twice changes nothing."`
	Quarantine  quarantineCommands `cmd:"" help:"Look at rejects, and bring them back."`
	Resync      job.Resync         `cmd:"" help:"Write a lost lake.bronze back from the copies in the lake; no instance may run."`
	Healthcheck daemon.Healthcheck `cmd:"" help:"Ask the running service whether it is ready."`
	Version     daemon.Version     `cmd:"" help:"Print what this program was built from."`
}
