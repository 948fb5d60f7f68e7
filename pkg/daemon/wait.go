package daemon

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"
	"go.uber.org/zap"
)

// The pauses between two tries, and how often a wait that goes on is logged.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = 5 * time.Second
	logEvery   = 30 * time.Second
)

// WaitFor calls fn until it succeeds, with growing pauses. Meanwhile /readyz says what
// is missing and why, and the log does when the reason changes and now and then. It gives
// up when ctx ends, or when fn answers an error of backoff.Permanent; the error then
// names what was missing.
func WaitFor(ctx context.Context, d *Daemon, what string, fn func(ctx context.Context) error) error {
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval, pauses.MaxInterval = firstPause, lastPause
	w := waiting{daemon: d, what: what}
	d.health.wait(what, "no answer yet") // the first try may itself take long
	for {
		err := fn(ctx)
		if err == nil {
			w.over()
			return nil
		}
		if permanent := (*backoff.PermanentError)(nil); errors.As(err, &permanent) {
			w.daemon.health.wait(what, permanent.Error())
			return fmt.Errorf("wait for %s: %w", what, permanent.Err)
		}
		w.failed(err)
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w (last answer: %w)", what, ctx.Err(), err)
		case <-time.After(pauses.NextBackOff()):
		}
	}
}

// waiting tells the outside of one WaitFor.
type waiting struct {
	daemon *Daemon
	what   string
	reason string
	since  time.Time
	logged time.Time
}

func (w *waiting) failed(err error) {
	now := time.Now()
	if w.since.IsZero() {
		w.since = now
	}
	w.daemon.health.wait(w.what, err.Error())
	if err.Error() != w.reason || now.Sub(w.logged) >= logEvery {
		w.reason, w.logged = err.Error(), now
		w.daemon.Log.Warn("waiting", zap.String("for", w.what), zap.Error(err), zap.Duration("since", now.Sub(w.since)))
	}
}

func (w *waiting) over() {
	w.daemon.health.wait(w.what, "")
	if !w.since.IsZero() {
		w.daemon.Log.Info("no longer waiting", zap.String("for", w.what), zap.Duration("waited", time.Since(w.since)))
	}
}
