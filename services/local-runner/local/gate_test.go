package local

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/config"
	"github.com/saleslake/saleslake/pkg/registry"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/pkg/stream/streamtest"
	"github.com/saleslake/saleslake/services/dq-checker/dq"
	"github.com/saleslake/saleslake/services/redshift-loader/loader"
	"github.com/saleslake/saleslake/services/redshift-loader/warehouse"
)

// What a process of the test is told: a stage, broker, lake, and the step at which it dies.
const gateStage, gateBroker, gateLake, gateStep = "GATE_STAGE", "GATE_BROKER", "GATE_LAKE", "GATE_STEP"

func TestMain(m *testing.M) {
	if stage := os.Getenv(gateStage); stage != "" {
		if err := runGate(stage); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// runGate is a process with dq-checker or the loader, which kills itself when it first
// reaches the step.
func runGate(stage string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	die := func(step string) {
		if step == os.Getenv(gateStep) {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	}
	folder := os.Getenv(gateLake)
	bucket, err := blob.Open(ctx, blob.Options{URL: "file://" + folder})
	if err != nil {
		return err
	}
	r := &runner{Options: Options{Settings: gateSettings(), Registry: prometheus.NewRegistry(), Log: zap.NewNop()},
		kafka: stream.Config{Brokers: []string{os.Getenv(gateBroker)}, ClientID: stage}, bucket: bucket}
	if stage == dq.Group {
		o := r.dqOptions()
		o.Session, o.Transaction, o.Fault = time.Second, 2*time.Second, die
		return dq.Run(ctx, o)
	}
	if r.warehouse, err = warehouse.Open(warehouse.Options{Dialect: config.DuckDB, Source: filepath.Join(folder, "warehouse.duckdb"), Files: bucket}); err != nil {
		return err
	}
	defer func() { _ = r.warehouse.Close() }()
	o := r.loaderOptions()
	o.Session, o.Transaction, o.Fault = time.Second, 2*time.Second, die
	return loader.Run(ctx, o)
}

func gateSettings() config.Pipeline {
	s := settings()
	s.Lake.Partitions, s.Warehouse.LoadEvery = 2, 0
	return s
}

// gate is a lake whose broker runs here, and dq-checker and the loader in processes of
// their own.
type gate struct {
	*testing.T
	*runner
}

// start runs a stage as a process that dies at the step, or never when that is empty.
func (g *gate) start(stage, step string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), gateStage+"="+stage, gateBroker+"="+g.kafka.Brokers[0], gateLake+"="+g.Lake, gateStep+"="+step)
	cmd.Stderr = &bytes.Buffer{}
	require.NoError(g, cmd.Start())
	return cmd
}

func (g *gate) stop(cmd *exec.Cmd) {
	require.NoError(g, cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(g, cmd.Wait(), cmd.Stderr)
}

// day brings orders of a day as far as gold.
func (g *gate) day(day string) {
	const header = "event_id,event_ts,order_id,order_ts,customer_id,product_id,category,region,quantity,unit_price,revenue,status,payment_method,currency\n"
	var text strings.Builder
	text.WriteString(header)
	for i := range gateOrders {
		fmt.Fprintf(&text, "%s-%d,%sT10:00:00Z,%s-%d,%sT10:00:00Z,C-1,P-1,Books,Europe,1,10.00,10.00,completed,card,USD\n", day, i, day, day, i, day)
	}
	path := filepath.Join(g.TempDir(), day+".csv")
	require.NoError(g, os.WriteFile(path, []byte(text.String()), 0o600))
	g.Inputs, g.Registry = []string{path}, prometheus.NewRegistry()
	var err error
	g.inputs, err = g.find(g.Context())
	require.NoError(g, err)
	require.NoError(g, g.ingest(g.Context()))
	for _, s := range g.stages()[1:3] {
		require.NoError(g, g.together(g.Context(), []stage{s}, func(context.Context) error { return nil }))
	}
}

const gateOrders = 20

// damage changes a byte of each file of a table's day, and gives what undoes that.
func (g *gate) damage(table, day string) (undo func()) {
	paths, err := filepath.Glob(filepath.Join(g.Lake, table, "day="+day, "*.parquet"))
	require.NoError(g, err)
	more, err := filepath.Glob(filepath.Join(g.Lake, table, "day="+day, "*", "*.parquet"))
	require.NoError(g, err)
	paths = append(paths, more...)
	require.NotEmpty(g, paths)
	before := map[string][]byte{}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		require.NoError(g, err)
		before[path] = bytes.Clone(data)
		data[len(data)/2] ^= 1
		require.NoError(g, os.WriteFile(path, data, 0o600))
	}
	return func() {
		for path, data := range before {
			require.NoError(g, os.WriteFile(path, data, 0o600))
		}
	}
}

// drained waits until the two have nothing left to do.
func (g *gate) drained() {
	left := func() (sum int64) {
		for topic, group := range map[string]string{sales.TopicGold: dq.Group, sales.TopicSilver: dq.Group, sales.TopicVerdicts: loader.Group, sales.TopicLoads: dq.Group} {
			n, err := stream.Pending(g.Context(), g.kafka, group, topic)
			if err != nil {
				return 1
			}
			sum += n
		}
		return sum
	}
	require.Eventually(g, func() bool { return left() == 0 }, time.Minute, 50*time.Millisecond)
}

// loaded gives the orders that the warehouse has of each day, which both tables must agree on.
func (g *gate) loaded() map[string]int {
	db, err := sql.Open("duckdb", filepath.Join(g.Lake, "warehouse.duckdb")+"?access_mode=read_only")
	require.NoError(g, err)
	defer func() { require.NoError(g, db.Close()) }()
	read := func(query string) map[string]int {
		rows, err := db.Query(query)
		require.NoError(g, err)
		defer func() { _ = rows.Close() }()
		days := map[string]int{}
		for rows.Next() {
			var day string
			var n int
			require.NoError(g, rows.Scan(&day, &n))
			days[day] = n
		}
		require.NoError(g, rows.Err())
		return days
	}
	facts := read("select cast(order_date as varchar), count(*) from sales.fact_sales group by 1")
	require.Equal(g, facts, read("select cast(order_date as varchar), cast(sum(orders) as integer) from sales.agg_daily_sales group by 1"))
	return facts
}

// Every second day is damaged, and dq-checker or the loader is killed at each step of its
// commit while it has the day: what failed is never loaded, nothing waits behind it, and it
// resumes by itself when its files are restored.
func TestNothingThatFailsIsLoadedWhateverDies(t *testing.T) {
	o := options(t)
	o.Settings = gateSettings()
	bucket, err := blob.Open(t.Context(), blob.Options{URL: "file://" + o.Lake, Create: true})
	require.NoError(t, err)
	r := &runner{Options: o, bucket: bucket, report: &Report{}, kafka: stream.Config{Brokers: []string{streamtest.Cluster(t)}, ClientID: "test"}} // a broker that lets sessions be short
	require.NoError(t, registry.Register(t.Context(), r.bucket, schemas...))
	g := &gate{t, r}
	var undo []func()
	want, all := map[string]int{}, map[string]int{}
	var number atomic.Int32
	for _, victim := range []string{dq.Group, loader.Group} {
		for _, step := range []string{stream.StepUploaded, stream.StepBegun, stream.StepProduced, stream.StepOffsets, stream.StepCommitted} {
			n := number.Add(1)
			sound, damaged := fmt.Sprintf("2026-01-%02d", 2*n-1), fmt.Sprintf("2026-01-%02d", 2*n)
			g.day(sound)
			g.day(damaged)
			undo = append(undo, g.damage([]string{sales.TableDailySales, sales.TableHourlySales}[n%2], damaged))
			want[sound], all[sound], all[damaged] = gateOrders, gateOrders, gateOrders

			other := map[string]string{dq.Group: loader.Group, loader.Group: dq.Group}[victim]
			dying, living := g.start(victim, step), g.start(other, "")
			require.ErrorContains(t, dying.Wait(), "killed", "%s at %s: %s", victim, step, dying.Stderr)
			again := g.start(victim, "")
			g.drained()
			g.stop(again)
			g.stop(living)
			require.Equal(t, want, g.loaded(), "%s killed when %s", victim, step)
		}
	}
	for _, restore := range undo {
		restore()
	}
	checker, load := g.start(dq.Group, ""), g.start(loader.Group, "")
	verdicts := func() (failed int) {
		s, err := readState(t.Context(), g.kafka, []string{sales.TopicVerdicts})
		require.NoError(t, err)
		for _, v := range s.verdicts {
			if !v.Passed() {
				failed++
			}
		}
		return failed
	}
	require.Eventually(t, func() bool { return verdicts() == 0 }, time.Minute, 100*time.Millisecond)
	g.drained()
	g.stop(checker)
	g.stop(load)
	require.Equal(t, all, g.loaded())
}
