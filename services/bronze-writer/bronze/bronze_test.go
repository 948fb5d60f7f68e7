package bronze

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/services/bronze-writer/decode"
)

func TestEverythingLandsOnce(t *testing.T) {
	r := newRig(t)
	ignore := goleak.IgnoreCurrent()
	r.publish(5000)
	o := r.options(r.lake)
	i := r.run(o)
	r.publish(1000)
	r.drained()
	require.NoError(t, i.end())
	r.requireTruth()
	require.Zero(t, metric(t, o, "sales_bronze_adopted_total"))
	for _, tr := range r.truth {
		require.Equal(t, float64(len(tr.rows)), metric(t, o, "sales_stage_rows_total", tr.topic, stream.Out))
	}
	goleak.VerifyNone(t, ignore)

	i = r.run(r.options(r.lake)) // and it goes on where it was
	r.publish(1000)
	r.drained()
	require.NoError(t, i.end())
	r.requireTruth()
	for key := range r.requireManifests() {
		key = "_manifests/" + strings.TrimSuffix(key, ".parquet") + ".json"
		copied, err := r.lake.Exists(r.ctx, key)
		require.NoError(t, err)
		require.True(t, copied, key)
	}
}

// Killed at every step, by a batch size that differs each time.
func TestKilledAtEveryStep(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	steps := []string{"bronze", "quarantine", stream.StepUploaded, stream.StepBegun, stream.StepProduced, stream.StepOffsets, stream.StepCommitted}
	for _, step := range steps {
		r.publish(3000)
		r.child(step)
		if step == "bronze" || step == stream.StepUploaded {
			require.Greater(t, len(r.files("bronze/")), len(r.manifests()), "there is nothing to adopt after a kill at %s", step)
		}
	}
	i := r.run(r.options(r.lake))
	r.drained()
	require.NoError(t, i.end())
	r.requireTruth()
}

// crashed leaves the file of one batch of each partition, of at most maxRows
// records, without a commit; as an owner would that dies after its upload.
func (r *rig) crashed(maxRows int) {
	o := r.options(r.lake)
	s, err := newStage(r.ctx, o)
	require.NoError(r.t, err)
	for _, topic := range Topics() {
		next, err := stream.Committed(r.ctx, r.kafka, Group, topic)
		require.NoError(r.t, err)
		for p := range int32(partitions) {
			task, err := s.Open(r.ctx, stream.Partition{Topic: topic, ID: p}, next[p])
			require.NoError(r.t, err)
			added := 0
			require.NoError(r.t, stream.ReadToEnd(r.ctx, r.kafka, topic, []int32{p}, func(record stream.Record) error {
				if added++; record.Offset < next[p] || added > maxRows {
					return nil
				}
				return task.Add(r.ctx, []stream.Record{record})
			}))
			_, err = task.Flush(r.ctx)
			require.NoError(r.t, err)
			task.Close()
		}
	}
}

func TestAdoption(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ before, after int }{{700, 100}, {100, 700}, {300, 300}} {
		t.Run(fmt.Sprintf("%d then %d", c.before, c.after), func(t *testing.T) {
			r := newRig(t)
			r.publish(6000)
			r.crashed(c.before)
			old := r.files("bronze/")
			require.Len(t, old, 2*partitions)
			o := r.options(r.lake)
			o.Bronze.MaxRows = c.after
			i := r.run(o)
			r.drained()
			require.NoError(t, i.end())
			r.requireTruth()
			require.Equal(t, float64(2*partitions), metric(t, o, "sales_bronze_adopted_total"))
			for key, data := range r.files("bronze/") {
				if was, ok := old[key]; ok {
					require.Equal(t, was, data, "replaced")
				}
			}
		})
	}
}

// A row that an older writer left out is a reject whose text makes it again.
func TestRowJSONMakesTheRowAgain(t *testing.T) {
	values := map[string][]string{
		sales.TopicEvents: {`{"event_id":"e","event_ts":"2026-01-31T12:00:00.500000Z","order_id":"O","order_ts":"2026-01-31T11:00:00.000000Z","customer_id":"C",` +
			`"product_id":"P","category":"\"B\"","region":"Europe","quantity":1,"unit_price":"1.00","revenue":"2.50","status":"completed","currency":"USD","schema_version":1,"note":[true]}`},
		sales.TopicCustomers: {
			`{"customer_id":"C","updated_ts":"2026-01-31T12:00:00.000000Z","name":"A","email":"a","segment":"s","city":"Porto","country":"PT","deleted":false,"vip":1}`,
			`{"customer_id":"C","updated_ts":"2026-01-31T12:00:00.000000Z","deleted":true}`,
		},
	}
	for _, d := range datasets {
		j := decode.NewJSON(d.Dataset, decode.Options{MaxBytes: 1 << 20})
		for _, value := range values[d.topic] {
			b := column.NewBatch(d.Schema, 0)
			require.Nil(t, j.Decode([]byte(value)), value)
			j.AppendTo(b, decode.Origin{})
			require.Equal(t, value, string(d.rowJSON(b, 0)))
		}
	}
}

// A file that holds more than there is to read yet is waited for.
func TestAdoptionWaitsForTheRest(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.publish(3000)
	r.crashed(700)
	o := r.options(r.lake)
	s, err := newStage(r.ctx, o)
	require.NoError(t, err)
	opened, err := s.Open(r.ctx, stream.Partition{Topic: sales.TopicEvents}, 0)
	require.NoError(t, err)
	defer opened.Close()
	var records []stream.Record
	require.NoError(t, stream.ReadToEnd(r.ctx, r.kafka, sales.TopicEvents, []int32{0}, func(record stream.Record) error {
		records = append(records, clone(record))
		return nil
	}))
	require.NoError(t, opened.Add(r.ctx, records[:10]))
	require.False(t, opened.Due(time.Now(), true).IsZero())
	c, err := opened.Flush(r.ctx)
	require.NoError(t, err)
	require.Equal(t, stream.Commit{Next: stream.NoOffset}, c)
	opened.Committed()
	require.NoError(t, opened.Add(r.ctx, records[10:699]))
	require.True(t, opened.Due(time.Now(), true).IsZero())
	require.NoError(t, opened.Add(r.ctx, records[699:710]))
	require.False(t, opened.Due(time.Now(), true).After(time.Now()))
	c, err = opened.Flush(r.ctx)
	require.NoError(t, err)
	require.EqualValues(t, 700, c.Next)
	opened.Committed()
	c, err = opened.Flush(r.ctx)
	require.NoError(t, err)
	require.EqualValues(t, 710, c.Next)
	l, err := lake.DecodeLedger(c.Records[1].Value)
	require.NoError(t, err)
	require.EqualValues(t, 710, l.In.Rows)
	require.Zero(t, l.Residual())
}

func clone(r stream.Record) stream.Record {
	r.Key, r.Value = append([]byte{}, r.Key...), append([]byte{}, r.Value...)
	return r
}

// A zombie writes after its successor has taken over, its file's rows or its
// rejects: it adopts, or has been adopted, and is fenced. It takes no reject from
// its successor, which has files of another length.
func TestZombie(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		frozenAt       string
		rows, nextRows int
	}{{"bronze/", 333, 500}, {"quarantine/", 333, 500}, {"quarantine/", 500, 77}} {
		t.Run(fmt.Sprintf("%s %d then %d", c.frozenAt, c.rows, c.nextRows), func(t *testing.T) {
			r := newRig(t)
			r.publish(3000)
			frozen, thaw := make(chan struct{}), make(chan struct{})
			var once sync.Once
			zombie := r.options(&hooked{Bucket: r.lake, before: func(key string) error {
				if strings.HasPrefix(key, c.frozenAt) {
					once.Do(func() { close(frozen); <-thaw })
				}
				return nil
			}})
			zombie.Instance, zombie.Bronze.MaxRows = "zombie", c.rows
			zombie.SessionTimeout = 300 * time.Millisecond
			a := r.run(zombie)
			<-frozen
			next := r.options(r.lake)
			next.Bronze.MaxRows = c.nextRows
			b := r.run(next)
			require.Eventually(t, func() bool { return len(r.manifests()) > 0 }, time.Minute, 20*time.Millisecond)
			r.drained()
			close(thaw)
			r.publish(1000)
			r.drained()
			require.NoError(t, a.end())
			require.NoError(t, b.end())
			r.requireTruth()
		})
	}
}

func TestTwoWriters(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	one, two := r.options(r.lake), r.options(r.lake)
	one.Instance, two.Instance = "one", "two"
	two.Bronze.MaxRows = 77
	a := r.run(one)
	r.publish(2000)
	b := r.run(two)
	r.publish(4000)
	r.drained()
	require.NoError(t, a.end())
	r.publish(2000)
	r.drained()
	require.NoError(t, b.end())
	r.requireTruth()
}

// The bucket is away: nothing is lost, and the stage goes on when it is back.
func TestBucketAway(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var away atomic.Bool
	var refused atomic.Int64
	away.Store(true)
	o := r.options(&hooked{Bucket: r.lake, before: func(string) error {
		if away.Load() {
			refused.Add(1)
			return fmt.Errorf("no route to the bucket: %w", stream.ErrRetry)
		}
		return nil
	}})
	i := r.run(o)
	r.publish(3000)
	require.Eventually(t, func() bool { return refused.Load() > 5 }, time.Minute, 10*time.Millisecond)
	require.Empty(t, r.files("bronze/"))
	away.Store(false)
	r.drained()
	require.NoError(t, i.end())
	r.requireTruth()
}

func TestUnreadableFileStops(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.publish(3000)
	r.crashed(100)
	for key, data := range r.files("bronze/") {
		require.NoError(t, r.lake.Put(r.ctx, key, data[:len(data)/2]))
	}
	err := <-r.run(r.options(r.lake)).done
	require.ErrorIs(t, err, lake.ErrCorrupt)
	require.ErrorContains(t, err, "/ingest_date=")
	require.ErrorContains(t, err, "restore the object")
}

func TestLostGroupOffsetStops(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.publish(1000)
	i := r.run(r.options(r.lake))
	r.drained()
	require.NoError(t, i.end())
	s, err := newStage(r.ctx, r.options(r.lake))
	require.NoError(t, err)
	_, err = s.Open(r.ctx, stream.Partition{Topic: sales.TopicEvents, ID: 1}, 0)
	require.ErrorContains(t, err, "group bronze-writer is at offset 0 of sales_events/001, its ledger in lake.bronze at ")
}
