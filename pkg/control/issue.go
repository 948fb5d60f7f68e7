package control

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

// NewCommand makes a command for the days from one to another, both included and
// written YYYY-MM-DD.
func NewCommand(kind lake.Kind, from, to string) (*lake.Command, error) {
	c := &lake.Command{Format: lake.Format, ID: rand.Text(), Kind: kind, From: from, To: to, Created: time.Now().UnixMicro()}
	_, _, err := c.Days()
	return c, err
}

// Issue publishes the command.
func Issue(ctx context.Context, kafka stream.Config, replication int, c *lake.Command) error {
	if err := stream.EnsureTopics(ctx, kafka, replication, Topic); err != nil {
		return fmt.Errorf("ensure topics: %w", err)
	}
	record := stream.Record{Topic: sales.TopicControl, Key: []byte(c.Key()), Value: c.Encode()}
	if err := stream.Transact(ctx, kafka, "control-"+c.ID, []stream.Record{record}); err != nil {
		return fmt.Errorf("issue command %s: %w", c.ID, err)
	}
	return nil
}

// Withdraw takes a command back, as far as it is not done.
func Withdraw(ctx context.Context, kafka stream.Config, id string) error {
	c := lake.Command{ID: id}
	if err := stream.Transact(ctx, kafka, "control-"+id, []stream.Record{{Topic: sales.TopicControl, Key: []byte(c.Key())}}); err != nil {
		return fmt.Errorf("withdraw command %s: %w", id, err)
	}
	return nil
}

// errAll ends Wait's reading.
var errAll = errors.New("all partitions have done it")

// ErrWithdrawn says that a command was taken back.
var ErrWithdrawn = errors.New("it was withdrawn")

// Wait returns when as many partitions have done the command as there are, or could
// not ([lake.Failures]), with all their steps. progress is told how many have; it may be
// nil. A command that is withdrawn is an error that wraps ErrWithdrawn.
func Wait(ctx context.Context, kafka stream.Config, topic string, c *lake.Command, partitions int, progress func(done int)) ([]*lake.Done, error) {
	steps, through := map[string]*lake.Done{}, map[int32]bool{}
	err := stream.Follow(ctx, kafka, []string{topic, sales.TopicControl}, func(r stream.Record) error {
		if len(r.Value) == 0 && string(r.Key) == c.Key() {
			return ErrWithdrawn
		}
		if len(r.Value) == 0 || !lake.IsDone(r.Key) {
			return nil
		}
		d, err := lake.DecodeDone(r.Value)
		if err != nil || d.ID != c.ID {
			return err
		}
		steps[d.Key()] = d
		if d.Through < c.To {
			return nil
		}
		through[d.Partition] = true
		if progress != nil {
			progress(len(through))
		}
		if len(through) == partitions {
			return errAll
		}
		return nil
	}, func() {})
	if errors.Is(err, errAll) {
		return slices.Collect(maps.Values(steps)), nil
	}
	if err == nil {
		err = context.Cause(ctx)
	}
	return nil, fmt.Errorf("wait for command %s, which %d of %d partitions have done and the others do when they can: %w", c.ID, len(through), partitions, err)
}
