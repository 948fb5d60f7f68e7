package job

import (
	"context"

	"github.com/alecthomas/kong"

	"github.com/saleslake/saleslake/pkg/daemon"
	"github.com/saleslake/saleslake/pkg/resync"
)

// Resync is the command line that writes a lost topic back.
type Resync struct {
	Plan bool `help:"Change nothing, and say what would be written."`

	topic string
	write func(ctx context.Context, d *daemon.Daemon, plan bool) ([]resync.Count, error)
}

// ForTopic gives the command line for a topic. write is the Resync of the stage that
// writes the topic, and works with what options makes of the settings.
func ForTopic[O any](topic string, options func(context.Context, *daemon.Daemon) (O, error),
	write func(ctx context.Context, o O, plan bool) ([]resync.Count, error),
) Resync {
	return Resync{topic: topic, write: func(ctx context.Context, d *daemon.Daemon, plan bool) ([]resync.Count, error) {
		o, err := options(ctx, d)
		if err != nil {
			return nil, err
		}
		return write(ctx, o, plan)
	}}
}

// Run writes the topic back, and says what it lacked.
func (r Resync) Run(ctx context.Context, d *daemon.Daemon, k *kong.Kong) error {
	counts, err := r.write(ctx, d, r.Plan)
	if err != nil {
		return err
	}
	return resync.Print(k.Stdout, r.topic, counts, r.Plan)
}
