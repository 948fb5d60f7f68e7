// Command producer makes sales events and updates of customers: on their topics, in real time, or in files.
package main

import (
	"context"
	"errors"

	"go.uber.org/zap"

	"github.com/saleslake/saleslake/pkg/config"
	"github.com/saleslake/saleslake/pkg/daemon"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/pkg/wire"
	"github.com/saleslake/saleslake/services/producer/generate"
	"github.com/saleslake/saleslake/services/producer/produce"
)

func main() {
	daemon.Main("producer", "Makes seeded sales events with known truth, or replays files.", &cli{})
}

type run struct {
	Truth string `placeholder:"FILE" help:"Write what must become of the events, as JSON, at the end. Keeps every order in memory."`
}

// Run sends the files that are named, or else generated events.
func (r run) Run(ctx context.Context, d *daemon.Daemon) error {
	s := d.Settings
	kafka := wire.Kafka(s.Kafka, d.Log)
	kafka.Clients = stream.NewClientMetrics(d.Registry)
	if err := daemon.WaitFor(ctx, d, "kafka", func(ctx context.Context) error { return stream.Ping(ctx, kafka) }); err != nil {
		return err
	}
	o := produce.Options{
		Kafka: kafka, Log: d.Log, Registry: d.Registry, Partitions: s.Lake.Partitions, Replication: s.Kafka.Replication,
		Rate: s.Producer.Rate, Duration: s.Producer.Duration, OnReady: func() { d.Ready(true) },
	}
	if len(s.Producer.Inputs) > 0 { // the generator counts its sales events itself
		o.Events = s.Producer.Events
	}
	source, finish, err := r.source(s.Producer)
	if err != nil {
		return daemon.UsageError{Err: err}
	}
	sent, err := produce.Run(ctx, o, source)
	d.Log.Info("sent", zap.Int64("events", sent))
	return errors.Join(err, finish())
}

// source is the files that are named, or else the generator; finish writes its
// truth when asked for.
func (r run) source(p config.Producer) (s produce.Source, finish func() error, err error) {
	nothing := func() error { return nil }
	if len(p.Inputs) > 0 {
		s, err = produce.NewReplay(p.Inputs)
		return s, nothing, err
	}
	options, err := produce.Load(uint64(p.Seed), p.Events, p.Rate)
	if err != nil {
		return nil, nil, err
	}
	generated, err := produce.NewGenerated(options, r.Truth != "")
	if err != nil || r.Truth == "" {
		return generated, nothing, err
	}
	return generated, func() error { return generated.WriteTruth(r.Truth) }, nil
}

type generateFiles struct {
	Seed    uint64 `default:"42" help:"The same seed writes the same bytes."`
	Out     string `default:"data" help:"Folder to write to."`
	Rows    int    `help:"Rows of sales_events.csv; 0 for 50,000."`
	Events  int    `help:"Lines of sales_events.ndjson; 0 for 4,000."`
	Updates int    `help:"Lines of customer_updates.ndjson; 0 for 3,000."`
}

// Run writes the sample files.
func (g generateFiles) Run() error {
	_, err := generate.WriteFiles(g.Out, generate.FileOptions{Seed: g.Seed, Rows: g.Rows, Events: g.Events, Updates: g.Updates})
	return err
}

type benchFile struct {
	Seed uint64 `default:"1" help:"The same seed writes the same bytes."`
	Out  string `required:"" help:"Folder to write to."`
	Rows int    `default:"3000000" help:"Rows of the CSV."`
}

// Run writes the file.
func (b benchFile) Run() error {
	_, err := generate.WriteBench(b.Out, b.Seed, b.Rows)
	return err
}
