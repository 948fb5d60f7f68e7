package job_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/daemon"
	"github.com/saleslake/saleslake/pkg/job"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/resync"
)

type cli struct {
	Rebuild job.Command `cmd:""`
	Resync  job.Resync  `cmd:""`
}

// run gives what a program with both commands prints, and its exit code.
func run(t *testing.T, broken error, args ...string) (string, int) {
	options := func(context.Context, *daemon.Daemon) (string, error) { return "gold/daily_sales", broken }
	c := &cli{
		Rebuild: job.For(lake.Rebuild, func(context.Context, *daemon.Daemon) (job.Work, error) {
			return job.Work{Plan: func(_ context.Context, c *lake.Command) ([]*lake.Done, error) {
				return []*lake.Done{{Days: []lake.DayChange{{Day: c.From, Tables: []string{string(c.Kind)}}}}}, nil
			}}, nil
		}),
		Resync: job.ForTopic("lake.gold", options, func(_ context.Context, table string, plan bool) ([]resync.Count, error) {
			return []resync.Count{{Kind: table, Copies: 3, Written: map[bool]int{true: 1, false: 2}[plan]}}, nil
		}),
	}
	var out, log bytes.Buffer
	code := daemon.Program{Name: "tester", CLI: c, Args: args, Stdout: &out, Stderr: &log}.Run(t.Context())
	return out.String(), code
}

func TestCommandsArePlannedAndPrinted(t *testing.T) {
	for _, c := range []struct {
		code int
		want []string
		args []string
	}{
		{0, []string{"lake.gold", "gold/daily_sales", "3", "written", "2"}, []string{"resync"}},
		{0, []string{"to write", "1"}, []string{"resync", "--plan"}},
		{1, nil, []string{"resync"}},
		{0, []string{"2026-01-31", "rebuild"}, []string{"rebuild", "--from=2026-01-31", "--to=2026-02-01", "--plan"}},
		{2, nil, []string{"rebuild", "--from=2026-02-01", "--to=2026-01-31", "--plan"}},
		{2, nil, []string{"rebuild", "--plan"}},
	} {
		var broken error
		if c.code == 1 {
			broken = errors.New("no such bucket")
		}
		out, code := run(t, broken, c.args...)
		require.Equal(t, c.code, code, c.args)
		require.Equal(t, c.want == nil, out == "", out)
		for _, text := range c.want {
			require.Contains(t, out, text, c.args)
		}
	}
}
