// Command bronze-writer lands every event, losslessly and once.
package main

import (
	"context"

	"github.com/saleslake/saleslake/pkg/daemon"
	"github.com/saleslake/saleslake/pkg/fault"
	"github.com/saleslake/saleslake/pkg/wire"
	"github.com/saleslake/saleslake/services/bronze-writer/bronze"
)

func main() {
	daemon.Main("bronze-writer", "Enforces the schema and lands everything, losslessly, once.", &cli{})
}

type run struct{}

// Run opens what the stage needs, in the order an event meets it.
func (run) Run(ctx context.Context, d *daemon.Daemon) error {
	o, err := options(ctx, d)
	if err != nil {
		return err
	}
	o.Registry, o.OnReady, o.Fault = d.Registry, func() { d.Ready(true) }, fault.Hook()
	return bronze.Run(ctx, o)
}

func options(ctx context.Context, d *daemon.Daemon) (bronze.Options, error) {
	kafka, bucket, err := wire.Open(ctx, d)
	s := d.Settings
	return bronze.Options{
		Kafka: kafka, Bucket: bucket, Log: d.Log, Instance: s.Kafka.Instance, Bronze: bronze.Limits(s.Bronze),
		Partitions: s.Lake.Partitions, Replication: s.Kafka.Replication, Compression: s.Lake.Compression,
		TransactionTimeout: s.Kafka.TransactionTimeout, SessionTimeout: s.Kafka.SessionTimeout,
	}, err
}
