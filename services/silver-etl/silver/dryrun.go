package silver

import (
	"context"
	"fmt"
	"math"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

// Plan finds out what a command would change of what is committed, and changes
// nothing: it may run beside the service. It gives what each partition would
// do. o.Registry, Instance, OnReady and Fault are not used.
func Plan(ctx context.Context, o Options, command *lake.Command) ([]*lake.Done, error) {
	o.Registry = prometheus.NewRegistry()
	s, err := newStage(o, salesEvents, "", stream.NewReader(o.Kafka), newTurn())
	if err != nil {
		return nil, err
	}
	s.MaxRows, s.stepDays = math.MaxInt, math.MaxInt // in one step: a second one would need what the first wrote
	if s.inputID, err = stream.TopicID(ctx, o.Kafka, sales.TopicBronze); err != nil {
		return nil, err
	}
	next, err := stream.Committed(ctx, o.Kafka, s.group, sales.TopicBronze)
	if err != nil {
		return nil, fmt.Errorf("ask how far silver is: %w", err)
	}
	plans := make([]*lake.Done, o.Partitions)
	group, groupCtx := errgroup.WithContext(ctx)
	for p := range plans {
		group.Go(func() (err error) {
			return s.alone(groupCtx, func() error {
				plans[p], err = s.plan(groupCtx, int32(p), next[int32(p)], command)
				return err
			})
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return plans, nil
}

// planTries is how often a plan begins anew when the service commits while it reads.
const planTries = 5

// plan rebuilds a partition's state, as of offset next or a later one that was
// committed meanwhile, and does the command without writing.
func (s *stage) plan(ctx context.Context, partition int32, next int64, command *lake.Command) (done *lake.Done, err error) {
	for range planTries {
		done, err = s.planOnce(ctx, partition, next, command)
		if err == nil || ctx.Err() != nil {
			return done, err
		}
	}
	return nil, fmt.Errorf("plan to reprocess %s to %s, while the service may be committing: %w", command.From, command.To, err)
}

func (s *stage) planOnce(ctx context.Context, partition int32, next int64, command *lake.Command) (*lake.Done, error) {
	t := s.newTask(partition, next)
	if err := s.readTopic(ctx, sales.TopicSilver, nil, t.restore); err != nil {
		return nil, fmt.Errorf("read %s: %w", sales.TopicSilver, err)
	}
	for _, l := range t.ledgers {
		if l.InputID == s.inputID {
			next = max(next, l.Through)
		}
	}
	if err := t.rebuild(ctx); err != nil {
		return nil, fmt.Errorf("rebuild the index: %w", err)
	}
	if err := t.check(); err != nil {
		return nil, err
	}
	c := &commit{task: t, next: next, touched: map[string]*lake.Ledger{}}
	_, done, err := c.reprocess(ctx, command, nil)
	return done, err
}
