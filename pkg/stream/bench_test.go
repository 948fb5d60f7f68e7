package stream_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/pkg/stream/streamtest"
)

const (
	benchRecords    = 1_000_000
	benchPartitions = 4
)

// benchTopic fills a topic with records of 310 bytes, in the broker at STREAM_BENCH_BROKER or one in the process.
func benchTopic(b *testing.B) (stream.Config, string) {
	addr := os.Getenv("STREAM_BENCH_BROKER")
	if addr == "" {
		addr = streamtest.Cluster(b)
	}
	c := stream.Config{Brokers: []string{addr}}
	topic := fmt.Sprintf("bench%d", time.Now().UnixNano())
	require.NoError(b, stream.EnsureTopics(b.Context(), c, -1, stream.TopicSpec{Name: topic, Partitions: benchPartitions}))
	p, err := stream.NewPublisher(c)
	require.NoError(b, err)
	defer p.Close()
	begun := time.Now()
	value := bytes.Repeat([]byte("abcdefghij"), 29)
	for i := range benchRecords {
		require.NoError(b, p.Publish(b.Context(), stream.Record{
			Topic: topic, Partition: stream.AnyPartition, Key: fmt.Appendf(nil, "ord-%016d", i), Value: value,
		}))
	}
	require.NoError(b, p.Flush(b.Context()))
	b.Logf("published %.0f records/s", benchRecords/time.Since(begun).Seconds())
	return c, topic
}

// BenchmarkConsume compares Run, with tasks that only count and commit every 100 ms, with a bare loop of Poll.
func BenchmarkConsume(b *testing.B) {
	c, topic := benchTopic(b)
	b.Run("poll", func(b *testing.B) {
		for range b.N {
			poll(b, c, topic)
		}
		b.ReportMetric(float64(b.N)*benchRecords/b.Elapsed().Seconds(), "records/s")
	})
	b.Run("run", func(b *testing.B) {
		for i := range b.N {
			ctx, cancel := context.WithCancel(b.Context())
			stage := &counting{cancel: cancel, records: make(chan int, 1024)}
			go stage.sum()
			name := fmt.Sprintf("%s-%d-%d", topic, b.N, i)
			require.NoError(b, stream.Run(ctx, c, stream.RunConfig{Group: name, TransactionalID: name, Topics: []string{topic}}, stage))
			close(stage.records)
		}
		b.ReportMetric(float64(b.N)*benchRecords/b.Elapsed().Seconds(), "records/s")
	})
}

func poll(b *testing.B, c stream.Config, topic string) {
	consumer, err := kafka.NewConsumer(&kafka.ConfigMap{
		"bootstrap.servers": c.Brokers[0], "group.id": fmt.Sprint(time.Now().UnixNano()), "auto.offset.reset": "earliest",
		"fetch.queue.backoff.ms": 5, "queued.max.messages.kbytes": 16384, "fetch.message.max.bytes": 1 << 20,
	})
	require.NoError(b, err)
	defer func() { require.NoError(b, consumer.Close()) }()
	require.NoError(b, consumer.Subscribe(topic, nil))
	for n := 0; n < benchRecords; {
		if _, ok := consumer.Poll(100).(*kafka.Message); ok {
			n++
		}
	}
}

type counting struct {
	cancel  context.CancelFunc
	records chan int
}

func (s *counting) sum() {
	total := 0
	for n := range s.records {
		if total += n; total == benchRecords {
			s.cancel()
		}
	}
}

func (s *counting) Open(context.Context, stream.Partition, int64) (stream.Task, error) {
	return &countingTask{stage: s}, nil
}

type countingTask struct {
	stage *counting
	next  int64
	since time.Time
}

func (t *countingTask) Add(_ context.Context, records []stream.Record) error {
	if t.since.IsZero() {
		t.since = time.Now()
	}
	t.next = records[len(records)-1].Offset + 1
	t.stage.records <- len(records)
	return nil
}

func (t *countingTask) Due(time.Time, bool) time.Time {
	if t.since.IsZero() {
		return t.since
	}
	return t.since.Add(100 * time.Millisecond)
}

func (t *countingTask) Flush(context.Context) (stream.Commit, error) {
	return stream.Commit{Next: t.next}, nil
}

func (t *countingTask) Committed() { t.since = time.Time{} }

func (t *countingTask) Close() {}

// BenchmarkPublish publishes to a broker that stores nothing.
func BenchmarkPublish(b *testing.B) {
	c := stream.Config{Brokers: []string{streamtest.Cluster(b, kfake.BlackholeProduce())}}
	require.NoError(b, stream.EnsureTopics(b.Context(), c, -1, stream.TopicSpec{Name: "in", Partitions: benchPartitions}))
	p, err := stream.NewPublisher(c)
	require.NoError(b, err)
	defer p.Close()
	require.NoError(b, p.Flush(b.Context()))
	value := bytes.Repeat([]byte("abcdefghij"), 29)
	for b.Loop() {
		for i := range benchRecords / 4 {
			require.NoError(b, p.Publish(b.Context(), stream.Record{
				Topic: "in", Partition: stream.AnyPartition, Key: fmt.Appendf(nil, "ord-%016d", i), Value: value,
			}))
		}
		require.NoError(b, p.Flush(b.Context()))
	}
	b.ReportMetric(float64(b.N)*benchRecords/4/b.Elapsed().Seconds(), "records/s")
}
