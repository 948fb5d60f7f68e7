package main

import (
	"time"

	"github.com/saleslake/saleslake/pkg/config"
	"github.com/saleslake/saleslake/pkg/daemon"
)

// cli is the command line: the commands, and the settings that they use.
type cli struct {
	Lake      config.Lake      `embed:"" prefix:"lake-"`
	Schema    config.Schema    `embed:"" prefix:"schema-"`
	Catalogue config.Catalogue `embed:"" prefix:"catalogue-"`
	Bronze    config.Bronze    `embed:"" prefix:"bronze-"`
	Silver    config.Silver    `embed:"" prefix:"silver-"`
	Gold      config.Gold      `embed:"" prefix:"gold-"`
	DQ        config.DQ        `embed:"" prefix:"dq-"`
	Warehouse config.Warehouse `embed:"" prefix:"warehouse-"`

	Run       run            `cmd:"" default:"withargs" help:"Run the whole pipeline in this process."`
	Reprocess reprocess      `cmd:"" help:"Judge the bronze rows of days of a lake again, by the rules and the catalogue of now."`
	Rebuild   rebuild        `cmd:"" help:"Make the gold tables of days of a lake again from silver's files."`
	Version   daemon.Version `cmd:"" help:"Print what this program was built from."`
}

type run struct {
	Input           []string      `sep:"none" placeholder:"FILE" help:"CSV or NDJSON file of sales_events to take, plain, gzip or zstd; a pattern such as 'in/*.csv.gz' or s3://bucket/key; may be repeated. Without any file: the sample files in data/."`
	CustomerUpdates []string      `sep:"none" placeholder:"FILE" help:"CSV or NDJSON file of customer_updates to take, in the same way."`
	Lake            string        `default:"data/local_lake" name:"lake" help:"Folder of the lake; runs on the same folder add up."`
	JSON            bool          `name:"json" help:"Print the report as JSON, and nothing else."`
	Stream          bool          `help:"Feed the topics in real time instead of taking files."`
	Rate            int           `default:"1000" help:"Events per second of the stream."`
	Duration        time.Duration `default:"10s" help:"Length of the stream."`
	Seed            uint64        `default:"1" help:"Seed of the stream; the same seed makes the same events."`
	Through         string        `help:"Last stage to run, such as gold-aggregator; all when empty."`
}
