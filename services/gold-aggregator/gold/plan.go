package gold

import (
	"context"
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/stream"
)

// Plan finds out what a command would change of what is published, and changes
// nothing: it may run beside the service. It gives what each partition would
// do. o.Registry, Instance, OnReady and Fault are not used.
func Plan(ctx context.Context, o Options, command *lake.Command) ([]*lake.Done, error) {
	o.Registry = prometheus.NewRegistry()
	s, err := newStage(o, "", stream.NewReader(o.Kafka))
	if err != nil {
		return nil, err
	}
	plans := make([]*lake.Done, o.Partitions)
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(cap(s.workers))
	for p := range plans {
		group.Go(func() (err error) {
			plans[p], err = s.plan(groupCtx, s.newTask(int32(p), 0), command)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, fmt.Errorf("plan to rebuild %s to %s: %w", command.From, command.To, err)
	}
	return plans, nil
}

// plan compares the command's days, those of a task that has only been made.
func (s *stage) plan(ctx context.Context, t *task, command *lake.Command) (*lake.Done, error) {
	from, to, err := command.Days()
	if err != nil {
		return nil, err
	}
	if err := t.read(ctx); err != nil {
		return nil, err
	}
	w, err := s.worker(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { s.workers <- w }()
	done := &lake.Done{Format: lake.Format, ID: command.ID, Kind: command.Kind, Partition: t.partition, Through: command.To}
	for _, d := range t.between(from, to) {
		_, change, _, err := w.compare(ctx, d)
		if errors.Is(err, blob.ErrNotFound) {
			return nil, fmt.Errorf("%w: the file may have been replaced meanwhile; try again", err)
		}
		if err != nil {
			return nil, err
		}
		done.Days = append(done.Days, change)
	}
	return done, nil
}
