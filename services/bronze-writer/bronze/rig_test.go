package bronze

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
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
	"github.com/saleslake/saleslake/services/bronze-writer/files"
)

const partitions = 3

// rig is a broker in the process, a lake in a folder, and the truth of each
// dataset.
type rig struct {
	t     *testing.T
	ctx   context.Context
	addr  string
	dir   string
	kafka stream.Config
	lake  *blob.Bucket
	truth []*truth
}

func newRig(t *testing.T) *rig {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	t.Cleanup(cancel)
	r := &rig{t: t, ctx: ctx, addr: streamtest.Cluster(t), dir: t.TempDir()}
	for _, d := range datasets {
		r.truth = append(r.truth, &truth{dataset: d, rows: map[string]int64{}, rejects: map[string]string{}})
	}
	r.kafka = stream.Config{Brokers: []string{r.addr}, ClientID: "test"}
	r.lake = openLake(ctx, r.dir)
	require.NoError(t, ensureTopics(ctx, r.options(r.lake)))
	return r
}

func openLake(ctx context.Context, dir string) *blob.Bucket {
	b, err := blob.Open(ctx, blob.Options{URL: "file://" + dir, Create: true})
	if err != nil {
		panic(err)
	}
	return b
}

func (r *rig) options(b Bucket) Options {
	return Options{Kafka: r.kafka, Bucket: b, Log: zap.NewNop(), Registry: prometheus.NewRegistry(), Instance: "test", Partitions: partitions, Replication: 1,
		Bronze:         Limits{MaxRows: 500, MaxAge: 100 * time.Millisecond, MaxEventBytes: 1 << 10, QueueBytes: 8 << 20},
		SessionTimeout: 3 * time.Second, TransactionTimeout: 10 * time.Second}
}

// publish sends n events of each dataset, some of them bad in each way.
func (r *rig) publish(n int) {
	p, err := stream.NewPublisher(r.kafka)
	require.NoError(r.t, err)
	defer p.Close()
	for range n {
		for _, tr := range r.truth {
			require.NoError(r.t, p.Publish(r.ctx, tr.event()))
		}
	}
	require.NoError(r.t, p.Flush(r.ctx))
}

// running is a stage that was started.
type running struct {
	stop context.CancelFunc
	done chan error
}

func (r *rig) run(o Options) *running {
	ctx, stop := context.WithCancel(r.ctx)
	i := &running{stop, make(chan error, 1)}
	go func() { i.done <- Run(ctx, o) }()
	return i
}

func (i *running) end() error {
	i.stop()
	return <-i.done
}

// drained waits until the group has committed everything.
func (r *rig) drained() {
	require.Eventually(r.t, func() bool {
		for _, topic := range Topics() {
			next, err := stream.Committed(r.ctx, r.kafka, Group, topic)
			require.NoError(r.t, err)
			end, err := stream.EndOffsets(r.ctx, r.kafka, topic)
			require.NoError(r.t, err)
			for p, n := range end {
				if n > 0 && next[p] != n {
					return false
				}
			}
		}
		return true
	}, time.Minute, 20*time.Millisecond, "the stage does not reach the end")
}

// manifests gives the keys of all published slices.
func (r *rig) manifests() map[string]bool {
	out := map[string]bool{}
	require.NoError(r.t, stream.ReadToEnd(r.ctx, r.kafka, sales.TopicBronze, nil, func(record stream.Record) error {
		if !lake.IsLedger(record.Key) {
			out[string(record.Key)] = true
		}
		return nil
	}))
	return out
}

func (r *rig) files(prefix string) map[string][]byte {
	out := map[string][]byte{}
	for o, err := range r.lake.List(r.ctx, prefix) {
		require.NoError(r.t, err)
		if strings.HasSuffix(o.Key, ".parquet") {
			data, err := r.lake.Get(r.ctx, o.Key)
			require.NoError(r.t, err)
			out[o.Key] = data
		}
	}
	return out
}

func read(t *testing.T, key string, data []byte, s *column.Schema) *column.Batch {
	f, err := lake.Open(key, data)
	require.NoError(t, err)
	b := column.NewBatch(s, 0)
	require.NoError(t, f.Read(b))
	return b
}

// metric gives a counter's value, that of a dataset where it has the label.
func metric(t *testing.T, o Options, name string, labels ...string) float64 {
	families, err := o.Registry.(*prometheus.Registry).Gather()
	require.NoError(t, err)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			values := map[string]bool{}
			for _, l := range m.GetLabel() {
				values[l.GetValue()] = true
			}
			if f.GetName() == name && !slices.ContainsFunc(labels, func(l string) bool { return !values[l] }) {
				return m.GetCounter().GetValue()
			}
		}
	}
	t.Fatalf("no metric %s", name)
	return 0
}

// hooked is a bucket that tells of its writes before and after them.
type hooked struct {
	*blob.Bucket
	before, after func(key string) error
}

func (h *hooked) Put(ctx context.Context, key string, body []byte) error {
	return h.around(key, func() error { return h.Bucket.Put(ctx, key, body) })
}

func (h *hooked) PutNew(ctx context.Context, key string, body []byte) error {
	return h.around(key, func() error { return h.Bucket.PutNew(ctx, key, body) })
}

func (h *hooked) around(key string, put func() error) error {
	if h.before != nil {
		if err := h.before(key); err != nil {
			return err
		}
	}
	if err := put(); err != nil || h.after == nil {
		return err
	}
	return h.after(key)
}

// child is a stage in a process of its own, to be killed as a machine kills.
type child struct {
	Addr, Dir, KillAt string
	KillAfter         int64
	MaxRows           int
	Ingest            string // the file to ingest instead of running the stage
}

const childVariable = "BRONZE_CHILD"

func TestMain(m *testing.M) {
	text := os.Getenv(childVariable)
	if text == "" {
		os.Exit(m.Run())
	}
	var c child
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		panic(err)
	}
	if err := c.run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func (c child) run() error {
	var passed atomic.Int64
	reach := func(step string) {
		if step == c.KillAt && passed.Add(1) > c.KillAfter {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	}
	r := &rig{kafka: stream.Config{Brokers: []string{c.Addr}, ClientID: "child"}}
	o := r.options(&hooked{Bucket: openLake(context.Background(), c.Dir), after: func(key string) error {
		folder, _, _ := strings.Cut(key, "/")
		reach(folder)
		return nil
	}})
	if c.Ingest != "" {
		_, err := ingestFile(context.Background(), o, IngestOptions{File: files.File{Name: c.Ingest}}, small)
		return err
	}
	o.Fault, o.Bronze.MaxRows = reach, c.MaxRows
	return Run(context.Background(), o)
}

func (r *rig) child(killAt string) {
	cmd := r.start(child{KillAt: killAt, KillAfter: rand.Int64N(4), MaxRows: 50 + rand.IntN(500)})
	err := cmd.Wait()
	var exit *exec.ExitError
	require.ErrorAs(r.t, err, &exit)
	require.Equal(r.t, syscall.SIGKILL, exit.Sys().(syscall.WaitStatus).Signal(), killAt)
}

func (r *rig) start(c child) *exec.Cmd {
	c.Addr, c.Dir = r.addr, r.dir
	text, err := json.Marshal(c)
	require.NoError(r.t, err)
	cmd := exec.CommandContext(r.ctx, os.Args[0])
	cmd.Env, cmd.Stderr = append(os.Environ(), childVariable+"="+string(text)), os.Stderr
	require.NoError(r.t, cmd.Start())
	return cmd
}
