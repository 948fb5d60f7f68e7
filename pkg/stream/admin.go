package stream

import (
	"context"
	"errors"
)

type TopicSpec struct {
	Name       string
	Partitions int
	Compacted  bool
}

func EnsureTopics(ctx context.Context, c Config, replication int, specs ...TopicSpec) error {
	return errors.ErrUnsupported
}

func Wait(ctx context.Context, c Config) error { return errors.ErrUnsupported }

func ClusterID(ctx context.Context, c Config) (string, error) { return "", errors.ErrUnsupported }

func TopicID(ctx context.Context, c Config, topic string) (string, error) {
	return "", errors.ErrUnsupported
}

func Committed(ctx context.Context, c Config, group, topic string) (map[int32]int64, error) {
	return nil, errors.ErrUnsupported
}

func EndOffsets(ctx context.Context, c Config, topic string) (map[int32]int64, error) {
	return nil, errors.ErrUnsupported
}
