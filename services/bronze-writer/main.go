// Command bronze-writer lands every event, losslessly and once.
package main

import (
	"context"
	"os"
	"runtime/debug"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/daemon"
	"github.com/saleslake/saleslake/pkg/fault"
	"github.com/saleslake/saleslake/pkg/job"
	"github.com/saleslake/saleslake/pkg/registry"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/pkg/wire"
	"github.com/saleslake/saleslake/services/bronze-writer/bronze"
)

func main() {
	daemon.Main("bronze-writer", "Enforces the schema and lands everything, losslessly, once.", &cli{
		Resync: job.ForTopic(sales.TopicBronze, options(registry.Check), bronze.Resync),
	})
}

type run struct{}

// gcPercent lets the heap grow by less between collections than Go's 100 does:
// at full speed that saves 40 MiB of 350 for 1 % of the processor time. GOGC
// sets another.
const gcPercent = 70

// Run opens what the stage needs, in the order an event meets it.
func (run) Run(ctx context.Context, d *daemon.Daemon) error {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	o, err := options(registry.Register)(ctx, d)
	if err != nil {
		return err
	}
	o.Registry, o.OnReady, o.Fault = d.Registry, func() { d.Ready(true) }, fault.Hook()
	return bronze.Run(ctx, o)
}

// agreement brings schemas and lake together: registry.Register for a command that
// writes rows, registry.Check for any other.
type agreement func(context.Context, registry.Bucket, ...*column.Schema) error

// open opens what every command works with, once the schemas are what the
// settings say and the lake agrees.
func open(ctx context.Context, d *daemon.Daemon, agree agreement) (stream.Config, *blob.Bucket, error) {
	if err := sales.Extend(d.Settings.Schema.Columns); err != nil {
		return stream.Config{}, nil, daemon.UsageError{Err: err}
	}
	kafka, bucket, err := wire.Open(ctx, d)
	if err == nil {
		err = agree(ctx, bucket, sales.Bronze, sales.BronzeCustomers)
	}
	return kafka, bucket, err
}

func options(agree agreement) func(context.Context, *daemon.Daemon) (bronze.Options, error) {
	return func(ctx context.Context, d *daemon.Daemon) (bronze.Options, error) {
		kafka, bucket, err := open(ctx, d, agree)
		s := d.Settings
		return bronze.Options{
			Kafka: kafka, Bucket: bucket, Log: d.Log, Instance: s.Kafka.Instance, Bronze: bronze.Limits(s.Bronze),
			Partitions: s.Lake.Partitions, Replication: s.Kafka.Replication, Compression: s.Lake.Compression,
			TransactionTimeout: s.Kafka.TransactionTimeout, SessionTimeout: s.Kafka.SessionTimeout,
		}, err
	}
}
