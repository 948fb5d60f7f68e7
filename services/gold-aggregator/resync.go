package main

import (
	"context"
	"os"

	"github.com/saleslake/saleslake/pkg/daemon"
	"github.com/saleslake/saleslake/pkg/resync"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/services/gold-aggregator/gold"
)

type resyncTopic struct {
	Plan bool `help:"Change nothing, and say what would be written."`
}

// Run writes lake.gold back, and says what it lacked.
func (r resyncTopic) Run(ctx context.Context, d *daemon.Daemon) error {
	o, err := options(ctx, d)
	if err != nil {
		return err
	}
	counts, err := gold.Resync(ctx, o, r.Plan)
	if err != nil {
		return err
	}
	return resync.Print(os.Stdout, sales.TopicGold, counts, r.Plan)
}
