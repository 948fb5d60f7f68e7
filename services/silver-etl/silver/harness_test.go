package silver

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sort"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/pkg/stream/streamtest"
)

// topic is lake.silver for the harness.
type topic interface {
	publish(ctx context.Context, records []stream.Record) error
	read(ctx context.Context, fn func(stream.Record) error) error
}

// kafkaTopic is a real one.
type kafkaTopic struct {
	kafka      stream.Config
	transactor *stream.Transactor
}

func newKafkaTopic(t *testing.T, partitions int) *kafkaTopic {
	kafka := stream.Config{Brokers: []string{streamtest.Cluster(t)}, ClientID: "test"}
	require.NoError(t, stream.EnsureTopics(t.Context(), kafka, 1,
		stream.TopicSpec{Name: sales.TopicSilver, Partitions: partitions, Compacted: true}))
	transactor, err := stream.NewTransactor(t.Context(), kafka, "test")
	require.NoError(t, err)
	t.Cleanup(transactor.Close)
	return &kafkaTopic{kafka, transactor}
}

func (k *kafkaTopic) publish(ctx context.Context, records []stream.Record) error {
	return k.transactor.Publish(ctx, records)
}

func (k *kafkaTopic) read(ctx context.Context, fn func(stream.Record) error) error {
	return stream.ReadToEnd(ctx, k.kafka, sales.TopicSilver, nil, fn)
}

// memoryTopic is one without a broker, for many histories.
type memoryTopic []stream.Record

func (m *memoryTopic) publish(_ context.Context, records []stream.Record) error {
	*m = append(*m, records...)
	return nil
}

func (m *memoryTopic) read(_ context.Context, fn func(stream.Record) error) error {
	for _, r := range *m {
		if err := fn(r); err != nil {
			return err
		}
	}
	return nil
}

// harness is a lake with bronze files, and the stage under test, driven by hand
// where no group is needed.
type harness struct {
	t          require.TestingT
	ctx        context.Context
	partitions int
	topic      topic
	options    Options
	stage      *stage
	bronze     [][]stream.Record // by partition: what lake.bronze would hold
	ends       map[string]int64  // next offset by source and partition
	committed  []int64           // by partition
	tasks      []stream.Task
	follower   *follower // nil for none
	tallies    []stream.Tally
}

func newOptions(t require.TestingT, folder string, partitions int) Options {
	ctx := context.Background()
	bucket, err := blob.Open(ctx, blob.Options{URL: "file://" + folder, Create: true})
	require.NoError(t, err)
	return Options{
		Bucket: bucket, Log: zap.NewNop(), Registry: prometheus.NewRegistry(), Instance: "test",
		Partitions: partitions, Replication: 1, MaxRows: 1_000_000, MaxAge: 2 * time.Second, TargetBytes: 128 << 20, Horizon: 90 * 24 * time.Hour, IndexBytes: 256 << 20,
		Categories: []string{"Electronics", "Fashion", "Home & Garden", "Sports", "Books", "Toys", "Beauty", "Grocery"},
		Regions:    []string{"North America", "Europe", "Asia Pacific", "Latin America", "Middle East"},
	}
}

func newHarness(t require.TestingT, topic topic, folder string, partitions int) *harness {
	return newHarnessOf(t, salesEvents, topic, folder, partitions)
}

func newHarnessOf(t require.TestingT, d *dataset, topic topic, folder string, partitions int) *harness {
	h := &harness{t: t, ctx: context.Background(), partitions: partitions, topic: topic,
		options: newOptions(t, folder, partitions), bronze: make([][]stream.Record, partitions),
		ends: map[string]int64{}, committed: make([]int64, partitions), tasks: make([]stream.Task, partitions),
		follower: newFollower()}
	var err error
	h.stage, err = newStage(h.options, d, "test", h.read, newTurn())
	require.NoError(t, err)
	return h
}

// read is the stage's reader of lake.bronze and lake.silver.
func (h *harness) read(ctx context.Context, name string, partitions []int32, fn func(stream.Record) error) error {
	if name == sales.TopicSilver {
		return h.topic.read(ctx, fn)
	}
	for _, p := range partitions {
		for _, r := range h.bronze[p] {
			if err := fn(r); err != nil {
				return err
			}
		}
	}
	return nil
}

func (h *harness) close() {
	for p := range h.tasks {
		h.drop(p)
	}
}

// land writes a bronze file of events of one source and partition and publishes it.
func (h *harness) land(events []event) *lake.Manifest {
	e := events[0]
	key := sourceKey(e.source, e.partition)
	m := writeBronze(h.t, h.options.Bucket, events, h.ends[key])
	h.ends[key] = m.Source.Next
	h.publish(m)
	return m
}

// publish adds a manifest to lake.bronze, whose offsets have gaps.
func (h *harness) publish(m *lake.Manifest) {
	p := m.Partition
	h.bronze[p] = append(h.bronze[p], stream.Record{Topic: sales.TopicBronze, Partition: p,
		Offset: int64(len(h.bronze[p])) * 3, Key: []byte(m.Key()), Value: m.Encode()})
}

func writeBronze(t require.TestingT, bucket *blob.Bucket, events []event, first int64) *lake.Manifest {
	return writeBatch(t, bucket, salesEvents, bronzeOf(events), first)
}

// writeBatch writes a bronze file of records of one source and partition, and
// gives its manifest.
func writeBatch(t require.TestingT, bucket *blob.Bucket, d *dataset, batch *column.Batch, first int64) *lake.Manifest {
	encoder, err := lake.NewEncoder(d.bronze, lake.Encoding{})
	require.NoError(t, err)
	data, err := encoder.Encode(nil, batch)
	require.NoError(t, err)
	source, partition, offsets := batch.Column("_source").String(0), batch.Column("_partition").I32[0], batch.Column("_offset").I64
	slice := lake.BronzeSlice(sales.DayOf(batch.Column("_ingest_ts").I64[0]), partition, lake.Hash([]byte(source))[:8], first)
	file := lake.NewFile(lake.BronzeKey(d.bronze.Name, slice), data, d.count(batch))
	require.NoError(t, bucket.PutNew(context.Background(), file.Key, data))
	return &lake.Manifest{Format: lake.Format, Table: d.bronze.Name, Slice: slice, Partition: partition,
		Files: []lake.File{file}, Count: file.Count, Source: &lake.Source{Name: source, TopicID: "id-" + source,
			Partition: partition, First: first, Next: offsets[len(offsets)-1] + 1, Records: int64(len(offsets))}}
}

func (h *harness) open(p int) {
	if h.tasks[p] != nil {
		return
	}
	task, err := h.stage.Open(h.ctx, stream.Partition{Topic: sales.TopicBronze, ID: int32(p)}, h.committed[p])
	require.NoError(h.t, err)
	h.tasks[p] = task
}

func (h *harness) drop(p int) {
	if h.tasks[p] != nil {
		h.tasks[p].Close()
		h.tasks[p] = nil
	}
}

// add gives the task the next n records, as far as there are any.
func (h *harness) add(p, n int) {
	h.open(p)
	next := h.tasks[p].(*task).next
	var records []stream.Record
	for _, r := range h.bronze[p] {
		if r.Offset >= next && len(records) < n {
			records = append(records, r)
		}
	}
	if len(records) > 0 {
		require.NoError(h.t, h.tasks[p].Add(h.ctx, records))
	}
}

// The places of a crash during a commit.
const (
	noCrash = iota
	crashAfterUpload
	crashAfterCommit
)

// flush commits what is pending, or as much of it as a crash allows.
func (h *harness) flush(p, crash int) {
	if h.tasks[p] == nil || h.tasks[p].Due(time.Now(), true).IsZero() {
		return
	}
	c, err := h.tasks[p].Flush(h.ctx)
	require.NoError(h.t, err)
	if crash == crashAfterUpload {
		h.drop(p)
		return
	}
	require.NoError(h.t, h.topic.publish(h.ctx, c.Records))
	h.committed[p] = c.Next
	h.tallies = append(h.tallies, c.Tallies...)
	if h.follower != nil {
		h.follower.follow(h.t, h.options, c.Records)
	}
	if crash == crashAfterCommit {
		h.drop(p)
		return
	}
	h.tasks[p].Committed()
}

// drain commits everything that has landed.
func (h *harness) drain() {
	for p := range h.partitions {
		h.add(p, len(h.bronze[p]))
		for h.tasks[p] != nil && !h.tasks[p].Due(time.Now(), true).IsZero() {
			h.flush(p, noCrash)
		}
	}
}

// contents is what readers see of silver.
type contents struct {
	rows      []row
	keys      []string // of the manifests' files
	manifests map[string]*lake.Manifest
	ledgers   map[string]*lake.Ledger // by source and partition
}

// readTopic reads manifests and ledgers only: while the stage runs, files of
// older manifests go away.
func readTopic(t require.TestingT, from topic, o Options) contents {
	c := contents{manifests: map[string]*lake.Manifest{}, ledgers: map[string]*lake.Ledger{}}
	require.NoError(t, from.read(context.Background(), func(r stream.Record) error {
		if lake.IsLedger(r.Key) {
			l, err := lake.DecodeLedger(r.Value)
			require.NoError(t, err)
			require.Equal(t, l.Key(), string(r.Key))
			c.ledgers[sourceKey(l.Source, l.Partition)] = l
			return nil
		}
		if !lake.IsManifest(r.Key) {
			return nil
		}
		m, err := lake.DecodeManifest(r.Value)
		require.NoError(t, err)
		require.Equal(t, m.Key(), string(r.Key))
		require.Equal(t, stream.PartitionFor([]byte(m.Day), o.Partitions), r.Partition)
		if old := c.manifests[m.Key()]; old != nil {
			require.Greater(t, m.Version, old.Version)
		}
		c.manifests[m.Key()] = m
		return nil
	}))
	return c
}

func readSilver(t require.TestingT, from topic, o Options) contents {
	c := readTopic(t, from, o)
	for _, m := range c.manifests {
		c.addRows(t, o, m)
	}
	sortRows(c.rows)
	sort.Strings(c.keys)
	return c
}

func (c *contents) addRows(t require.TestingT, o Options, m *lake.Manifest) {
	require.LessOrEqual(t, len(m.Files), maxFiles)
	sum := lake.Count{}
	for _, f := range m.Files {
		r, err := lake.Fetch(context.Background(), o.Bucket, f)
		require.NoError(t, err)
		b := column.NewBatch(sales.Silver, 0)
		require.NoError(t, r.Read(b))
		require.Equal(t, f.Count, salesEvents.count(b))
		for _, row := range rowsOf(b) {
			require.Equal(t, m.Day, sales.FormatDay(sales.DayOf(row.orderTS)))
			require.Equal(t, m.Partition, row.partition)
			c.rows = append(c.rows, row)
		}
		c.keys = append(c.keys, f.Key)
		sum = sum.Add(f.Count)
	}
	require.Equal(t, sum, m.Count)
}

// rejectsIn reads the quarantine by listing it.
func rejectsIn(t require.TestingT, o Options) []string {
	var rejects []string
	for _, key := range list(t, o.Bucket, sales.Quarantine.Name+"/") {
		data, err := o.Bucket.Get(context.Background(), key)
		require.NoError(t, err)
		r, err := lake.Open(key, data)
		require.NoError(t, err)
		b := column.NewBatch(sales.Quarantine, 0)
		require.NoError(t, r.Read(b))
		for i := range b.Rows() {
			rejects = append(rejects, fmt.Sprintf("%s %s %s %d %d", b.Column("code").String(i), b.Column("field").String(i),
				b.Column("_source").String(i), b.Column("_partition").I32[i], b.Column("_offset").I64[i]))
		}
	}
	slices.Sort(rejects)
	return rejects
}

func list(t require.TestingT, bucket *blob.Bucket, prefix string) []string {
	var keys []string
	for o, err := range bucket.List(context.Background(), prefix) {
		require.NoError(t, err)
		keys = append(keys, o.Key)
	}
	return keys
}

// requireOracle compares silver with what the events should have become.
func requireOracle(t require.TestingT, from topic, o Options, events []event) contents {
	want, got := oracleOf(events), readSilver(t, from, o)
	require.Equal(t, want.rows, got.rows)
	require.Equal(t, want.rejects, rejectsIn(t, o))
	var out, lost lake.Count
	for key, l := range got.ledgers {
		require.Equal(t, lake.Count{}, l.Residual(), key)
		require.Equal(t, want.in[key], l.In, key)
		for code, n := range l.Rejected {
			require.Equal(t, want.rejected[key+"/"+string(code)], n, key)
		}
		out = out.Add(l.Out)
		lost = lost.Add(l.Duplicate).Add(l.Superseded)
	}
	require.Len(t, got.ledgers, len(want.in))
	sum := lake.Count{}
	for _, r := range got.rows {
		sum = sum.Add(lake.Count{Rows: 1, Cents: r.revenue})
	}
	require.Equal(t, sum, out)
	require.Equal(t, want.valid, out.Add(lost))
	return got
}

func tempLake(t *testing.T, n int) string { return filepath.Join(t.TempDir(), fmt.Sprint(n)) }
