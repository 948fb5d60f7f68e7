package produce

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/pkg/stream/streamtest"
	"github.com/saleslake/saleslake/services/producer/generate"
)

const partitions = 4

func send(t *testing.T, s Source, o Options) (sent int64, topics []stream.Record) {
	o.Kafka = stream.Config{Brokers: []string{streamtest.Cluster(t)}}
	o.Log, o.Registry, o.Partitions, o.Replication = zap.NewNop(), prometheus.NewRegistry(), partitions, -1
	sent, err := Run(context.Background(), o, s)
	require.NoError(t, err)
	for _, name := range []string{sales.TopicEvents, sales.TopicCustomers} {
		require.NoError(t, stream.ReadToEnd(context.Background(), o.Kafka, name, nil, func(r stream.Record) error {
			topics = append(topics, r)
			return nil
		}))
	}
	return sent, topics
}

func TestEveryGeneratedEventArrivesWhereItBelongs(t *testing.T) {
	const n = 20_000
	g, err := NewGenerated(generate.Load(7, n), true)
	require.NoError(t, err)
	sent, records := send(t, g, Options{})
	require.EqualValues(t, n+n/generate.SalesPerUpdate, sent)
	astray, arrived := map[string]int64{}, map[string]int64{}
	for _, r := range records {
		arrived[r.Topic]++
		if stream.PartitionFor(r.Key, partitions) != r.Partition {
			astray[r.Topic]++
		}
	}
	path := filepath.Join(t.TempDir(), "truth.json")
	require.NoError(t, g.WriteTruth(path))
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	var truth Truth
	require.NoError(t, json.Unmarshal(b, &truth))
	require.EqualValues(t, n, truth.Rows)
	require.Equal(t, map[string]int64{sales.TopicEvents: truth.Rows, sales.TopicCustomers: truth.Updates.Rows}, arrived)
	require.GreaterOrEqual(t, astray[sales.TopicEvents], truth.Rejected[string(sales.WrongKey)]) // an event may be astray and worse
	require.Equal(t, truth.Updates.Rejected[string(sales.WrongKey)], astray[sales.TopicCustomers])
	require.Positive(t, astray[sales.TopicEvents])
}

func TestLimitsEndARun(t *testing.T) {
	g, err := NewGenerated(generate.Load(7, 1000), false)
	require.NoError(t, err)
	sent, topic := send(t, g, Options{Events: 123, Rate: 100_000})
	require.EqualValues(t, 123, sent)
	require.Len(t, topic, 123)
}

func TestLoadWantsALimitOrARate(t *testing.T) {
	_, err := Load(1, 0, 0)
	require.ErrorContains(t, err, "producer.rate is 0")
	o, err := Load(1, 0, 1000)
	require.NoError(t, err)
	require.Equal(t, "1.01ms", o.Every.String(), "one in 101 is an update")
}

func write(t *testing.T, name, text string) string {
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestReplaySendsCSVAsEvents(t *testing.T) {
	csv := "\xef\xbb\xbforder_id,order_ts,quantity,revenue,note\r\n" +
		"o1,2026-01-02 03:04:05.6, 3 ,19.90,\"a\r\nb\"\r\n" +
		"\r\n\r\no2,2026-01-02T03:04:05+01:00,three,1e3,\r\n"
	r, err := NewReplay([]string{write(t, "a.csv", csv), write(t, "b.ndjson", "{\"order_id\":\" o3 \"}\n[]\n")})
	require.NoError(t, err)
	sent, topic := send(t, r, Options{})
	require.EqualValues(t, 4, sent)
	values := map[string]string{}
	for _, rec := range topic {
		values[string(rec.Key)] = string(rec.Value)
	}
	id := func(row int) string {
		return fmt.Sprintf("%.16s-%012d", fmt.Sprintf("%x", sha256.Sum256([]byte(csv))), row)
	}
	require.JSONEq(t, `{"event_id":"`+id(1)+`","event_ts":"2026-01-02T03:04:05.600000Z","order_id":"o1","order_ts":"2026-01-02T03:04:05.600000Z","quantity":3,"revenue":"19.90","note":"a\nb"}`, values["o1"])
	require.JSONEq(t, `{"event_id":"`+id(4)+`","event_ts":"2026-01-02T02:04:05.000000Z","order_id":"o2","order_ts":"2026-01-02T02:04:05.000000Z","quantity":"three","revenue":"1e3"}`, values["o2"])
	require.JSONEq(t, `{"order_id":" o3 "}`, values["o3"])
	require.Equal(t, `[]`, values[""])
}

func TestReplayNamesWhatItCannotRead(t *testing.T) {
	_, err := NewReplay([]string{"nowhere.csv", write(t, "a.txt", "x")})
	require.ErrorContains(t, err, "nowhere.csv")
	require.ErrorContains(t, err, "want a .csv, .ndjson or .jsonl file")
	for text, want := range map[string]string{
		"":                       "read the header row",
		"a,b\n1,2\n":             "has no order_id",
		"order_id,b\n1,2\n1\n":   "row 2: ",
		"order_id,b\n1,\"2\"x\n": "bronze-writer ingest",
	} {
		r, err := NewReplay([]string{write(t, "a.csv", text)})
		require.NoError(t, err)
		for ok := true; ok && err == nil; {
			_, ok, err = r.Next()
		}
		require.ErrorContains(t, err, want, "%q", text)
	}
}

// At 100 events a second and late by an hour, as after a broker was away.
func TestWhatIsLateIsCaughtUpWith(t *testing.T) {
	began := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	r := &runner{Options: Options{Rate: 100}, began: began}
	require.Zero(t, r.due(began))
	require.Zero(t, r.due(began.Add(9*time.Millisecond)), "the first is due after 10 ms")
	require.Equal(t, 50, r.due(began.Add(500*time.Millisecond)))
	r.sent = 50
	require.Zero(t, r.due(began.Add(505*time.Millisecond)))
	late := began.Add(time.Hour)
	var batches []int
	for n := r.due(late); n > 0; n = r.due(late) {
		batches = append(batches, n)
		r.sent += int64(n)
	}
	require.EqualValues(t, 360_000, r.sent, "all that an hour makes")
	require.Equal(t, burst, slices.Max(batches), "some at a time")
	r.Events = r.sent + 3
	require.Equal(t, 3, r.due(late.Add(time.Hour)))
}
