package daemon_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/saleslake/saleslake/pkg/daemon"
)

func observed() (*daemon.Daemon, *observer.ObservedLogs) {
	core, logs := observer.New(zap.InfoLevel)
	return &daemon.Daemon{Log: zap.New(core)}, logs
}

func TestWaitForReportsUntilItIsThere(t *testing.T) {
	d, _, _ := start(t, &cli{})
	tries := 0
	err := daemon.WaitFor(t.Context(), d, "database", func(context.Context) error {
		tries++
		if tries == 1 {
			_, body := get(t, d, "/readyz")
			require.Contains(t, body, "waiting for database: no answer yet\n")
			return errors.New("connection refused")
		}
		_, body := get(t, d, "/readyz") // as seen from outside while waiting
		require.Contains(t, body, "waiting for database: connection refused\n")
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, 2, tries)
	_, body := get(t, d, "/readyz")
	require.NotContains(t, body, "waiting")
}

// An outage of five minutes is waited out, and logged now and then, not at every try.
func TestWaitForLogsChangesAndReminders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, logs := observed()
		begin, tries := time.Now(), 0
		require.NoError(t, daemon.WaitFor(t.Context(), d, "kafka", func(context.Context) error {
			tries++
			switch down := time.Since(begin); {
			case down > 5*time.Minute:
				return nil
			case down > 4*time.Minute:
				return errors.New("login refused")
			default:
				return errors.New("connection refused")
			}
		}))
		require.Greater(t, tries, 40)
		require.Less(t, logs.FilterMessage("waiting").Len(), 15)
		require.NotZero(t, logs.FilterMessage("waiting").FilterField(zap.Error(errors.New("login refused"))).Len())
		require.Equal(t, 1, logs.FilterMessage("no longer waiting").Len())
	})
}

func TestWaitForGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, _ := observed()
		down := errors.New("connection refused")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err := daemon.WaitFor(ctx, d, "kafka", func(context.Context) error { return down })
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, down)
		require.ErrorContains(t, err, "wait for kafka")

		err = daemon.WaitFor(t.Context(), d, "bucket", func(context.Context) error { return backoff.Permanent(down) })
		require.EqualError(t, err, "wait for bucket: connection refused")
	})
}
