// Command dq-checker gives the verdict that gates each load.
package main

import (
	"context"
	"os"
	"runtime/debug"

	"github.com/saleslake/saleslake/pkg/daemon"
	"github.com/saleslake/saleslake/pkg/fault"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/wire"
	"github.com/saleslake/saleslake/services/dq-checker/dq"
)

// memory bounds the heap, beside what a custom rule may take. GOMEMLIMIT sets another bound.
const memory = 352 << 20

func main() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memory)
	}
	daemon.Main("dq-checker", "Holds every gold slice against its ledger and its files, and gates the load.", &cli{})
}

type run struct{}

// Run opens what the stage needs, in the order a record meets it.
func (run) Run(ctx context.Context, d *daemon.Daemon) error {
	if err := sales.Extend(d.Settings.Schema.Columns); err != nil { // rules are about those columns too, and files have them
		return daemon.UsageError{Err: err}
	}
	kafka, bucket, err := wire.Open(ctx, d)
	if err != nil {
		return err
	}
	s := d.Settings
	return dq.Run(ctx, dq.Options{
		Kafka: kafka, Bucket: bucket, Log: d.Log, Registry: d.Registry, Instance: s.Kafka.Instance,
		Encoding: lake.Encoding{Compression: s.Lake.Compression}, Partitions: s.Lake.Partitions, Replication: s.Kafka.Replication,
		Rules: s.DQ.Rules, Products: s.Warehouse.Products, Samples: s.DQ.Samples, CustomTimeout: s.DQ.CustomTimeout, CustomMemory: s.DQ.CustomMemory, ReadBytes: s.DQ.ReadBytes, CacheBytes: s.DQ.CacheBytes,
		MaxAge: s.DQ.MaxAge, Transaction: s.Kafka.TransactionTimeout, Session: s.Kafka.SessionTimeout,
		OnReady: func() { d.Ready(true) }, Fault: fault.Hook(),
	})
}
