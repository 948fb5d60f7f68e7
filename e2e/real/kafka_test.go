package real_test

import (
	"context"
	"testing"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/e2e/real"
)

const topic = "real_test"

func TestKafkaCommitsAndKeepsItsRecords(t *testing.T) {
	broker := real.Kafka(t)
	createTopic(t, broker)

	produce(t, broker, "aborted", (*kafka.Producer).AbortTransaction)
	produce(t, broker, "first", (*kafka.Producer).CommitTransaction)
	require.Equal(t, []string{"first"}, consume(t, broker, 1))

	require.NoError(t, broker.Stop())
	require.NoError(t, broker.Start(t.Context()))
	require.Equal(t, []string{"first"}, consume(t, broker, 1))

	broker.Kill()
	require.False(t, broker.Running())
	require.NoError(t, broker.Start(t.Context()))
	produce(t, broker, "second", (*kafka.Producer).CommitTransaction)
	require.Equal(t, []string{"first", "second"}, consume(t, broker, 2))
}

func createTopic(t *testing.T, broker *real.Broker) {
	t.Helper()
	admin, err := kafka.NewAdminClient(&kafka.ConfigMap{"bootstrap.servers": broker.Bootstrap})
	require.NoError(t, err)
	defer admin.Close()
	results, err := admin.CreateTopics(t.Context(), []kafka.TopicSpecification{{Topic: topic, NumPartitions: 1}})
	require.NoError(t, err)
	require.Equal(t, kafka.ErrNoError, results[0].Error.Code())
}

func produce(t *testing.T, broker *real.Broker, value string, end func(*kafka.Producer, context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	p, err := kafka.NewProducer(&kafka.ConfigMap{
		"bootstrap.servers": broker.Bootstrap, "transactional.id": "real-test", "go.delivery.reports": false,
	})
	require.NoError(t, err)
	defer p.Close()
	require.NoError(t, p.InitTransactions(ctx))
	require.NoError(t, p.BeginTransaction())
	name := topic
	require.NoError(t, p.Produce(&kafka.Message{
		TopicPartition: kafka.TopicPartition{Topic: &name, Partition: 0}, Value: []byte(value),
	}, nil))
	require.Zero(t, p.Flush(10_000))
	require.NoError(t, end(p, ctx))
}

// consume reads the committed values of the topic from its start until it has n.
func consume(t *testing.T, broker *real.Broker, n int) []string {
	t.Helper()
	c, err := kafka.NewConsumer(&kafka.ConfigMap{
		"bootstrap.servers": broker.Bootstrap, "group.id": "real-test", "isolation.level": "read_committed",
		"enable.auto.commit": false,
	})
	require.NoError(t, err)
	defer func() { _ = c.Close() }()
	name := topic
	require.NoError(t, c.Assign([]kafka.TopicPartition{{Topic: &name, Partition: 0, Offset: 0}}))
	var values []string
	for deadline := time.Now().Add(30 * time.Second); len(values) < n; {
		require.True(t, time.Now().Before(deadline), "found %v, want %d", values, n)
		if m, err := c.ReadMessage(time.Second); err == nil {
			values = append(values, string(m.Value))
		}
	}
	return values
}
