package local

import (
	"context"
	"path"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/services/bronze-writer/bronze"
	"github.com/saleslake/saleslake/services/dq-checker/dq"
	"github.com/saleslake/saleslake/services/gold-aggregator/gold"
	"github.com/saleslake/saleslake/services/redshift-loader/loader"
	"github.com/saleslake/saleslake/services/silver-etl/silver"
)

// Stages lists what Options.Through may name, in the order of the data.
var Stages = []string{bronze.Group, silver.Group, gold.Group, dq.Group, loader.Group}

// loadsStage is dq-checker once more, for what the loader says that it has loaded.
const loadsStage = dq.Group + ", loads"

// stage is one that runs on.
type stage struct {
	name   string
	groups []string  // its consumer groups
	topics []string  // that each of them consumes
	output string    // the lake's topic that it writes, "" for the last
	obeys  lake.Kind // the commands that it does, "" for none
	run    func(ctx context.Context, onReady func()) error
}

// pending counts the records that the stage has not handled.
func (s stage) pending(ctx context.Context, kafka stream.Config) (sum int64, err error) {
	for _, group := range s.groups {
		for _, topic := range s.topics {
			n, err := stream.Pending(ctx, kafka, group, topic)
			if err != nil {
				return 0, err
			}
			sum += n
		}
	}
	return sum, nil
}

// stages gives those up to Through, in the order of the data.
func (r *runner) stages() []stage {
	all := []stage{
		{bronze.Group, []string{bronze.Group}, bronze.Topics(), sales.TopicBronze, "", r.bronze},
		{silver.Group, silver.Groups(), []string{sales.TopicBronze}, sales.TopicSilver, lake.Reprocess, r.silver},
		{gold.Group, []string{gold.Group}, []string{sales.TopicSilver}, sales.TopicGold, lake.Rebuild, r.gold},
		{dq.Group, []string{dq.Group}, []string{sales.TopicGold, sales.TopicSilver}, sales.TopicVerdicts, "", r.dq},
		{loader.Group, []string{loader.Group}, []string{sales.TopicVerdicts}, "", "", r.loader},
		{loadsStage, []string{dq.Group}, []string{sales.TopicLoads}, "", "", r.dqAgain},
	}
	if r.Through != "" {
		all = all[:slices.Index(Stages, r.Through)+1]
	}
	return all
}

// chain gives the stages to run. A batch has none that lands events:
// its files are in bronze already.
func (r *runner) chain() []stage {
	if r.Stream == nil {
		return r.stages()[1:]
	}
	return r.stages()
}

// topics gives the lake's topics that the stages write.
func (r *runner) topics() (names []string) {
	for _, s := range r.stages() {
		if s.output != "" {
			names = append(names, s.output)
		}
	}
	return names
}

func (r *runner) bronzeOptions() bronze.Options {
	return bronze.Options{
		Kafka: r.kafka, Bucket: r.bucket, Log: r.Log, Registry: r.Registry, Instance: instance,
		Partitions: r.Settings.Lake.Partitions, Replication: 1, Bronze: bronze.Limits(r.Settings.Bronze), Compression: r.Settings.Lake.Compression,
	}
}

// bronze sends no heartbeats: whoever runs it sees how it goes.
func (r *runner) bronze(ctx context.Context, onReady func()) error {
	o := r.bronzeOptions()
	o.Bronze.Heartbeat = 0
	o.OnReady = onReady
	return bronze.Run(ctx, o)
}

func (r *runner) silver(ctx context.Context, onReady func()) error {
	o := r.silverOptions()
	o.OnReady = onReady
	return silver.Run(ctx, o)
}

func (r *runner) silverOptions() silver.Options {
	return silver.Options{
		Kafka: r.kafka, Bucket: r.bucket, Log: r.Log, Registry: r.Registry, Instance: instance,
		Partitions: r.Settings.Lake.Partitions, Replication: 1,
		MaxRows: r.Settings.Silver.MaxRows, MaxAge: r.Settings.Silver.MaxAge, Grace: r.Settings.Silver.Grace,
		TargetBytes: int64(r.Settings.Silver.TargetBytes), Horizon: r.Settings.Silver.DedupHorizon, IndexBytes: r.Settings.Silver.IndexBytes,
		Categories: r.Settings.Catalogue.Categories, Regions: r.Settings.Catalogue.Regions, Rules: r.Settings.DQ.Rules,
		Encoding: lake.Encoding{Compression: r.Settings.Lake.Compression},
	}
}

func (r *runner) gold(ctx context.Context, onReady func()) error {
	o := r.goldOptions()
	o.OnReady = onReady
	return gold.Run(ctx, o)
}

// goldOptions have no linger and no pause between corrections, which a run would wait for at its end.
func (r *runner) goldOptions() gold.Options {
	return gold.Options{
		Kafka: r.kafka, Bucket: r.bucket, Log: r.Log, Registry: r.Registry, Instance: instance,
		Partitions: r.Settings.Lake.Partitions, Replication: 1, MaxAge: r.Settings.Gold.MaxAge,
		Settle: r.Settings.Gold.Settle, CacheBytes: r.Settings.Gold.CacheBytes, Grace: r.Settings.Silver.Grace,
		Encoding: lake.Encoding{Compression: r.Settings.Lake.Compression},
	}
}

func (r *runner) dq(ctx context.Context, onReady func()) error {
	o := r.dqOptions()
	o.OnReady = onReady
	return dq.Run(ctx, o)
}

// dqAgain has metrics of its own: those of the first run stay.
func (r *runner) dqAgain(ctx context.Context, onReady func()) error {
	again := *r
	again.Registry = prometheus.NewRegistry()
	return again.dq(ctx, onReady)
}

func (r *runner) dqOptions() dq.Options {
	s := r.Settings.DQ
	return dq.Options{
		Kafka: r.kafka, Bucket: r.bucket, Log: r.Log, Registry: r.Registry, Instance: instance,
		Encoding: lake.Encoding{Compression: r.Settings.Lake.Compression}, Partitions: r.Settings.Lake.Partitions, Replication: 1, MaxAge: s.MaxAge,
		Rules: s.Rules, Products: r.Settings.Warehouse.Products, Samples: s.Samples, CustomTimeout: s.CustomTimeout, CustomMemory: s.CustomMemory, ReadBytes: s.ReadBytes, CacheBytes: s.CacheBytes,
	}
}

func (r *runner) loader(ctx context.Context, onReady func()) error {
	o := r.loaderOptions()
	o.OnReady = onReady
	return loader.Run(ctx, o)
}

func (r *runner) loaderOptions() loader.Options {
	w := r.Settings.Warehouse
	return loader.Options{
		Kafka: r.kafka, Warehouse: r.warehouse, Log: r.Log, Registry: r.Registry, Instance: instance,
		Partitions: r.Settings.Lake.Partitions, Replication: 1, LoadEvery: w.LoadEvery, Products: w.Products,
	}
}

// ingest takes the files into bronze, one after the other.
func (r *runner) ingest(ctx context.Context) error {
	o := r.bronzeOptions()
	o.Registry = nil // a job's numbers are in its result
	for _, in := range r.inputs {
		started := time.Now()
		result, err := bronze.Ingest(ctx, o, bronze.IngestOptions{File: in.File, Dataset: in.dataset, Progress: r.Progress.File(in.File)})
		if err != nil {
			return err
		}
		r.report.Inputs = append(r.report.Inputs, Input{Path: in.Name, Dataset: in.dataset, Source: result.Source, Rows: result.Rows, Rejected: result.Rejected,
			Known: result.Skipped == result.Files})
		r.report.took("ingest "+path.Base(in.Name), started)
	}
	return nil
}
