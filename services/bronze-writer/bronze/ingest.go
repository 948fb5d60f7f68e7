package bronze

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/services/bronze-writer/files"
)

// IngestOptions says what to ingest.
type IngestOptions struct {
	File        files.File
	Dataset     string    // what it holds, one of Topics; "" is sales_events
	EffectiveAt time.Time // event_ts of rows without one; zero: their order_ts
	Progress    Progress  // may be nil
}

// Pass is one of the two readings of a file.
type Pass string

// The passes, in their order: the name of everything comes from the hash of the
// whole content, so that has to be known before the first row is landed.
const (
	Hash Pass = "hash"
	Land Pass = "land"
)

// Progress is told now and then how many bytes of the file, as it is stored, a
// pass has done: in the end files.Content.Size for each.
type Progress func(p Pass, done int64)

func (p Progress) tell(pass Pass, done int64) {
	if p != nil {
		p(pass, done)
	}
}

// Result is what an ingest found in its file. Slices that an earlier ingest of
// the same content has published count in full.
type Result struct {
	Source   string // file: and the first 16 hex digits of the content's SHA-256
	Rows     int64
	Cents    int64
	Rejected map[sales.Code]int64
	Files    int // bronze files of this source
	Skipped  int // of those, published before
}

// Ingest lands the rows of a CSV or NDJSON file. The same content, compressed or
// not, gives the same files, so that doing it twice changes nothing, and an
// ingest that was cut short is completed by doing it again. Of two at the same
// time, the later one takes over, and the other ends with an error.
//
// An error that wraps decode.ErrUnusable says that the file as a whole cannot be
// used; nothing is written then. o.Registry, Instance, OnReady and Fault are not
// used.
func Ingest(ctx context.Context, o Options, io IngestOptions) (Result, error) {
	return ingestFile(ctx, o, io, fixedLayout)
}

func ingestFile(ctx context.Context, o Options, io IngestOptions, l layout) (Result, error) {
	set, err := datasetOf(cmp.Or(io.Dataset, sales.TopicEvents))
	if err != nil {
		return Result{}, err
	}
	in, err := openInput(ctx, io.File, set)
	if err != nil {
		return Result{}, err
	}
	defer func() { _ = in.content.Close() }() // only read from
	g := &ingest{stage: stage{Options: o, metrics: newMetrics(nil)}, source: source{dataset: set}, in: in, layout: l, progress: io.Progress}
	g.store = newStore(o, set, g.metrics)
	if err := g.begin(ctx, io); err != nil {
		return Result{}, fmt.Errorf("ingest %s: %w", io.File.Name, err)
	}
	pass, err := in.begin(ctx)
	if err == nil {
		err = g.run(ctx, &chunker{in: in, r: pass, size: l.chunk})
		pass.Close()
	}
	if err != nil {
		return Result{}, fmt.Errorf("ingest %s: %w", io.File.Name, err)
	}
	return g.result, nil
}

// ingest is one run over one file.
type ingest struct {
	stage
	source
	in         *input
	layout     layout
	progress   Progress
	started    started
	transactor *stream.Transactor
	published  map[string]*lake.Manifest // by slice, of this source
	ledgers    []lake.Ledger             // by partition, as of the last publication
	result     Result
}

// begin finds out what the file and the cluster are, one beside the other.
func (g *ingest) begin(ctx context.Context, io IngestOptions) error {
	work, workCtx := errgroup.WithContext(ctx)
	work.Go(func() error { return g.in.sum(workCtx, g.progress) })
	work.Go(func() (err error) {
		if err := ensureTopics(workCtx, g.Options); err != nil {
			return err
		}
		if g.cluster, err = stream.ClusterID(workCtx, g.Kafka); err != nil {
			return fmt.Errorf("ask for the cluster's id: %w", err)
		}
		return nil
	})
	if err := work.Wait(); err != nil {
		return err
	}
	g.id, g.result = g.in.hash, Result{Source: "file:" + g.in.hash[:16], Rejected: map[sales.Code]int64{}}
	return g.start(ctx, io)
}

// takeOver makes this the only ingest of the file, and reads what earlier ones
// have published: that is final only once what they have in flight is settled.
func (g *ingest) takeOver(ctx context.Context) (err error) {
	if g.transactor, err = stream.NewTransactor(ctx, g.Kafka, g.in.hash); err != nil {
		return err
	}
	g.published, g.ledgers = map[string]*lake.Manifest{}, make([]lake.Ledger, g.Partitions)
	copied, err := g.copied(ctx)
	if err != nil {
		return err
	}
	have, err := g.readPublished(ctx)
	if err != nil {
		return err
	}
	return lake.CheckWhole(sales.TopicBronze, have, copied, remedy)
}

// copied gives the lake's copies of the source's ledgers, or where it has none
// that of one of any source: a topic that was deleted has none of them.
func (g *ingest) copied(ctx context.Context) (copied []lake.Entry, err error) {
	for p := range int32(g.Partitions) {
		own, err := g.copiedLedger(ctx, stream.Partition{Topic: g.result.Source, ID: p})
		if err != nil {
			return nil, err
		}
		copied = append(copied, own...)
	}
	if len(copied) > 0 {
		return copied, nil
	}
	for key, err := range g.Bucket.Keys(ctx, lake.LedgerCopies(stageName)) {
		if err != nil {
			return nil, fmt.Errorf("look for copies of ledgers: %w", err)
		}
		return lake.GetCopies(ctx, g.Bucket, []string{key})
	}
	return nil, nil
}

// started is what is written down of a file's first ingest, so that later ones
// agree with it.
type started struct {
	Name      string `json:"name"`
	Hash      string `json:"sha256"`
	Dataset   string `json:"dataset"`
	Time      int64  `json:"time"`         // µs UTC: the _ingest_ts of all rows
	Effective int64  `json:"effective_at"` // µs UTC, 0 when not given
}

// start writes down that the file is being ingested, unless that stands already.
func (g *ingest) start(ctx context.Context, io IngestOptions) error {
	key := "bronze/_ingests/" + g.in.hash + ".json"
	now := started{Name: path.Base(io.File.Name), Hash: g.in.hash, Dataset: g.topic, Time: time.Now().UnixMicro()}
	if !io.EffectiveAt.IsZero() {
		now.Effective = io.EffectiveAt.UnixMicro()
	}
	err := g.Bucket.PutNew(ctx, key, mustJSON(now))
	if !errors.Is(err, blob.ErrExists) {
		g.started = now
		return err
	}
	data, err := g.Bucket.Get(ctx, key)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, &g.started); err != nil {
		return fmt.Errorf("read %s: %w", key, err)
	}
	if was := cmp.Or(g.started.Dataset, sales.TopicEvents); was != now.Dataset { // there was one dataset at first
		return fmt.Errorf("its content was ingested as dataset %s, now it is given as %s: give the same, its rows are there already", was, now.Dataset)
	}
	if g.started.Effective != now.Effective {
		return fmt.Errorf("its content was ingested with effective time %s, now it is %s: give the same, its rows have it already",
			effective(g.started.Effective), effective(now.Effective))
	}
	return nil
}

func effective(micros int64) string {
	if micros == 0 {
		return "none"
	}
	return string(sales.AppendTimestamp(nil, micros))
}

// readPublished takes what there is of this source, and gives the ages of all ledgers.
func (g *ingest) readPublished(ctx context.Context) (map[string]int64, error) {
	have := map[string]int64{}
	return have, stream.ReadToEnd(ctx, g.Kafka, sales.TopicBronze, nil, func(r stream.Record) error {
		if len(r.Value) == 0 {
			return nil
		}
		if lake.IsLedger(r.Key) {
			l, err := lake.DecodeLedger(r.Value)
			if err == nil {
				have[l.Key()] = l.Age()
			}
			if err == nil && l.Source == g.result.Source && int(l.Partition) < len(g.ledgers) {
				g.ledgers[l.Partition] = *l
			}
			return err
		}
		m, err := lake.DecodeManifest(r.Value)
		if err == nil && m.Source != nil && m.Source.TopicID == g.in.hash {
			g.published[m.Slice] = m
		}
		return err
	})
}

// publish makes the files of a block known, in one transaction.
func (g *ingest) publish(ctx context.Context, files []*landed) error {
	var records []stream.Record
	var copies []lake.Entry
	for _, l := range files {
		if l == nil {
			continue
		}
		g.result.Files++
		g.result.Rows += l.file.Rows
		g.result.Cents += l.file.Cents
		for code, n := range l.source.Rejected {
			g.result.Rejected[code] += n
		}
		if m := g.published[l.slice]; m != nil {
			g.result.Skipped++
			copies = append(copies, m, &g.ledgers[l.source.Partition]) // they may be missing
			continue
		}
		ledger := &g.ledgers[l.source.Partition]
		l.account(ledger)
		records = append(records, g.records(l, ledger)...)
		copies = append(copies, l.manifest(g.cluster, time.Now().UnixMicro()), ledger)
	}
	err := g.transactor.Publish(ctx, records)
	if errors.Is(err, stream.ErrFenced) {
		return fmt.Errorf("another ingest of the same content has taken over: leave it to that one, or do it again: %w", err)
	}
	if err != nil {
		return err
	}
	return lake.Mirror(ctx, g.Bucket, copies...)
}

// storedBytes gives which share of the file's bytes a number of bytes of its
// content is: the same unless it is compressed.
func (g *ingest) storedBytes(done int64) int64 {
	return int64(float64(done) / float64(g.in.length) * float64(g.in.content.Size()))
}
