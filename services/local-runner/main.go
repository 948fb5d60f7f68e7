// Command local-runner runs the whole pipeline in one process, on a folder: no
// Kafka, no S3, no Docker.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/saleslake/saleslake/pkg/config"
	"github.com/saleslake/saleslake/pkg/daemon"
	"github.com/saleslake/saleslake/pkg/job"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/services/local-runner/local"
	"github.com/saleslake/saleslake/services/local-runner/report"
)

// softMemory is where the garbage collector starts to work harder, in bytes.
// Go's own GOMEMLIMIT sets another.
const softMemory = 512 << 20

// logFormat is the variable of log.format. People read this program's log, so that it
// is json only if the variable or the flag says so: the file is written for services.
const logFormat = config.EnvPrefix + "LOG_FORMAT"

func main() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(softMemory)
	}
	if os.Getenv(logFormat) == "" {
		_ = os.Setenv(logFormat, "console") // fails for impossible names only
	}
	daemon.Main("local-runner", "Runs the six services' own code in one process, on a folder.", &cli{}, daemon.NoServer())
}

// The sample files, taken when no input is named.
var (
	sampleInputs   = []string{"data/sales_events.csv", "data/sales_events.ndjson"}
	sampleUpdates  = []string{"data/customers.csv", "data/customer_updates.ndjson"}
	sampleProducts = "data/products.csv"
)

// Run makes the run and prints its report. A lake that does not balance, or a
// slice that the gate holds, is an error.
func (r run) Run(ctx context.Context, d *daemon.Daemon) error {
	o, err := r.options(d)
	if err != nil {
		return daemon.UsageError{Err: err}
	}
	return show(ctx, o, r.JSON)
}

// show makes a run, writes the page of the lake, and prints what its command changed, if
// it has one, its report, and where the page is.
func show(ctx context.Context, o local.Options, asJSON bool) error {
	view := newView(os.Stderr, asJSON)
	o.Progress = view
	result, err := local.Run(ctx, o)
	view.close()
	if err != nil {
		return err
	}
	pageErr := report.Write(result, time.Now())
	if err := printResult(result, o.Command, asJSON); err != nil {
		return fmt.Errorf("print the report: %w", err)
	}
	if pageErr == nil && !asJSON {
		fmt.Fprintf(os.Stdout, "\nThe same as a page: %s\n", filepath.Join(o.Lake, report.Name))
	}
	return errors.Join(pageErr, result.Fault())
}

func printResult(result *local.Report, command *lake.Command, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(os.Stdout)
		e.SetIndent("", "  ")
		return e.Encode(result)
	}
	if command != nil {
		if err := job.Print(os.Stdout, command.Kind, result.Days, false); err != nil {
			return err
		}
	}
	return result.Print(os.Stdout)
}

// onFolder gives the options of a lake in a folder.
func onFolder(d *daemon.Daemon, folder string) (local.Options, error) {
	o := local.Options{Settings: d.Settings, Lake: folder, Registry: d.Registry, Log: d.Log}
	if folder == "" {
		return o, errors.New("--lake wants a path, not an empty text")
	}
	if d.Settings.Log.Level == "info" { // the view says what goes on; the log says what goes wrong
		o.Log = d.Log.WithOptions(zap.IncreaseLevel(zap.WarnLevel))
	}
	return o, sales.Extend(d.Settings.Schema.Columns)
}

func (r run) options(d *daemon.Daemon) (local.Options, error) {
	o, err := onFolder(d, r.Lake)
	if err != nil {
		return o, err
	}
	o.Inputs, o.Updates, o.Through = r.Input, r.CustomerUpdates, r.Through
	if r.Through != "" && !slices.Contains(local.Stages, r.Through) {
		return o, fmt.Errorf("--through %q is no stage; there are %s", r.Through, strings.Join(local.Stages, ", "))
	}
	files := slices.Concat(r.Input, r.CustomerUpdates)
	if slices.Contains(files, "") {
		return o, fmt.Errorf("--input and --customer-updates want a path, not an empty text")
	}
	if r.Stream && len(files) > 0 {
		return o, fmt.Errorf("--stream makes its own events; leave out --input and --customer-updates, or replay files with the producer")
	}
	if r.Stream {
		o.Stream = &local.Stream{Rate: r.Rate, Duration: r.Duration, Seed: r.Seed}
		if _, err := os.Stat(sampleUpdates[0]); err == nil { // the customers that there are at the start
			o.Updates = sampleUpdates[:1]
		}
	} else if len(files) == 0 {
		o.Inputs, o.Updates = sampleInputs, sampleUpdates
	}
	if len(files) == 0 {
		useSample(&o.Settings.Warehouse.Products, sampleProducts)
	}
	return o, nil
}

// useSample sets a path that is not set to a sample file, if that is there.
func useSample(path *string, sample string) {
	if _, err := os.Stat(sample); *path == "" && err == nil {
		*path = sample
	}
}
