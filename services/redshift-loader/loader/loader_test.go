package loader_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap/zaptest"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/pkg/stream/streamtest"
	"github.com/saleslake/saleslake/services/redshift-loader/loader"
	"github.com/saleslake/saleslake/services/redshift-loader/warehouse"
	"github.com/saleslake/saleslake/services/redshift-loader/warehouse/warehousetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	patience   = 30 * time.Second
	partitions = 2
)

// bench is a broker, a lake and a warehouse that the loader runs between.
type bench struct {
	t         *testing.T
	kafka     stream.Config
	lake      *warehousetest.Lake
	warehouse *warehouse.Warehouse
	registry  *prometheus.Registry
}

func newBench(t *testing.T) *bench {
	t.Helper()
	return newBenchOn(t, warehouse.Options{Dialect: warehouse.DuckDB, Source: filepath.Join(t.TempDir(), "w.duckdb")})
}

func newBenchOn(t *testing.T, o warehouse.Options) *bench {
	t.Helper()
	b := &bench{t: t, lake: warehousetest.NewLake(t), kafka: stream.Config{Brokers: []string{streamtest.Cluster(t)}}}
	require.NoError(t, stream.EnsureTopics(t.Context(), b.kafka, 1, stream.TopicSpec{Name: sales.TopicVerdicts, Partitions: partitions, Compacted: true}))
	o.Files = b.lake.Bucket
	if o.Dialect == warehouse.Redshift {
		o.Files = warehousetest.S3Files{Bucket: b.lake.Bucket}
	}
	var err error
	b.warehouse, err = warehouse.Open(o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.warehouse.Close()) })
	return b
}

// start runs the loader until the function that it answers is called.
func (b *bench) start(change func(*loader.Options)) (stop func()) {
	b.t.Helper()
	b.registry = prometheus.NewRegistry()
	o := loader.Options{Kafka: b.kafka, Warehouse: b.warehouse, Log: zaptest.NewLogger(b.t), Registry: b.registry,
		Instance: "test", Partitions: partitions, Replication: 1}
	if change != nil {
		change(&o)
	}
	ctx, cancel := context.WithCancel(b.t.Context())
	done := make(chan error, 1)
	go func() { done <- loader.Run(ctx, o) }()
	return func() {
		b.t.Helper()
		cancel()
		require.NoError(b.t, <-done)
	}
}

// publish puts verdicts where dq-checker would.
func (b *bench) publish(verdicts ...*lake.Verdict) {
	b.t.Helper()
	records := make([]stream.Record, len(verdicts))
	for i, v := range verdicts {
		records[i] = stream.Record{Topic: sales.TopicVerdicts, Key: []byte(v.Key()), Value: v.Encode(),
			Partition: stream.PartitionFor([]byte(v.Manifest.Day), partitions)}
	}
	require.NoError(b.t, stream.Transact(b.t.Context(), b.kafka, "test", records))
}

// await waits until the facts are these: event, day, money.
func (b *bench) await(want ...string) {
	b.t.Helper()
	require.EventuallyWithT(b.t, func(c *assert.CollectT) {
		a, err := b.warehouse.Select(context.Background(), "SELECT event_id, order_date, revenue FROM sales.fact_sales ORDER BY order_id")
		require.NoError(c, err)
		found := []string{}
		for _, row := range a.Rows {
			found = append(found, fmt.Sprint(row[0], " ", row[1], " ", row[2]))
		}
		require.Equal(c, want, found)
	}, patience, 20*time.Millisecond)
}

// awaitCommitted waits until the group has taken all that was published.
func (b *bench) awaitCommitted() {
	b.t.Helper()
	require.EventuallyWithT(b.t, func(c *assert.CollectT) {
		next, err := stream.Committed(b.t.Context(), b.kafka, loader.Group, sales.TopicVerdicts)
		require.NoError(c, err)
		ends, err := stream.EndOffsets(b.t.Context(), b.kafka, sales.TopicVerdicts)
		require.NoError(c, err)
		for p, end := range ends {
			if end > 0 {
				require.GreaterOrEqual(c, next[p], end-1, "partition %d; the last record is the transaction's marker", p)
			}
		}
	}, patience, 20*time.Millisecond)
}

func TestLoadsWhatPassedAndHoldsWhatFailed(t *testing.T) {
	b := newBench(t)
	failed := b.lake.Facts("2026-01-02", 1, warehousetest.Order{ID: "B", Day: "2026-01-02", Version: 1, Cents: 5})
	failed.Outcome = lake.Fail
	b.publish(append(b.lake.All("2026-01-01", 1, warehousetest.Order{ID: "A", Day: "2026-01-01", Version: 1, Cents: 100}), failed)...)
	stop := b.start(nil)
	b.await("A.1 2026-01-01 1.00")

	b.publish(b.lake.Facts("2026-01-02", 2, warehousetest.Order{ID: "B", Day: "2026-01-02", Version: 2, Cents: 6}))
	b.await("A.1 2026-01-01 1.00", "B.2 2026-01-02 0.06")
	b.awaitCommitted()
	require.InDelta(t, 7, b.metric("sales_load_slices_total", "loaded"), 0)
	require.InDelta(t, 1, b.metric("sales_load_slices_total", "held"), 0)
	require.Eventually(t, func() bool { return b.metric("sales_stage_rows_total", sales.TopicEvents) == 2 }, patience, 20*time.Millisecond, "one row of each day")
	stop()

	loads := b.loads()
	require.Len(t, loads, 7)
	require.Contains(t, loads, "gold/fact_sales/day=2026-01-01 1 1 100")
	require.Contains(t, loads, "gold/fact_sales/day=2026-01-02 2 1 6", "the version that failed was never loaded")

	stop = b.start(nil)
	b.publish(b.lake.Facts("2026-01-01", 2))
	b.await("B.2 2026-01-02 0.06")
	stop()
	n, err := testutil.GatherAndCount(b.registry, "sales_load_ledger_rows")
	require.NoError(t, err)
	require.Equal(t, 6, n, "the ledger's tables")
}

// metric sums the series of a metric that have the label value.
func (b *bench) metric(name, label string) float64 {
	families, err := b.registry.Gather()
	require.NoError(b.t, err)
	sum := 0.0
	for _, f := range families {
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if f.GetName() == name && l.GetValue() == label {
					sum += m.GetCounter().GetValue()
				}
			}
		}
	}
	return sum
}

// A slice that lacks a file holds up nothing, and is loaded when the file is there again,
// also by a loader that was started after its verdict was consumed.
func TestASliceThatLacksAFileIsTriedAgain(t *testing.T) {
	b := newBench(t)
	lacking := b.lake.Facts("2026-01-01", 1, warehousetest.Order{ID: "A", Day: "2026-01-01", Version: 1, Cents: 100})
	key := lacking.Manifest.Files[0].Key
	data, err := b.lake.Bucket.Get(t.Context(), key)
	require.NoError(t, err)
	require.NoError(t, b.lake.Bucket.Delete(t.Context(), key))
	b.publish(lacking, b.lake.Facts("2026-01-02", 1, warehousetest.Order{ID: "B", Day: "2026-01-02", Version: 1, Cents: 5}))
	stop := b.start(nil)
	b.await("B.1 2026-01-02 0.05")
	b.awaitCommitted()
	require.Eventually(t, func() bool { return b.metric("sales_load_slices_total", "gone") >= 2 }, patience, 20*time.Millisecond, "it is tried again")
	stop()

	stop = b.start(nil)
	require.Eventually(t, func() bool { return b.metric("sales_load_slices_total", "gone") >= 1 }, patience, 20*time.Millisecond, "it is taken up again")
	require.NoError(t, b.lake.Bucket.Put(t.Context(), key, data))
	b.await("A.1 2026-01-01 1.00", "B.1 2026-01-02 0.05")
	stop()
}

// A warehouse that was restored from a backup, or made anew, catches up when the loader
// starts, though all verdicts are consumed.
func TestAWarehouseThatLostLoadsCatchesUp(t *testing.T) {
	b := newBench(t)
	b.publish(b.lake.All("2026-01-01", 1, warehousetest.Order{ID: "A", Day: "2026-01-01", Version: 1, Cents: 100})...)
	stop := b.start(nil)
	b.await("A.1 2026-01-01 1.00")
	b.awaitCommitted()
	stop()
	require.NoError(t, b.warehouse.Close())
	var err error
	b.warehouse, err = warehouse.Open(warehouse.Options{Dialect: warehouse.DuckDB, Files: b.lake.Bucket})
	require.NoError(t, err)
	stop = b.start(nil)
	b.await("A.1 2026-01-01 1.00")
	require.Eventually(t, func() bool { return b.metric("sales_load_slices_total", "loaded") == 6 }, patience, 20*time.Millisecond, "counted after the commit")
	stop()
}

// Verdicts that were lost with their topic come again by dq-checker: what is loaded stays,
// what is new is loaded.
func TestVerdictsThatWereLostAndGivenAgain(t *testing.T) {
	b := newBench(t)
	verdicts := b.lake.All("2026-01-01", 1, warehousetest.Order{ID: "A", Day: "2026-01-01", Version: 1, Cents: 100})
	b.publish(verdicts...)
	stop := b.start(nil)
	b.await("A.1 2026-01-01 1.00")
	b.awaitCommitted()
	stop()
	streamtest.DeleteTopic(t, b.kafka.Brokers[0], sales.TopicVerdicts)
	require.NoError(t, stream.EnsureTopics(t.Context(), b.kafka, 1, stream.TopicSpec{Name: sales.TopicVerdicts, Partitions: partitions, Compacted: true}))
	b.publish(append(verdicts, b.lake.Facts("2026-01-02", 1, warehousetest.Order{ID: "B", Day: "2026-01-02", Version: 1, Cents: 5}))...)
	stop = b.start(nil)
	b.await("A.1 2026-01-01 1.00", "B.1 2026-01-02 0.05")
	b.awaitCommitted()
	require.InDelta(t, 1, b.metric("sales_load_slices_total", "loaded"), 0)
	stop()
}

// A crash between the load and the commit of the offset makes the verdict come again.
func TestALoadThatKafkaDoesNotKnowOfIsHarmless(t *testing.T) {
	b := newBench(t)
	verdicts := b.lake.All("2026-01-01", 1, warehousetest.Order{ID: "A", Day: "2026-01-01", Version: 1, Cents: 100})
	_, err := b.warehouse.Migrate(t.Context())
	require.NoError(t, err)
	_, err = b.warehouse.Load(t.Context(), verdicts)
	require.NoError(t, err)
	b.publish(verdicts...)
	stop := b.start(nil)
	b.awaitCommitted()
	b.await("A.1 2026-01-01 1.00")
	require.InDelta(t, 0, b.metric("sales_load_slices_total", "loaded"), 0)
	stop()
	require.Contains(t, b.loads(), "gold/fact_sales/day=2026-01-01 1 1 100", "though another process loaded it")
}

// loads gives what was published of loads, newest last: slice, version, rows, cents.
func (b *bench) loads() (texts []string) {
	require.NoError(b.t, stream.ReadToEnd(b.t.Context(), b.kafka, sales.TopicLoads, nil, func(r stream.Record) error {
		l, err := lake.DecodeLoaded(r.Value)
		if err == nil {
			require.Equal(b.t, l.Key(), string(r.Key))
			require.InDelta(b.t, time.Now().UnixMicro(), l.Loaded, float64(patience.Microseconds()))
			texts = append(texts, fmt.Sprint(l.Key(), " ", l.Version, " ", l.Rows, " ", l.Cents))
		}
		return err
	}))
	return texts
}

// flaky is a warehouse that is away for some calls.
type flaky struct {
	loader.Warehouse
	mu       sync.Mutex
	migrates int // calls of Migrate that fail
	loads    int // calls of Load that fail
	err      error
}

func (f *flaky) Migrate(ctx context.Context) ([]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.migrates--; f.migrates >= 0 {
		return nil, f.err
	}
	return f.Warehouse.Migrate(ctx)
}

func (f *flaky) Load(ctx context.Context, verdicts []*lake.Verdict) (warehouse.Result, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.loads--; f.loads >= 0 {
		return warehouse.Result{}, f.err
	}
	return f.Warehouse.Load(ctx, verdicts)
}

func TestAWarehouseThatIsAwayLosesNothing(t *testing.T) {
	b := newBench(t)
	away := fmt.Errorf("%w: connection refused", warehouse.ErrUnavailable)
	var mu sync.Mutex
	var reasons []string
	stop := b.start(func(o *loader.Options) {
		o.Warehouse = &flaky{Warehouse: b.warehouse, migrates: 2, loads: 2, err: away}
		o.Waiting = func(reason string) {
			mu.Lock()
			defer mu.Unlock()
			reasons = append(reasons, reason)
		}
	})
	b.publish(b.lake.Facts("2026-01-01", 1, warehousetest.Order{ID: "A", Day: "2026-01-01", Version: 1, Cents: 100}))
	require.Eventually(t, func() bool { mu.Lock(); defer mu.Unlock(); return slices.Contains(reasons, "") }, patience, 10*time.Millisecond, "the schema is there")
	b.await("A.1 2026-01-01 1.00")
	b.awaitCommitted()
	stop()
	mu.Lock()
	defer mu.Unlock()
	require.Equal(t, []string{away.Error(), away.Error(), ""}, reasons[:3], "readiness tells what is waited for")
	require.Equal(t, []string{away.Error(), away.Error(), ""}, reasons[3:6])
}

// A server that goes away in the middle of a load, and comes back when the loader has
// found out, loses and doubles nothing; nobody touches the loader.
func TestTheServerRestartsInTheMiddleOfALoad(t *testing.T) {
	server := warehousetest.StartPostgres(t)
	proxy := warehousetest.StartRedshift(t, server)
	for dialect, database := range map[string]func(*testing.T) string{
		warehouse.Postgres: func(t *testing.T) string { return server.Database(t) },
		warehouse.Redshift: proxy.Database,
	} {
		t.Run(dialect, func(t *testing.T) {
			var at atomic.Value // the step before which the server goes away, once
			at.Store("")
			stopped, away := make(chan struct{}, 1), make(chan struct{}, 1)
			b := newBenchOn(t, warehouse.Options{Dialect: dialect, Source: database(t), IAMRole: "default", Step: func(step string) {
				if at.CompareAndSwap(step, "") {
					server.Stop()
					stopped <- struct{}{}
				}
			}})
			stop := b.start(func(o *loader.Options) {
				o.Waiting = func(reason string) {
					if reason != "" {
						select {
						case away <- struct{}{}:
						default:
						}
					}
				}
			})
			var want []string
			for i, step := range []string{"begin", "lock_ledger", "stage_sales", "insert_facts", "commit"} {
				order := warehousetest.Order{ID: fmt.Sprint("A", i), Day: fmt.Sprintf("2026-01-%02d", i+1), Version: 1, Cents: 100}
				at.Store(step)
				b.publish(b.lake.All(order.Day, 1, order)...)
				for what, seen := range map[string]chan struct{}{"stopped the server": stopped, "found out that it is away": away} {
					select {
					case <-seen:
					case <-time.After(patience):
						t.Fatal("the loader has not ", what, ", step ", step)
					}
				}
				server.Start(t)
				want = append(want, fmt.Sprintf("A%d.1 %s 1.00", i, order.Day))
				b.await(want...)
				b.awaitCommitted()
				select { // both partitions may have found out
				case <-away:
				default:
				}
			}
			stop()
			count, err := b.warehouse.Facts(t.Context())
			require.NoError(t, err)
			require.Equal(t, lake.Count{Rows: 5, Cents: 500}, count)
		})
	}
}

func TestTotalsThatDoNotAgreeStopTheStage(t *testing.T) {
	b := newBench(t)
	wrong := b.lake.Facts("2026-01-01", 1, warehousetest.Order{ID: "A", Day: "2026-01-01", Version: 1, Cents: 100})
	wrong.Manifest.Rows = 2
	b.publish(wrong)
	err := loader.Run(t.Context(), loader.Options{Kafka: b.kafka, Warehouse: b.warehouse, Log: zaptest.NewLogger(t), Instance: "test", Partitions: partitions})
	var mismatch *warehouse.MismatchError
	require.ErrorAs(t, err, &mismatch)
	require.Equal(t, "gold/fact_sales/day=2026-01-01", mismatch.Slice)
}

func TestAnUnusableFileOfMembersStopsTheStart(t *testing.T) {
	b := newBench(t)
	err := loader.Run(t.Context(), loader.Options{Kafka: b.kafka, Warehouse: b.warehouse, Log: zaptest.NewLogger(t), Instance: "test", Partitions: partitions, Products: "none.csv"})
	require.ErrorContains(t, err, "none.csv")
	require.NotErrorIs(t, err, warehouse.ErrUnavailable)
}
