package quarantine

import (
	"context"
	"fmt"
	"regexp"
	"strings"
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
	"github.com/saleslake/saleslake/services/bronze-writer/bronze"
)

const partitions = 3

// rig is a broker in the process, a lake in a folder, bronze running on them,
// and silver as far as the quarantine sees of it.
type rig struct {
	*testing.T
	ctx     context.Context
	kafka   stream.Config
	lake    *blob.Bucket
	commits int64 // of silver
}

func newRig(t *testing.T) *rig {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	t.Cleanup(cancel)
	r := &rig{T: t, ctx: ctx, kafka: stream.Config{Brokers: []string{streamtest.Cluster(t)}, ClientID: "test"}}
	var err error
	r.lake, err = blob.Open(ctx, blob.Options{URL: "file://" + t.TempDir(), Create: true})
	require.NoError(t, err)
	_, err = prepare(ctx, r.options())
	require.NoError(t, err)
	return r
}

func (r *rig) options() Options {
	return Options{Kafka: r.kafka, Bucket: r.lake, Topic: sales.TopicEvents, Partitions: partitions, Replication: 1, MaxEventBytes: 1 << 20}
}

// bronze runs bronze-writer until the test ends; it takes events of 2 KiB.
func (r *rig) bronze() {
	ctx, stop := context.WithCancel(r.ctx)
	done := make(chan error, 1)
	go func() {
		done <- bronze.Run(ctx, bronze.Options{Kafka: r.kafka, Bucket: r.lake, Log: zap.NewNop(), Registry: prometheus.NewRegistry(), Instance: "test",
			Partitions: partitions, Replication: 1, Bronze: bronze.Limits{MaxRows: 500, MaxAge: 20 * time.Millisecond, MaxEventBytes: 2 << 10, QueueBytes: 8 << 20}})
	}()
	r.Cleanup(func() { stop(); require.NoError(r, <-done) })
}

func event(i int) string {
	return fmt.Sprintf(`{"event_id":"e-%d","event_ts":"2026-01-31T12:00:00Z","order_id":"O-%d","order_ts":"2026-01-31T11:00:00Z","customer_id":"C-1",`+
		`"product_id":"P-1","category":"Books","region":"Europe","quantity":1,"unit_price":1.00,"revenue":2.50,"status":"completed"}`, i, i)
}

func key(i int) []byte { return fmt.Appendf(nil, "O-%d", i) }

// publish sends an event as a producer that knows its key.
func (r *rig) publish(i int, value string) {
	require.NoError(r, stream.Transact(r.ctx, r.kafka, "producer", []stream.Record{
		{Topic: sales.TopicEvents, Partition: stream.PartitionFor(key(i), partitions), Key: key(i), Value: []byte(value)}}))
}

// landed waits until bronze has committed everything.
func (r *rig) landed() {
	r.Helper()
	require.Eventually(r, func() bool {
		n, err := stream.Pending(r.ctx, r.kafka, bronze.Group, sales.TopicEvents)
		require.NoError(r, err)
		return n == 0
	}, time.Minute, 50*time.Millisecond, "bronze does not reach the end")
}

// silver takes all that bronze has landed, and rejects the rows whose event_id
// it is told.
func (r *rig) silver(rejected ...string) {
	r.commits++
	topicID, err := stream.TopicID(r.ctx, r.kafka, sales.TopicEvents)
	require.NoError(r, err)
	next, err := stream.EndOffsets(r.ctx, r.kafka, sales.TopicEvents)
	require.NoError(r, err)
	rejects := map[int32]*column.Batch{}
	for o, err := range r.lake.List(r.ctx, sales.TableBronze+"/") {
		require.NoError(r, err)
		b := r.read(o.Key, sales.Bronze)
		for i := range b.Rows() {
			for _, id := range rejected {
				if b.Column("event_id").String(i) == id {
					r.reject(rejects, b, i)
				}
			}
		}
	}
	for p, b := range rejects {
		r.write(fmt.Sprintf("%s%08d.parquet", lake.SilverRejectPrefix(sales.Quarantine.Name, p), r.commits), b)
	}
	var ledgers []stream.Record
	for p, n := range next {
		l := &lake.Ledger{Format: lake.Format, Stage: Silver, Source: sales.TopicEvents, Partition: p, TopicID: topicID, Next: n}
		ledgers = append(ledgers, stream.Record{Topic: sales.TopicSilver, Partition: p, Key: []byte(l.Key()), Value: l.Encode()})
	}
	require.NoError(r, stream.Transact(r.ctx, r.kafka, "silver", ledgers))
}

func (r *rig) reject(rejects map[int32]*column.Batch, row *column.Batch, i int) {
	p := row.Column("_partition").I32[i]
	if rejects[p] == nil {
		rejects[p] = column.NewBatch(sales.Quarantine, 0)
	}
	q := rejects[p]
	raw := strings.Replace(event(0), "e-0", row.Column("event_id").String(i), 1)
	raw = strings.Replace(raw, "O-0", row.Column("order_id").String(i), 1)
	raw = strings.Replace(raw, "completed", row.Column("status").String(i), 1)
	appendReject(q, sales.UnknownStatus, []byte(raw), row.Column("_offset").I64[i], p, row.Column("_ingest_ts").I64[i], row.Column("_replay_of").String(i))
}

func appendReject(q *column.Batch, code sales.Code, raw []byte, offset int64, partition int32, arrived int64, replayOf string) {
	q.Column("code").AppendString(string(code))
	q.Column("field").AppendString("status")
	q.Column("message").AppendString("is wrong")
	q.Column("raw").AppendBytes(raw)
	q.Column("key").AppendBytes(nil)
	q.Column("_source").AppendString(sales.TopicEvents)
	q.Column("_partition").I32 = append(q.Column("_partition").I32, partition)
	q.Column("_offset").I64 = append(q.Column("_offset").I64, offset)
	q.Column("_ingest_ts").I64 = append(q.Column("_ingest_ts").I64, arrived)
	q.Column("_replay_of").AppendString(replayOf)
	q.Column("event").AppendBytes(nil)
}

func (r *rig) write(key string, b *column.Batch) {
	e, err := lake.NewEncoder(b.Schema, lake.Encoding{})
	require.NoError(r, err)
	data, err := e.Encode(nil, b)
	require.NoError(r, err)
	require.NoError(r, r.lake.Put(r.ctx, key, data))
}

func (r *rig) read(key string, s *column.Schema) *column.Batch {
	data, err := r.lake.Get(r.ctx, key)
	require.NoError(r, err)
	f, err := lake.Open(key, data)
	require.NoError(r, err)
	b := column.NewBatch(s, 0)
	require.NoError(r, f.Read(b))
	return b
}

// offset gives the offset of a reject with the code.
func (r *rig) offset(code sales.Code) (offset int64) {
	q, err := Read(r.ctx, r.options())
	require.NoError(r, err)
	require.NoError(r, q.scan(r.ctx, Filter{Codes: []sales.Code{code}}, brief, func(reject *Reject) error {
		offset = reject.Offset
		return nil
	}))
	return offset
}

// list gives the counts by code: rejects, open, replayed, accepted, rejected
// again.
func (r *rig) list(f Filter) map[sales.Code][5]int64 {
	r.Helper()
	q, err := Read(r.ctx, r.options())
	require.NoError(r, err)
	l, err := q.List(r.ctx, f, 0)
	require.NoError(r, err)
	out := map[sales.Code][5]int64{}
	for _, g := range l.Groups {
		out[g.Code] = [5]int64{g.Rejects, g.Open, g.Replayed, g.Accepted, g.Again}
	}
	return out
}

// replay gives the counts by decision.
func (r *rig) replay(ro ReplayOptions, steps ...string) map[Decision]int64 {
	r.Helper()
	for _, s := range steps {
		op, text, _ := strings.Cut(s, " ")
		ro.Patch = append(ro.Patch, step(r, op, text))
	}
	if ro.MaxAttempts == 0 {
		ro.MaxAttempts = 3
	}
	res, err := Replay(r.ctx, r.options(), ro)
	require.NoError(r, err)
	return res.By
}

// arrival is the part of _replay_of that tests do not know.
var arrival = regexp.MustCompile(`@\d+`)

// replays gives _replay_of, without the arrival, of all bronze rows that have one, with how often.
func (r *rig) replays() map[string]int {
	out := map[string]int{}
	for o, err := range r.lake.List(r.ctx, sales.TableBronze+"/") {
		require.NoError(r, err)
		b := r.read(o.Key, sales.Bronze)
		for i := range b.Rows() {
			if of := b.Column("_replay_of").String(i); of != "" {
				out[arrival.ReplaceAllString(of, "")]++
			}
		}
	}
	return out
}

// ledger sums bronze's ledgers, each of which must balance.
func (r *rig) ledger() (sum lake.Ledger) {
	newest := map[string]*lake.Ledger{}
	require.NoError(r, stream.ReadToEnd(r.ctx, r.kafka, sales.TopicBronze, nil, func(record stream.Record) error {
		if lake.IsLedger(record.Key) {
			l, err := lake.DecodeLedger(record.Value)
			require.NoError(r, err)
			newest[l.Key()] = l
		}
		return nil
	}))
	sum.Rejected = map[sales.Code]lake.Count{}
	for _, l := range newest {
		require.Zero(r, l.Residual())
		sum.In, sum.Out, sum.Replayed = sum.In.Add(l.In), sum.Out.Add(l.Out), sum.Replayed.Add(l.Replayed)
		for code, c := range l.Rejected {
			sum.Rejected[code] = sum.Rejected[code].Add(c)
		}
	}
	return sum
}
