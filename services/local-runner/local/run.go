package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/config"
	"github.com/saleslake/saleslake/pkg/control"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/registry"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/pkg/stream/embedded"
	"github.com/saleslake/saleslake/pkg/wire"
	"github.com/saleslake/saleslake/services/bronze-writer/bronze"
	"github.com/saleslake/saleslake/services/bronze-writer/files"
	"github.com/saleslake/saleslake/services/dq-checker/dq"
	"github.com/saleslake/saleslake/services/redshift-loader/loader"
	"github.com/saleslake/saleslake/services/redshift-loader/warehouse"
)

// instance is this process's name in transactional ids. A lake has one local
// run at a time, so the name need not differ between runs.
const instance = "local"

// topics is the folder of the lake in which the embedded Kafka keeps its own.
const topics = "_kafka"

// Options is what a run works with.
type Options struct {
	Settings config.Pipeline // rules, thresholds and bounds; the servers that it names are not used
	Lake     string          // folder, made when missing
	Inputs   []string        // CSV and NDJSON files of sales_events, named as for files.Find
	Updates  []string        // CSV and NDJSON files of customer_updates
	Stream   *Stream         // feed the topics, when the files are in
	Command  *lake.Command   // do it; without inputs, on a lake of earlier runs
	Through  string          // the last stage to run, one of Stages; "" is all
	Registry *prometheus.Registry
	Log      *zap.Logger
	Progress Progress
}

// Stream is a load in real time.
type Stream struct {
	Rate     int // events per second
	Duration time.Duration
	Seed     uint64
}

// Progress is told how a run goes on.
type Progress interface {
	// File is called before an input is ingested, and gives what is to be told of it.
	File(files.File) bronze.Progress
	// Step is called before other work. The function that it gives ends it.
	Step(name string) (done func())
	// Live is called about every second of a stream.
	Live(Gauges)
}

// Run moves the inputs, or the stream, through the stages, and reports what
// became of everything in the lake, that of earlier runs included. It returns
// an error when an input cannot be used or the machine gives up; whether the
// lake can be trusted is told by [Report.Fault].
func Run(ctx context.Context, o Options) (*Report, error) {
	inputs, err := o.find(ctx)
	if err != nil {
		return nil, err
	}
	r, err := open(ctx, o)
	if err != nil {
		return nil, err
	}
	r.inputs = inputs
	report, err := r.run(ctx)
	return report, errors.Join(err, r.close())
}

// input is a file to take.
type input struct {
	files.File
	dataset string
}

// find gives the files, or an error that tells of all that are not there, before
// anything is done.
func (o *Options) find(ctx context.Context) (all []input, err error) {
	for _, take := range []struct {
		dataset string
		names   []string
	}{{sales.TopicEvents, o.Inputs}, {sales.TopicCustomers, o.Updates}} {
		found, fault := files.Find(ctx, take.names, wire.Inbox(o.Settings.Lake, o.Log))
		err = errors.Join(err, fault)
		for _, f := range found {
			all = append(all, input{f, take.dataset})
		}
	}
	return all, err
}

// runner is a run's open parts.
type runner struct {
	Options
	inputs    []input
	broker    *embedded.Embedded
	kafka     stream.Config
	bucket    *blob.Bucket
	warehouse *warehouse.Warehouse
	report    *Report
}

// open opens the lake, and leaves it as it is.
func open(ctx context.Context, o Options) (r *runner, err error) {
	dir, err := filepath.Abs(o.Lake)
	if err != nil {
		return nil, fmt.Errorf("find the lake: %w", err)
	}
	if o.Command != nil {
		if _, err := os.Stat(filepath.Join(dir, topics)); err != nil {
			return nil, fmt.Errorf("%s holds no lake of an earlier run: %w", dir, err)
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the lake: %w", err)
	}
	o.Lake = dir
	o.Settings.Warehouse.LoadEvery = 0 // nothing is billed by the load here
	r = &runner{Options: o, report: &Report{Lake: dir}}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.close())
		}
	}()
	if r.broker, err = embedded.Start(embedded.Config{DataDir: filepath.Join(dir, topics)}); err != nil {
		return r, fmt.Errorf("open lake %s: %w", dir, err)
	}
	r.kafka = stream.Config{Brokers: []string{r.broker.Addr()}, ClientID: "local-runner", Log: o.Log}
	if r.bucket, err = blob.Open(ctx, blob.Options{URL: "file://" + dir, Metrics: blob.NewMetrics(o.Registry), Log: o.Log}); err != nil {
		return r, err
	}
	if err = registry.CheckPartitions(ctx, r.bucket, o.Settings.Lake.Partitions); err != nil {
		return r, err
	}
	return r, registry.Check(ctx, r.bucket, schemas...)
}

// schemas are those of the rows that the stages write.
var schemas = []*column.Schema{sales.Bronze, sales.BronzeCustomers, sales.Silver, sales.Changes, sales.SilverCustomers, sales.CustomerChanges}

// prepare makes lake and warehouse ready to be written to.
func (r *runner) prepare(ctx context.Context) (err error) {
	if err := registry.Register(ctx, r.bucket, schemas...); err != nil {
		return err
	}
	r.warehouse, err = warehouse.Open(warehouse.Options{Dialect: config.DuckDB, Source: filepath.Join(r.Lake, "warehouse.duckdb"), Files: r.bucket})
	if err != nil {
		return err
	}
	_, err = r.warehouse.Migrate(ctx)
	return err
}

func (r *runner) close() (err error) {
	if r.warehouse != nil {
		err = r.warehouse.Close()
	}
	if r.broker != nil {
		r.broker.Close()
	}
	return err
}

func (r *runner) run(ctx context.Context) (*Report, error) {
	if err := r.prepare(ctx); err != nil {
		return nil, err
	}
	if err := r.ingest(ctx); err != nil {
		return nil, err
	}
	if r.Command != nil {
		if err := control.Issue(ctx, r.kafka, 1, r.Command); err != nil {
			return nil, err
		}
	}
	if err := r.work(ctx); err != nil {
		return nil, err
	}
	if err := r.account(ctx); err != nil {
		return nil, err
	}
	if err := r.sample(ctx); err != nil {
		return nil, err
	}
	return r.report, r.sweep(ctx)
}

// work runs the stages until there is nothing left to do: those of a stream side
// by side, those of a batch one after the other, so that gold sees each day once
// and one stage at a time needs memory.
func (r *runner) work(ctx context.Context) error {
	chain := r.chain()
	if r.Stream != nil {
		return r.together(ctx, chain, r.produce)
	}
	for i := range chain {
		if err := r.together(ctx, chain[i:i+1], func(context.Context) error { return nil }); err != nil {
			return err
		}
	}
	return nil
}

// together runs stages while feed does and until they have handled everything.
func (r *runner) together(ctx context.Context, stages []stage, feed func(context.Context) error) error {
	stagesCtx, stop := context.WithCancel(ctx)
	defer stop()
	group, groupCtx := errgroup.WithContext(stagesCtx)
	var starting sync.WaitGroup
	for _, s := range stages {
		if s.name == loadsStage && len(stages) > 1 {
			continue // it runs already
		}
		starting.Add(1)
		started := sync.OnceFunc(starting.Done)
		group.Go(func() error {
			defer started() // also when it failed
			if err := s.run(groupCtx, started); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			return nil
		})
	}
	group.Go(func() error {
		defer stop()    // all is done: the stages may end
		starting.Wait() // one with nothing to do is not stopped while it prepares
		if err := feed(groupCtx); err != nil {
			return err
		}
		return r.drain(groupCtx, stages)
	})
	if err := group.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}

// drain waits for the stages in the order of the data: a stage that has handled
// all of its input, and done its commands, has, in the same transactions, published all of its output.
func (r *runner) drain(ctx context.Context, chain []stage) error {
	const look = 20 * time.Millisecond
	for _, s := range chain {
		started, done := time.Now(), r.Progress.Step(s.name)
		patience := firstPatience
		for {
			n, err := s.pending(ctx, r.kafka)
			if err != nil {
				return fmt.Errorf("wait for %s: %w", s.name, err)
			}
			if n == 0 {
				break
			}
			if waited := time.Since(started); waited > patience && (s.name == dq.Group || s.name == loader.Group) {
				if err := r.lost(ctx); err != nil {
					return fmt.Errorf("%s: %w", s.name, err)
				}
				patience = 2 * waited
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(look):
			}
		}
		if err := r.obeyed(ctx, s); err != nil {
			return err
		}
		done()
		r.report.took(s.name, started)
	}
	return nil
}

// account reads the ledger back, and asks the warehouse what it holds.
func (r *runner) account(ctx context.Context) (err error) {
	var held *Holds
	if r.Through == "" {
		if held, err = r.holds(ctx); err != nil {
			return err
		}
	}
	if r.report.Ledger, err = ReadLedger(ctx, r.kafka, r.topics(), held); err != nil {
		return err
	}
	if r.Through != "" {
		return nil
	}
	return r.analyse(ctx)
}

func (r *runner) holds(ctx context.Context) (*Holds, error) {
	facts, err := r.warehouse.Facts(ctx)
	if err != nil {
		return nil, err
	}
	customers, err := r.warehouse.CustomerVersions(ctx)
	if err != nil {
		return nil, err
	}
	loaded, err := r.warehouse.Ledger(ctx)
	return &Holds{Rows: map[string]lake.Count{sales.TableFacts: facts, sales.TableSilverCustomers: customers}, Loaded: loaded}, err
}

// analyse asks the analytics. A query that fails costs its own answer only.
func (r *runner) analyse(ctx context.Context) error {
	questions, err := warehouse.Questions()
	if err != nil {
		return err
	}
	for _, q := range questions {
		a := Analysis{Name: q.Name, Question: q.Text}
		if a.Answer, err = r.warehouse.Query(ctx, a.Name); err != nil {
			a.Error = err.Error()
		}
		r.report.Analytics = append(r.report.Analytics, a)
	}
	return ctx.Err()
}

// sweep deletes the files of silver and gold that are no rows of a slice now:
// replaced ones, though a manifest lists them among its changes, and those of a
// run that was killed. Files of changes are no rows of a slice, and stay while
// one lists them. Nobody else works on the lake.
func (r *runner) sweep(ctx context.Context) error {
	named := map[string]bool{}
	for _, m := range r.report.Ledger.manifests {
		for _, f := range m.Files {
			named[f.Key] = true
		}
		for _, c := range m.Changes {
			for _, f := range c.Changed {
				named[f.Key] = true
			}
		}
	}
	for _, layer := range []string{"silver/", "gold/"} {
		for object, err := range r.bucket.List(ctx, layer) {
			if err != nil {
				return fmt.Errorf("sweep: %w", err)
			}
			if named[object.Key] {
				continue
			}
			if err := r.bucket.Delete(ctx, object.Key); err != nil {
				return fmt.Errorf("sweep: %w", err)
			}
		}
	}
	return nil
}
