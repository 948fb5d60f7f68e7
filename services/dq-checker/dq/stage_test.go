package dq

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"
	"go.uber.org/zap/zaptest/observer"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/control"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/pkg/stream/streamtest"
)

const partitions = 4

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is a broker and a bucket into which a test plays bronze, silver and gold.
type rig struct {
	t      *testing.T
	kafka  stream.Config
	bucket *blob.Bucket
	h      *history
	log    *zap.Logger
	spoil  func([]byte) []byte // does something to the files that publish stores
	plant  plant
	rules  string // file of the rules
	others string // products.csv
}

// plant is what is wrong with what publish says and stores, beside spoil.
type plant struct {
	rows     func(*column.Batch)  // of the orders' file
	file     func([]byte) []byte  // the whole of it, before anything is said of it
	facts    func(*lake.Manifest) // of gold
	rejected int64                // by bronze
}

func newRig(t *testing.T) *rig {
	bucket, err := blob.Open(context.Background(), blob.Options{URL: "file://" + t.TempDir(), Create: true})
	require.NoError(t, err)
	r := &rig{t: t, kafka: stream.Config{Brokers: []string{streamtest.Cluster(t)}}, bucket: bucket, h: &history{}, log: zaptest.NewLogger(t, zaptest.Level(zap.WarnLevel))}
	for _, topic := range []string{sales.TopicBronze, sales.TopicSilver, sales.TopicGold, sales.TopicVerdicts, sales.TopicLoads} {
		require.NoError(t, stream.EnsureTopics(context.Background(), r.kafka, -1, stream.TopicSpec{Name: topic, Partitions: partitions, Compacted: true}))
	}
	return r
}

// run has an instance of the stage work until done says that it is.
func (r *rig) run(done func() bool) {
	stop := r.start(prometheus.NewRegistry())
	require.Eventually(r.t, done, 30*time.Second, 100*time.Millisecond)
	stop()
}

// start has an instance of the stage work until it is stopped, or the test ends: it logs to that.
func (r *rig) start(registry *prometheus.Registry) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- Run(ctx, Options{Kafka: r.kafka, Bucket: r.bucket, Log: r.log, Registry: registry, Instance: "test", Rules: r.rules, Products: r.others,
			Partitions: partitions, Replication: -1, Samples: 3, MaxAge: time.Second, CustomTimeout: time.Minute, CustomMemory: 128 << 20})
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		require.NoError(r.t, <-ended)
	})
	r.t.Cleanup(stop)
	return stop
}

func (r *rig) verdicts() (all []*lake.Verdict) {
	require.NoError(r.t, stream.ReadToEnd(context.Background(), r.kafka, sales.TopicVerdicts, nil, func(rec stream.Record) error {
		v, err := lake.DecodeVerdict(rec.Value)
		all = append(all, v)
		return err
	}))
	return all
}

func (r *rig) until(n int) func() bool { return func() bool { return len(r.verdicts()) >= n } }

// publish is one commit of bronze, silver and gold: n orders of one day. What
// silver says of its slice may differ by off rows.
func (r *rig) publish(version int64, n int, off int64) *lake.Manifest {
	data := facts(r.t, n, r.plant.rows)
	if r.plant.file != nil {
		data = r.plant.file(data)
	}
	c := lake.Count{Rows: int64(n), Cents: cents(n)}
	f := lake.NewFile(fmt.Sprintf("silver/sales/day=2026-01-01/p=003/%08d.parquet", version), data, c)
	stored := data
	if r.spoil != nil {
		stored = r.spoil(slices.Clone(data))
	}
	require.NoError(r.t, r.bucket.Put(context.Background(), f.Key, stored))
	r.h.land(c.Rows, c.Cents-r.h.in.Cents, r.plant.rejected)
	silver := lake.Manifest{Format: lake.Format, Table: sales.TableSilver, Slice: "day=2026-01-01/p=003", Partition: partition, Version: version, Count: c, Files: []lake.File{f},
		EventTime: time.Now().UnixMicro(), Created: time.Now().UnixMicro()}
	silver.Rows += off
	l := lake.Ledger{Format: lake.Format, Stage: "silver", Source: sales.TopicEvents, Partition: partition, Version: version, Slices: []string{silver.Slice},
		Through: r.through(), Next: r.h.next, In: r.h.in, Out: c, Duplicate: lake.Count{Rows: r.h.in.Rows - c.Rows - r.h.lost}}
	gold := r.gold(version, n, silver, f)
	records := append([]stream.Record{}, r.h.bronze[len(r.h.bronze)-2:]...)
	records = append(records, r.record(sales.TopicSilver, silver.Key(), silver.Encode()), r.record(sales.TopicSilver, l.Key(), l.Encode()))
	for _, m := range gold {
		records = append(records, r.record(sales.TopicGold, m.Key(), m.Encode()))
	}
	require.NoError(r.t, stream.Transact(context.Background(), r.kafka, fmt.Sprint("test-", version), records))
	return gold[0]
}

// through is the offset after this commit's bronze records: each commit before
// it put two records and a marker.
func (r *rig) through() int64 { return int64(len(r.h.bronze)/2-1)*3 + 2 }

func (r *rig) record(topic, key string, value []byte) stream.Record {
	return stream.Record{Topic: topic, Partition: partition, Key: []byte(key), Value: value}
}

// gold makes the manifests of the day, and the aggregates' files.
func (r *rig) gold(version int64, n int, silver lake.Manifest, f lake.File) []*lake.Manifest {
	m := lake.Manifest{Format: lake.Format, Table: sales.TableFacts, Slice: "day=2026-01-01", Day: "2026-01-01", Partition: -1, Version: version, Files: []lake.File{f}, Count: f.Count, EventTime: time.Now().UnixMicro(),
		Inputs: []lake.Input{{Table: silver.Table, Slice: silver.Slice, Version: version, Count: silver.Count}}}
	if r.plant.facts != nil {
		r.plant.facts(&m)
	}
	manifests := []*lake.Manifest{&m}
	for _, schema := range goldSchemas {
		b := cells(schema, n, version)
		data := encode(r.t, schema, b)
		a := m
		a.Table, a.Count = schema.Name, lake.Count{Rows: 1, Cents: moneyOfBatch(b)}
		file := lake.NewFile(fmt.Sprintf("%s/day=2026-01-01/%08d.parquet", schema.Name, version), data, a.Count)
		require.NoError(r.t, r.bucket.Put(context.Background(), file.Key, data))
		a.Files = []lake.File{file}
		manifests = append(manifests, &a)
	}
	return manifests
}

func TestStagePassesASoundDayOnce(t *testing.T) {
	r := newRig(t)
	r.publish(1, 100, 0)
	r.run(r.until(len(goldTables)))
	for _, v := range r.verdicts() {
		require.Equal(t, lake.Pass, v.Outcome, "%+v", v.Findings)
	}
	r.publish(2, 101, 0)
	r.run(r.until(2 * len(goldTables)))
	verdicts := r.verdicts()
	require.Len(t, verdicts, 2*len(goldTables), "a restart gives no verdict again")
	for _, v := range verdicts {
		require.Equal(t, lake.Pass, v.Outcome, "%+v", v.Findings)
	}
}

func TestStageHoldsWhatIsWrong(t *testing.T) {
	r := newRig(t)
	good := r.publish(1, 100, 0)
	key := good.Files[0].Key
	data, err := r.bucket.Get(context.Background(), key)
	require.NoError(t, err)
	data[len(data)/2] ^= 1
	require.NoError(t, r.bucket.Put(context.Background(), key, data))
	r.run(r.until(len(goldTables)))
	require.Equal(t, lake.Fail, r.verdicts()[0].Outcome)
	require.Equal(t, "files", failed(r.verdicts()[0])[0])

	r.publish(2, 100, 5) // silver's manifest is off by five rows
	r.run(r.until(2 * len(goldTables)))
	require.Contains(t, failed(r.verdicts()[len(goldTables)]), "ledger")

	r.publish(3, 100, 0) // a later version passes by itself
	r.run(r.until(3 * len(goldTables)))
	for _, v := range r.verdicts()[2*len(goldTables):] {
		require.Equal(t, lake.Pass, v.Outcome, "%+v", v.Findings)
	}
}

// A table that fails holds those of its day, which name it.
func TestStageHoldsTheWholeDay(t *testing.T) {
	r := newRig(t)
	r.publish(1, 100, 0)
	require.NoError(t, r.bucket.Put(context.Background(), sales.TableDailyProducts+"/day=2026-01-01/00000001.parquet", []byte("PAR1")))
	r.run(r.until(len(goldTables)))
	for _, v := range r.verdicts() {
		require.Equal(t, lake.Fail, v.Outcome)
		if v.Manifest.Table == sales.TableDailyProducts {
			require.NotContains(t, failed(v), RuleDay)
			continue
		}
		require.Equal(t, []string{RuleDay}, failed(v))
		require.Equal(t, "held with "+sales.TableDailyProducts, v.Findings[len(v.Findings)-1].Message)
	}
}

// TestStageJudgesHeldDaysAgain restores a damaged file: nothing else would ever
// publish the day anew.
func TestStageJudgesHeldDaysAgain(t *testing.T) {
	r := newRig(t)
	key := r.publish(1, 100, 0).Files[0].Key
	good, err := r.bucket.Get(context.Background(), key)
	require.NoError(t, err)
	bad := append([]byte{}, good...)
	bad[len(bad)/2] ^= 1
	require.NoError(t, r.bucket.Put(context.Background(), key, bad))
	r.run(r.until(len(goldTables)))
	require.Equal(t, lake.Fail, r.verdicts()[0].Outcome)

	require.NoError(t, r.bucket.Put(context.Background(), key, good))
	r.run(r.until(2 * len(goldTables)))
	for _, v := range r.verdicts()[len(goldTables):] {
		require.Equal(t, lake.Pass, v.Outcome, "%+v", v.Findings)
	}
	r.publish(2, 100, 0)
	r.run(r.until(3 * len(goldTables)))
	require.Len(t, r.verdicts(), 3*len(goldTables), "a day that passed is not judged again")
}

// TestTaskWaitsForTheWholeDay gives the task the day's manifests one by one.
func TestTaskWaitsForTheWholeDay(t *testing.T) {
	task := &task{stage: &stage{Options: Options{MaxAge: time.Second}, keeper: NewKeeper(), accepted: control.NewBoard(lake.Accept)}, gate: gates[sales.TopicGold], next: 7, committed: 7, units: map[string]*unit{}}
	now := time.Now()
	for i, table := range goldTables {
		m := &lake.Manifest{Format: lake.Format, Table: table, Slice: "day=2026-01-01", Day: "2026-01-01", Version: 1}
		require.NoError(t, task.Add(context.Background(), []stream.Record{{Offset: int64(7 + i), Key: []byte(m.Key()), Value: m.Encode()}}))
		if i < len(goldTables)-1 {
			require.EqualValues(t, 7, task.upTo(), "a part of a day is not consumed")
			commit, err := task.Flush(context.Background())
			require.NoError(t, err)
			require.Equal(t, stream.Commit{Next: 7, Tallies: []stream.Tally{{Dataset: sales.TopicEvents, Rows: map[string]int64{}}}}, commit)
			task.Committed()
		}
	}
	require.EqualValues(t, 7+len(goldTables), task.upTo())
	other := &lake.Manifest{Format: lake.Format, Table: "gold/more", Slice: "day=2026-01-02", Day: "2026-01-02", Version: 1}
	require.NoError(t, task.Add(context.Background(), []stream.Record{{Offset: 20, Key: []byte(other.Key()), Value: other.Encode()}}))
	require.EqualValues(t, 21, task.upTo(), "a table without verdicts is passed over")
	require.Equal(t, now.Add(time.Minute), task.Due(now.Add(time.Minute), true))
}

func failed(v *lake.Verdict) (rules []string) {
	for _, f := range v.Findings {
		if f.Outcome == lake.Fail {
			rules = append(rules, f.Rule)
		}
	}
	return rules
}

// A day that lacks a file has no verdict, and is judged when the file is there again, also
// by an instance that was started since.
func TestADayThatLacksAFileIsJudgedLater(t *testing.T) {
	r := newRig(t)
	logs, seen := observer.New(zap.WarnLevel)
	r.log = zap.New(logs)
	key := r.publish(1, 10, 0).Files[0].Key
	data, err := r.bucket.Get(t.Context(), key)
	require.NoError(t, err)
	require.NoError(t, r.bucket.Delete(t.Context(), key))
	r.run(func() bool { return seen.FilterMessageSnippet("a file is gone").Len() > 0 })
	require.Empty(t, r.verdicts())
	require.NoError(t, r.bucket.Put(t.Context(), key, data))
	r.run(r.until(6))
	for _, v := range r.verdicts() {
		require.Equal(t, lake.Pass, v.Outcome, v.Findings)
	}
}

// The live instance tries again by itself, and waits between two tries.
func TestAUnitThatLacksAFileRests(t *testing.T) {
	start := time.Now()
	u := &unit{manifests: map[string]*lake.Manifest{}, first: 7, retry: start.Add(goneRetry)}
	for _, table := range goldTables {
		u.manifests[table] = &lake.Manifest{Table: table, Version: 1}
	}
	lacking := &task{stage: &stage{accepted: control.NewBoard(lake.Accept)}, gate: gates[sales.TopicGold], next: 9, committed: 7, judged: start, units: map[string]*unit{"2026-01-01": u}}
	require.Equal(t, int64(7), lacking.upTo(), "a restart reads its manifests again")
	require.Equal(t, u.retry, lacking.Due(start, true))
	require.Equal(t, u.retry, lacking.Due(start, false), "others do not flush for it")
}

// lake.verdicts that was lost is made again by reading lake.gold and lake.silver anew.
func TestLostVerdictsAreGivenAgain(t *testing.T) {
	r := newRig(t)
	r.publish(1, 10, 0)
	r.run(r.until(6))
	before := r.verdicts()
	streamtest.DeleteTopic(t, r.kafka.Brokers[0], sales.TopicVerdicts)
	require.NoError(t, stream.EnsureTopics(t.Context(), r.kafka, -1, stream.TopicSpec{Name: sales.TopicVerdicts, Partitions: partitions, Compacted: true}))
	for _, topic := range Topics() {
		require.NoError(t, stream.SetOffsets(t.Context(), r.kafka, Group, topic, map[int32]int64{partition: 0}))
	}
	r.run(r.until(6))
	for i, v := range r.verdicts() {
		require.Equal(t, before[i].Manifest, v.Manifest)
		require.Equal(t, before[i].Outcome, v.Outcome)
	}
}
