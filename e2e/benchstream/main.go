package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"go.uber.org/zap"

	"github.com/saleslake/saleslake/e2e/real"
	"github.com/saleslake/saleslake/pkg/stream"
)

const partitions = 4

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := dispatch(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "benchstream:", err)
		os.Exit(1)
	}
}

// dispatch is the benchmark, or the process that it runs itself again as.
func dispatch(ctx context.Context) error {
	if len(os.Args) == 4 && os.Args[1] == loopCommand {
		events, err := strconv.ParseInt(os.Args[3], 10, 64)
		if err != nil {
			return err
		}
		return runLoop(ctx, os.Args[2], events)
	}
	var o options
	flag.IntVar(&o.events, "events", 3_000_000, "events in the topic")
	flag.IntVar(&o.runs, "runs", 3, "pairs of runs")
	flag.StringVar(&o.lake, "lake", "s3", "where the lake is: s3 (a versitygw server) or file (a folder)")
	flag.Uint64Var(&o.seed, "seed", 1, "of the generator")
	asJSON := flag.Bool("json", false, "print JSON instead of a Markdown table")
	flag.Parse()
	if o.program = flag.Arg(0); o.program == "" || o.events < 1 || o.runs < 1 {
		return errors.New("want the built bronze-writer as the argument, and positive counts")
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

type options struct {
	events, runs int
	lake         string
	seed         uint64
	program      string // the built bronze-writer
}

// bench is the benchmark's servers and the topic in them.
type bench struct {
	options
	broker *real.Broker
	kafka  stream.Config
	truth  truth
	lakes  lakes
}

// measure starts the servers, fills the topic and runs the pairs.
func measure(ctx context.Context, o options) (r report, err error) {
	b := &bench{options: o}
	if b.broker, err = real.StartKafka(ctx); err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, b.broker.Close()) }()
	b.kafka = stream.Config{Brokers: []string{b.broker.Bootstrap}, Log: zap.NewNop()}
	if b.lakes, err = openLakes(ctx, o.lake); err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, b.lakes.close()) }()
	if b.truth, err = fill(ctx, b.kafka, o); err != nil {
		return r, err
	}
	fmt.Fprintf(os.Stderr, "%d events of %d bytes are in the topic\n", b.truth.Events, b.truth.eventBytes())
	// The first reading warms the broker's code and the page cache.
	if _, err := b.loop(ctx); err != nil {
		return r, err
	}
	r = newReport(b)
	for n := range o.runs {
		p, err := b.pair(ctx, n)
		if err != nil {
			return r, fmt.Errorf("run %d: %w", n+1, err)
		}
		r.Pairs = append(r.Pairs, p)
		fmt.Fprintf(os.Stderr, "run %d: %s\n", n+1, p)
	}
	return r, nil
}

// pair runs the loop and bronze-writer, and the other way round every second time.
func (b *bench) pair(ctx context.Context, n int) (p pair, err error) {
	steps := []func() error{
		func() (err error) { p.Loop, err = b.loop(ctx); return err },
		func() (err error) { p.Writer, err = b.write(ctx, n); return err },
	}
	if n%2 == 1 {
		steps[0], steps[1] = steps[1], steps[0]
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return p, err
		}
	}
	return p, nil
}
