// Command redshift-loader loads what passed its checks into the star schema.
package main

import (
	"context"

	"github.com/saleslake/saleslake/pkg/daemon"
	"github.com/saleslake/saleslake/pkg/fault"
	"github.com/saleslake/saleslake/pkg/wire"
	"github.com/saleslake/saleslake/services/redshift-loader/loader"
)

func main() {
	daemon.Main("redshift-loader", "Loads gold slices that passed their checks into the star schema.", &cli{})
}

type run struct{}

// Run opens what the stage needs, in the order a record meets it.
func (run) Run(ctx context.Context, d *daemon.Daemon) (err error) {
	kafka, bucket, err := wire.Open(ctx, d)
	if err != nil {
		return err
	}
	s, hook := d.Settings, fault.Hook()
	w, err := open(ctx, d, bucket, hook)
	if err != nil {
		return err
	}
	defer closing(w, &err)
	return loader.Run(ctx, loader.Options{
		Kafka: kafka, Warehouse: w, Log: d.Log, Registry: d.Registry, Instance: s.Kafka.Instance,
		Partitions: s.Lake.Partitions, Replication: s.Kafka.Replication,
		LoadEvery: s.Warehouse.LoadEvery, Products: s.Warehouse.Products,
		Transaction: s.Kafka.TransactionTimeout, Session: s.Kafka.SessionTimeout,
		OnReady: func() { d.Ready(true) }, Waiting: d.Waiting, Fault: hook,
	})
}
