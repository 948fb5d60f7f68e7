package stream

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"go.uber.org/zap"
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
// fixed for the life of a lake. It is one, too, when records of a compacted one may be deleted by age; that those of
// another may be soon, or by key, is logged.
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
			switch r.Error.Code() {
			case kafka.ErrTopicAlreadyExists:
				err = c.checkTopic(ctx, a, specs[i])
			case kafka.ErrTopicAuthorizationFailed: // who may not make topics may find them made
				if err = c.checkTopic(ctx, a, specs[i]); isCode(err, kafka.ErrUnknownTopicOrPart) {
					err = fmt.Errorf("it is not there, and this user may not make it: %w", err)
				}
			default:
				err = failure(r.Error)
			}
			if err != nil {
				return fmt.Errorf("topic %s: %w", r.Topic, err)
			}
		}
		return nil
	})
}

func (c Config) checkTopic(ctx context.Context, a *kafka.AdminClient, s TopicSpec) error {
	d, err := describe(ctx, a, s.Name)
	if err != nil {
		return err
	}
	if n := len(d.Partitions); n != s.Partitions {
		return fmt.Errorf("it has %d partitions, the configuration says %d: set the configuration to %d, "+
			"or delete the topic and start a new lake", n, s.Partitions, n)
	}
	return c.checkCleanup(ctx, a, s)
}

// shortRetention is less than an outage may take.
const shortRetention = 24 * time.Hour

// checkCleanup leaves a cluster alone that does not tell how its topics are configured.
func (c Config) checkCleanup(ctx context.Context, a *kafka.AdminClient, s TopicSpec) error {
	r, err := a.DescribeConfigs(ctx, []kafka.ConfigResource{{Type: kafka.ResourceTopic, Name: s.Name}})
	if err == nil && len(r) == 1 {
		err = failure(r[0].Error)
	}
	if err != nil || len(r) != 1 {
		c.log().Warn("how a topic is cleaned up is not known", zap.String("topic", s.Name), zap.Error(err))
		return nil
	}
	policy, retention := r[0].Config["cleanup.policy"].Value, r[0].Config["retention.ms"].Value
	if s.Compacted && policy != "compact" && policy != "" {
		return fmt.Errorf("its cleanup.policy is %q, so that records would be lost: set it to %q "+
			"(kafka-configs.sh --alter --entity-type topics --entity-name %s --add-config cleanup.policy=compact)", policy, "compact", s.Name)
	}
	if s.Compacted {
		return nil
	}
	ms, err := strconv.ParseInt(retention, 10, 64)
	if short := err == nil && ms >= 0 && ms < shortRetention.Milliseconds(); short || strings.Contains(policy, "compact") {
		c.log().Warn("records of a topic may be deleted before they are read: set cleanup.policy=delete and a retention longer than any outage",
			zap.String("topic", s.Name), zap.String("cleanup.policy", policy), zap.String("retention.ms", retention))
	}
	return nil
}
