package daemon_test

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/saleslake/saleslake/pkg/config"
	"github.com/saleslake/saleslake/pkg/daemon"
)

// service is what main.go of a service declares: its commands.
type service struct {
	Run         runService         `cmd:"" default:"withargs" help:"Run the service."`
	Healthcheck daemon.Healthcheck `cmd:"" help:"Ask a running service whether it is ready."`
	Version     daemon.Version     `cmd:"" help:"Print the version."`
}

// runService embeds the sections of the settings that the service uses.
type runService struct {
	Kafka config.Kafka `embed:"" prefix:"kafka-"`
	Gold  config.Gold  `embed:"" prefix:"gold-"`
}

// Run opens what the service needs, in the order in which an event meets it, says that it
// is ready, and works until the context ends.
func (c *runService) Run(ctx context.Context, d *daemon.Daemon) error {
	err := daemon.WaitFor(ctx, d, "kafka", func(context.Context) error {
		fmt.Println("dial", c.Kafka.Brokers)
		return nil
	})
	if err != nil {
		return err
	}
	d.Ready(true)
	fmt.Println("aggregate every", c.Gold.MaxAge)
	return nil
}

// A real main is daemon.Main("gold-aggregator", "…", &service{}).
func Example() {
	program := daemon.Program{
		Name: "gold-aggregator", Description: "Aggregates the days that changed.", CLI: &service{},
		Args: []string{"--gold-max-age=1s"}, Environ: []string{"SALES_KAFKA_BROKERS=kafka:9092", "SALES_HTTP_ADDR=127.0.0.1:0"},
		Stdout: os.Stdout, Stderr: io.Discard,
	}
	fmt.Println("exit code", program.Run(context.Background()))
	// Output:
	// dial [kafka:9092]
	// aggregate every 1s
	// exit code 0
}
