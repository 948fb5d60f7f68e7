package stream

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"
)

// Run consumes Topics in Group and drives the tasks until ctx ends, or until an error that only a restart cures. When
// ctx ends it flushes every task, commits, leaves the group and returns nil. While the cluster is away it waits.
//
// A task's error comes back with its partition and offset; one that wraps [ErrRetry] starts a new session after a
// pause, and so does an aborted transaction.
func Run(ctx context.Context, c Config, rc RunConfig, s Stage) error {
	if err := rc.check(); err != nil {
		return err
	}
	rc = rc.withDefaults()
	pause := pauses(100*time.Millisecond, 10*time.Second)
	for {
		commits, err := runSession(ctx, c, rc, s)
		if err == nil || !errors.Is(err, ErrRetry) {
			return err
		}
		if commits > 0 {
			pause.Reset()
		}
		rc.Metrics.restarts.WithLabelValues(rc.Group).Inc()
		wait := pause.NextBackOff()
		c.log().Warn("starting again from the committed offsets",
			zap.String("group", rc.Group), zap.Duration("in", wait), zap.Error(err))
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil
		}
	}
}
