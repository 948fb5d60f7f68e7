package silver

import (
	"maps"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/resync"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/pkg/stream/streamtest"
)

// pipe is lake.bronze with the stage behind it, both to be lost.
type pipe struct {
	t      *testing.T
	o      Options
	addr   string
	events []event
	split  [][]event
	taken  []int              // by partition
	landed [][]*lake.Manifest // by partition
}

const pieces = 6 // of each partition's events

func newPipe(t *testing.T) *pipe {
	const partitions = 2
	p := &pipe{t: t, o: newOptions(t, tempLake(t, 0), partitions), addr: streamtest.Cluster(t), taken: make([]int, partitions), landed: make([][]*lake.Manifest, partitions)}
	p.o.Kafka = stream.Config{Brokers: []string{p.addr}, ClientID: "test"}
	p.o.Grace = time.Hour
	p.events = randomEvents(rand.New(rand.NewPCG(5, 6)), 3000, partitions)
	p.split = byPartition(p.events, partitions)
	require.NoError(t, ensureTopics(t.Context(), p.o))
	return p
}

// land publishes the next piece of each partition and has silver take it.
func (p *pipe) land() {
	p.t.Helper()
	for i, all := range p.split {
		first := p.taken[i] * len(all) / pieces
		p.taken[i]++
		at := int64(0)
		if first > 0 {
			at = all[first-1].offset + 1
		}
		m := writeBronze(p.t, p.o.Bucket, all[first:p.taken[i]*len(all)/pieces], at)
		p.landed[i] = append(p.landed[i], m)
		p.publish(m)
	}
	p.run()
}

func (p *pipe) publish(m *lake.Manifest) {
	require.NoError(p.t, stream.Transact(p.t.Context(), p.o.Kafka, "bronze", []stream.Record{
		{Topic: sales.TopicBronze, Partition: m.Partition, Key: []byte(m.Key()), Value: m.Encode()}}))
}

// run has the stage take what there is, and ends it.
func (p *pipe) run() {
	p.t.Helper()
	i := start(p.o)
	require.Eventually(p.t, func() bool {
		n, err := stream.Pending(p.t.Context(), p.o.Kafka, Group, sales.TopicBronze)
		return err == nil && n == 0
	}, patience, 10*time.Millisecond)
	i.end(p.t)
}

func (p *pipe) entries() map[string]lake.Entry {
	have, err := resync.Topic{Kafka: p.o.Kafka, Name: sales.TopicSilver}.Entries(p.t.Context(), nil)
	require.NoError(p.t, err)
	return have
}

func (p *pipe) resync(plan bool) (written int) {
	p.t.Helper()
	counts, err := Resync(p.t.Context(), p.o, plan)
	require.NoError(p.t, err)
	for _, c := range counts {
		written += c.Written
	}
	return written
}

// objects gives all keys of the lake.
func (p *pipe) objects() []string { return list(p.t, p.o.Bucket, "") }

// finish lands the other events, and compares silver with all of them.
func (p *pipe) finish() {
	p.t.Helper()
	for p.taken[0] < pieces {
		p.land()
	}
	requireOracle(p.t, &kafkaTopic{kafka: p.o.Kafka}, p.o, p.events)
}

func encoded(entries map[string]lake.Entry) map[string]string {
	out := map[string]string{}
	for key, e := range entries {
		out[key] = string(e.Encode())
	}
	return out
}

func TestALostLakeSilverStopsAndIsWrittenBack(t *testing.T) {
	p := newPipe(t)
	p.land()
	p.land()
	before, objects := encoded(p.entries()), p.objects()
	streamtest.DeleteTopic(t, p.addr, sales.TopicSilver)
	err := Run(t.Context(), withRegistry(p.o))
	require.ErrorContains(t, err, "topic lake.silver does not have it")
	require.ErrorContains(t, err, `"silver-etl resync"`)
	require.Empty(t, p.entries())
	require.Equal(t, objects, p.objects(), "nothing is written or deleted before")

	require.Equal(t, len(before), p.resync(true))
	require.Empty(t, p.entries(), "a plan writes nothing")
	require.Equal(t, len(before), p.resync(false))
	require.True(t, maps.Equal(before, encoded(p.entries())))
	require.Zero(t, p.resync(false), "a second time changes nothing")
	p.finish()
}

// A kill came between the last commit and its copies: the input of that commit is
// taken again, and makes versions that no reader has met.
func TestALostLakeSilverWhoseLastCommitHasNoCopy(t *testing.T) {
	p := newPipe(t)
	p.land()
	copies := map[string][]byte{}
	for _, key := range list(t, p.o.Bucket, "_manifests/") {
		data, err := p.o.Bucket.Get(t.Context(), key)
		require.NoError(t, err)
		copies[key] = data
	}
	old := p.entries()
	p.land()
	before := p.entries()
	for _, key := range list(t, p.o.Bucket, "_manifests/") {
		require.NoError(t, p.o.Bucket.Delete(t.Context(), key))
	}
	for key, data := range copies {
		require.NoError(t, p.o.Bucket.Put(t.Context(), key, data))
	}
	streamtest.DeleteTopic(t, p.addr, sales.TopicSilver)
	require.Equal(t, len(old), p.resync(false))
	p.run()
	remade := 0
	for key, e := range p.entries() {
		if m, ok := e.(*lake.Manifest); ok && before[key].Age() > old[key].Age() {
			require.Greater(t, m.Version, before[key].Age(), "a version is not given twice")
			require.Equal(t, before[key].(*lake.Manifest).Count, m.Count)
			remade++
		}
	}
	require.Positive(t, remade)
	p.finish()
}

// Offsets of a lake.bronze that is gone are not compared with those of the new one.
func TestALakeBronzeThatWasWrittenBackIsNotTakenTwice(t *testing.T) {
	p := newPipe(t)
	p.land()
	p.land()
	before := encoded(p.entries())
	streamtest.DeleteTopic(t, p.addr, sales.TopicBronze)
	require.NoError(t, ensureTopics(t.Context(), p.o))
	for _, manifests := range p.landed {
		for _, m := range manifests {
			p.publish(m)
		}
	}
	p.run()
	require.True(t, maps.Equal(before, encoded(p.entries())))
	p.finish()
}

// A command needs to know what was taken of lake.bronze, so it waits until that is read.
func TestACommandWaitsForALakeBronzeThatWasMadeAnew(t *testing.T) {
	h := newHarness(t, &memoryTopic{}, tempLake(t, 0), 1)
	defer h.close()
	h.stage.inputID = "old"
	h.land([]event{simpleEvent("a", 0)})
	h.drain()
	h.drop(0)
	h.stage.inputID, h.committed[0] = "new", 0
	c := &lake.Command{Format: lake.Format, ID: "X", Kind: lake.Reprocess, From: "2020-01-01", To: "2030-01-01"}
	require.NoError(t, h.stage.board.Add(stream.Record{Key: []byte(c.Key()), Value: c.Encode()}))
	h.open(0)
	require.True(t, h.tasks[0].Due(time.Now(), false).IsZero())
	h.add(0, 10)
	require.False(t, h.tasks[0].Due(time.Now(), true).IsZero())
	h.flush(0, noCrash)
	got := readSilver(t, h.topic, h.options)
	require.Len(t, got.rows, 1)
}

func withRegistry(o Options) Options {
	o.Registry = prometheus.NewRegistry()
	return o
}
