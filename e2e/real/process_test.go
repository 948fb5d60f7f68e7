package real_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/e2e/real"
)

func TestProcessEndsAsAsked(t *testing.T) {
	script := func(body string) *real.Process {
		log := filepath.Join(t.TempDir(), "log")
		p := real.NewProcess(real.Program{Name: "script", Argv: []string{"bash", "-c", body}, Log: log})
		t.Cleanup(p.Kill)
		require.NoError(t, p.Start())
		return p
	}
	t.Run("by itself", func(t *testing.T) {
		code, err := script("exit 7").Wait(t.Context())
		require.NoError(t, err)
		require.Equal(t, 7, code)
	})
	t.Run("when stopped", func(t *testing.T) {
		p := script(`trap 'exit 0' TERM; echo up; while true; do read -t 0.05 <> <(:); done`)
		require.NoError(t, p.Until(t.Context(), time.Minute, sees(p, "up")))
		require.Error(t, p.Start(), "it is running")
		require.NoError(t, p.Stop(time.Minute))
		require.False(t, p.Running())
	})
	t.Run("killed when it does not stop", func(t *testing.T) {
		p := script(`trap '' TERM; echo up; while true; do read -t 0.05 <> <(:); done`)
		require.NoError(t, p.Until(t.Context(), time.Minute, sees(p, "up")))
		require.ErrorContains(t, p.Stop(100*time.Millisecond), "killed")
	})
	t.Run("and says what it printed when it never was ready", func(t *testing.T) {
		p := script("echo what went wrong; exit 1")
		err := p.Until(t.Context(), time.Minute, func(context.Context) error { return fmt.Errorf("not ready") })
		require.ErrorContains(t, err, "what went wrong")
	})
}

func sees(p *real.Process, text string) func(context.Context) error {
	return func(context.Context) error {
		if !p.Logged(text) {
			return fmt.Errorf("%q is not in the log", text)
		}
		return nil
	}
}
