package local

import (
	"context"
	"errors"
	"fmt"

	"github.com/saleslake/saleslake/pkg/control"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/services/gold-aggregator/gold"
	"github.com/saleslake/saleslake/services/silver-etl/silver"
)

// Plan says what o.Command would change of the days, and changes nothing.
func Plan(ctx context.Context, o Options) (days []lake.DayChange, err error) {
	r, err := open(ctx, o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	var plan []*lake.Done
	if o.Command.Kind == lake.Reprocess {
		plan, err = silver.Plan(ctx, r.silverOptions(), o.Command)
	} else {
		plan, err = gold.Plan(ctx, r.goldOptions(), o.Command)
	}
	return lake.SumDays(plan), err
}

// obeyed waits until the stage has done its commands, also those of a run that was killed.
func (r *runner) obeyed(ctx context.Context, s stage) error {
	if s.obeys == "" {
		return nil
	}
	commands, err := r.commands(ctx, s.obeys)
	if err != nil {
		return fmt.Errorf("read commands: %w", err)
	}
	for _, c := range commands {
		done, err := control.Wait(ctx, r.kafka, s.output, c, r.Settings.Lake.Partitions, nil)
		if errors.Is(err, control.ErrWithdrawn) {
			continue
		}
		if err != nil {
			return err
		}
		if r.Command != nil && r.Command.ID == c.ID {
			r.report.Days = lake.SumDays(done)
			if err := lake.Failures(done); err != nil {
				return fmt.Errorf("%s %s to %s: %w", c.Kind, c.From, c.To, err)
			}
		}
	}
	return nil
}

func (r *runner) commands(ctx context.Context, kind lake.Kind) (all []*lake.Command, err error) {
	err = stream.ReadToEnd(ctx, r.kafka, sales.TopicControl, nil, func(record stream.Record) error {
		if len(record.Value) == 0 || !lake.IsCommand(record.Key) {
			return nil
		}
		c, err := lake.DecodeCommand(record.Value)
		if err == nil && c.Kind == kind {
			all = append(all, c)
		}
		return err
	})
	return all, err
}
