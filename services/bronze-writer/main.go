// Command bronze-writer lands every event, losslessly and once.
package main

import (
	"context"
	"os"
	"runtime/debug"

	"github.com/saleslake/saleslake/pkg/daemon"
	"github.com/saleslake/saleslake/pkg/fault"
	"github.com/saleslake/saleslake/pkg/registry"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/wire"
	"github.com/saleslake/saleslake/services/bronze-writer/bronze"
)

func main() {
	daemon.Main("bronze-writer", "Enforces the schema and lands everything, losslessly, once.", &cli{})
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
	o, err := options(ctx, d)
	if err != nil {
		return err
	}
	o.Registry, o.OnReady, o.Fault = d.Registry, func() { d.Ready(true) }, fault.Hook()
	return bronze.Run(ctx, o)
}

func options(ctx context.Context, d *daemon.Daemon) (bronze.Options, error) {
	s := d.Settings
	if err := sales.Extend(s.Schema.Columns); err != nil {
		return bronze.Options{}, daemon.UsageError{Err: err}
	}
	kafka, bucket, err := wire.Open(ctx, d)
	if err == nil {
		err = registry.Check(ctx, bucket, sales.Bronze, sales.BronzeCustomers)
	}
	return bronze.Options{
		Kafka: kafka, Bucket: bucket, Log: d.Log, Instance: s.Kafka.Instance, Bronze: bronze.Limits(s.Bronze),
		Partitions: s.Lake.Partitions, Replication: s.Kafka.Replication, Compression: s.Lake.Compression,
		TransactionTimeout: s.Kafka.TransactionTimeout, SessionTimeout: s.Kafka.SessionTimeout,
	}, err
}
