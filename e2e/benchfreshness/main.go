// Command benchfreshness measures the stack that Docker Compose runs: how long events take
// from their own time to a commit in PostgreSQL, and what each container needs meanwhile. It
// sets the producer's rate, lets the stack get used to it, watches it for a while, and then
// holds each fact against its record in Kafka. bench/freshness.sh runs it.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "benchfreshness:", err)
		os.Exit(1)
	}
}

type options struct {
	rate         int
	warm, length time.Duration
}

func run(ctx context.Context) error {
	var o options
	flag.IntVar(&o.rate, "rate", 5000, "events per second, those of customers included")
	flag.DurationVar(&o.warm, "warm", 2*time.Minute, "time at this rate before it is measured")
	flag.DurationVar(&o.length, "length", 5*time.Minute, "time that is measured")
	asJSON := flag.Bool("json", false, "print JSON instead of Markdown tables")
	flag.Parse()
	if o.rate < 1 || o.length <= 0 {
		return errors.New("want a positive rate and length")
	}
	r, err := measure(ctx, o)
	if err != nil {
		return err
	}
	if *asJSON {
		return json.NewEncoder(os.Stdout).Encode(r)
	}
	return r.print(os.Stdout)
}

// measure leaves the producer as the Compose file has it.
func measure(ctx context.Context, o options) (r report, err error) {
	if err := produce(ctx, o.rate); err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, produce(context.WithoutCancel(ctx), 0)) }()
	if err := wait(ctx, o.warm); err != nil {
		return r, err
	}
	from := time.Now().UTC()
	if r.Containers, err = watch(ctx, o.length); err != nil {
		return r, err
	}
	to := time.Now().UTC()
	facts, err := loaded(ctx, from, to)
	if err != nil {
		return r, err
	}
	err = r.hold(ctx, facts, from, to)
	return r, err
}

func wait(ctx context.Context, length time.Duration) error {
	select {
	case <-time.After(length):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
