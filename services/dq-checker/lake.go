package main

import (
	"context"

	"github.com/alecthomas/kong"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/daemon"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/pkg/table"
	"github.com/saleslake/saleslake/pkg/wire"
	"github.com/saleslake/saleslake/services/dq-checker/inventory"
)

type listLake struct{}

// Run prints the tables of the lake with their files, bytes and rows.
func (listLake) Run(ctx context.Context, d *daemon.Daemon, k *kong.Kong) error {
	bucket, err := blob.Open(ctx, wire.Bucket(d.Settings.Lake, d.Log))
	if err != nil {
		return err
	}
	tables, err := inventory.Take(ctx, bucket, stream.NewReader(wire.Kafka(d.Settings.Kafka, d.Log)))
	if err != nil {
		return err
	}
	rows := make([][]any, len(tables))
	for i, t := range tables {
		rows[i] = []any{t.Name, nil, t.Files, t.Bytes}
		if t.Counted {
			rows[i][1] = t.Rows
		}
	}
	return table.Write(k.Stdout, []string{"table", "rows", "files", "bytes"}, rows, 0)
}
