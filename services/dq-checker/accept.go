package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/saleslake/saleslake/pkg/control"
	"github.com/saleslake/saleslake/pkg/daemon"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/pkg/wire"
	"github.com/saleslake/saleslake/services/dq-checker/dq"
)

type accept struct {
	Slice   string `arg:"" help:"Slice that is held, such as gold/fact_sales/day=2026-01-31."`
	Version int64  `required:"" help:"Version of it that passes, and no other."`
	Reason  string `required:"" help:"Why: it is kept with the verdict."`
	By      string `help:"Who accepts it; the user of this process when it is left out."`
	Wait    bool   `help:"Return when the verdict is given."`
}

// Run brings the acceptance to the running service, and prints its id, or the verdict when it
// waits for that.
func (a accept) Run(ctx context.Context, d *daemon.Daemon, k *kong.Kong) error {
	if strings.TrimSpace(a.Reason) == "" {
		return daemon.UsageError{Err: errors.New("the reason is empty: say why the slice may be loaded")}
	}
	if a.By == "" {
		u, err := user.Current()
		if err != nil {
			return daemon.UsageError{Err: fmt.Errorf("who accepts is not known (%w): name them with --by", err)}
		}
		a.By = u.Username
	}
	kafka, _, err := wire.Open(ctx, d)
	if err != nil {
		return err
	}
	command, err := dq.Acceptance(ctx, kafka, a.Slice, a.Version, a.By, a.Reason)
	if err != nil {
		return err
	}
	if err := control.Issue(ctx, kafka, d.Settings.Kafka.Replication, command); err != nil {
		return err
	}
	if !a.Wait {
		_, err = fmt.Fprintln(k.Stdout, command.ID)
		return err
	}
	if stream.Vacant(ctx, kafka, dq.Group) == nil {
		fmt.Fprintf(os.Stderr, "no instance of %s runs: the verdict is given when one does\n", dq.Group)
	}
	v, err := dq.AwaitAcceptance(ctx, kafka, command)
	if err != nil {
		return err
	}
	last := v.Findings[len(v.Findings)-1]
	_, err = fmt.Fprintf(k.Stdout, "%s version %d: %s, %s\n", v.Key(), v.Manifest.Version, v.Outcome, last.Message)
	return err
}
