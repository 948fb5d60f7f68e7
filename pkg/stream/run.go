package stream

import (
	"context"
	"errors"
)

// Run consumes Topics in Group and drives the tasks until ctx ends (then: flush all, commit, close, return nil), or an
// error that a restart must cure.
func Run(ctx context.Context, c Config, rc RunConfig, s Stage) error {
	return errors.ErrUnsupported
}
