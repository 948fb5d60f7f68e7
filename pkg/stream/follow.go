package stream

import (
	"context"
	"errors"
)

// ReadToEnd calls fn for each committed record of the partitions of topic, from their start to the end as it was when called. partitions nil = all.
func ReadToEnd(ctx context.Context, c Config, topic string, partitions []int32, fn func(Record) error) error {
	return errors.ErrUnsupported
}

// Follow is as ReadToEnd and then goes on until ctx ends; caughtUp is called at each time all partitions are at their end.
func Follow(ctx context.Context, c Config, topics []string, fn func(Record) error, caughtUp func()) error {
	return errors.ErrUnsupported
}
