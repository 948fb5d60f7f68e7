package stream

import (
	"context"
	"fmt"
	"strconv"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// TopicSpec is a topic as the pipeline needs it. Compacted topics keep the newest record of each key for ever; the
// others keep every record until an operator sets a retention.
type TopicSpec struct {
	Name       string
	Partitions int
	Compacted  bool
}

func (s TopicSpec) config() map[string]string {
	config := map[string]string{
		"cleanup.policy":         "delete",
		"retention.ms":           "-1",
		"message.timestamp.type": "LogAppendTime", // a record's time is the broker's, whatever a producer's clock says
		"max.message.bytes":      strconv.Itoa(MaxRecordBytes + 128<<10),
	}
	if s.Compacted {
		config["cleanup.policy"] = "compact"
	}
	return config
}

// EnsureTopics creates the topics that are missing, with replication copies (-1 = the broker's default). It is an
// error when an existing one has another number of partitions: records and files are placed by that number, so it is
// fixed for the life of a lake.
func EnsureTopics(ctx context.Context, c Config, replication int, specs ...TopicSpec) error {
	return administer(ctx, c, "make the topics", func(ctx context.Context, a *kafka.AdminClient) error {
		topics := make([]kafka.TopicSpecification, len(specs))
		for i, s := range specs {
			topics[i] = kafka.TopicSpecification{
				Topic: s.Name, NumPartitions: s.Partitions, ReplicationFactor: max(replication, -1), Config: s.config(),
			}
		}
		results, err := a.CreateTopics(ctx, topics, kafka.SetAdminOperationTimeout(requestTimeout))
		if err != nil {
			return err
		}
		for i, r := range results {
			if r.Error.Code() == kafka.ErrTopicAlreadyExists {
				err = checkTopic(ctx, a, specs[i])
			} else {
				err = failure(r.Error)
			}
			if err != nil {
				return fmt.Errorf("topic %s: %w", r.Topic, err)
			}
		}
		return nil
	})
}

func checkTopic(ctx context.Context, a *kafka.AdminClient, s TopicSpec) error {
	d, err := describe(ctx, a, s.Name)
	if err != nil {
		return err
	}
	if n := len(d.Partitions); n != s.Partitions {
		return fmt.Errorf("it has %d partitions, the configuration says %d: set the configuration to %d, "+
			"or delete the topic and start a new lake", n, s.Partitions, n)
	}
	return nil
}
