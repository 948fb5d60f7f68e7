package stream

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"go.uber.org/zap"
)

// requestTimeout bounds one try of an administrative request.
const requestTimeout = 10 * time.Second

// administer makes a request to the cluster, again while its error is transient, until ctx ends.
func administer(ctx context.Context, c Config, what string, f func(context.Context, *kafka.AdminClient) error) error {
	return request(ctx, c, what, transient, f)
}

// request makes a request to the cluster, again while again accepts its error, until ctx ends. When the cluster does not
// let the client in, the error says why, and the request is not made again.
func request(ctx context.Context, c Config, what string, again func(error) bool, f func(context.Context, *kafka.AdminClient) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	conf := c.client(nil)
	u := c.upkeep(conf)
	u.refused = cancel
	admin, err := kafka.NewAdminClient(conf)
	if err != nil {
		u.end(nil)
		return fmt.Errorf("make an admin client: %w", err)
	}
	defer u.end(admin.Close)
	u.authenticate(admin)
	notify := func(err error) {
		c.log().Warn("Kafka does not answer as it should; trying again",
			zap.String("action", what), zap.Strings("brokers", c.Brokers), zap.Error(u.explain(err)))
	}
	err = retry(ctx, pauses(50*time.Millisecond, 5*time.Second), again, notify, func() error {
		try, cancel := context.WithTimeout(ctx, requestTimeout)
		defer cancel()
		return f(try, admin)
	})
	if err != nil {
		return fmt.Errorf("%s at %s: %w", what, strings.Join(c.Brokers, ","), u.explain(err))
	}
	return nil
}

// Ping tells whether the cluster answers and lets the client in. It tries once; its error says why not.
func Ping(ctx context.Context, c Config) error {
	never := func(error) bool { return false }
	return request(ctx, c, "ask for the cluster's id", never, func(ctx context.Context, a *kafka.AdminClient) error {
		_, err := a.ClusterID(ctx)
		return err
	})
}

// ClusterID is the cluster's own name.
func ClusterID(ctx context.Context, c Config) (id string, err error) {
	err = administer(ctx, c, "ask for the cluster's id", func(ctx context.Context, a *kafka.AdminClient) error {
		id, err = a.ClusterID(ctx)
		return err
	})
	return id, err
}

// TopicID is the topic's 16-byte id in hex; a topic that is deleted and made again gets another one.
func TopicID(ctx context.Context, c Config, topic string) (id string, err error) {
	err = administer(ctx, c, "ask for the id of topic "+topic, func(ctx context.Context, a *kafka.AdminClient) error {
		d, err := describe(ctx, a, topic)
		if err != nil {
			return err
		}
		raw := binary.BigEndian.AppendUint64(nil, uint64(d.TopicID.GetMostSignificantBits()))
		raw = binary.BigEndian.AppendUint64(raw, uint64(d.TopicID.GetLeastSignificantBits()))
		id = hex.EncodeToString(raw)
		return nil
	})
	return id, err
}

func describe(ctx context.Context, a *kafka.AdminClient, topic string) (kafka.TopicDescription, error) {
	r, err := a.DescribeTopics(ctx, kafka.NewTopicCollectionOfTopicNames([]string{topic}))
	if err != nil {
		return kafka.TopicDescription{}, err
	}
	if len(r.TopicDescriptions) != 1 {
		return kafka.TopicDescription{}, fmt.Errorf("%d descriptions of topic %s", len(r.TopicDescriptions), topic)
	}
	d := r.TopicDescriptions[0]
	return d, failure(d.Error)
}

// failure is the error in a field of a result, if it is one.
func failure(e kafka.Error) error {
	if e.Code() == kafka.ErrNoError {
		return nil
	}
	return e
}

// Committed is the group's committed offset, that is the next to be read, of each partition of the topic that it has
// one for. It waits for open transactions that hold offsets.
func Committed(ctx context.Context, c Config, group, topic string) (map[int32]int64, error) {
	next := map[int32]int64{}
	what := fmt.Sprintf("ask for the offsets of group %s in %s", group, topic)
	err := administer(ctx, c, what, func(ctx context.Context, a *kafka.AdminClient) error {
		d, err := describe(ctx, a, topic)
		if err != nil {
			return err
		}
		ask := make([]kafka.TopicPartition, len(d.Partitions))
		for i := range ask {
			ask[i] = kafka.TopicPartition{Topic: &topic, Partition: int32(i)}
		}
		r, err := a.ListConsumerGroupOffsets(ctx,
			[]kafka.ConsumerGroupTopicPartitions{{Group: group, Partitions: ask}}, kafka.SetAdminRequireStableOffsets(true))
		if isCode(err, kafka.ErrGroupIDNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, p := range r.ConsumerGroupsTopicPartitions[0].Partitions {
			if p.Error != nil {
				return p.Error
			}
			if p.Offset >= 0 {
				next[p.Partition] = int64(p.Offset)
			}
		}
		return nil
	})
	return next, err
}

// EndOffsets is the end of each partition of the topic for readers of committed records: the offset after the last
// one that they can see.
func EndOffsets(ctx context.Context, c Config, topic string) (ends map[int32]int64, err error) {
	err = administer(ctx, c, "ask for the end of topic "+topic, func(ctx context.Context, a *kafka.AdminClient) error {
		ends, err = listOffsets(ctx, a, topic, kafka.LatestOffsetSpec, kafka.IsolationLevelReadCommitted)
		return err
	})
	return ends, err
}

// bounds is where the partitions of the topic start, and where they end with the records of open transactions.
func bounds(ctx context.Context, c Config, topic string) (starts, ends map[int32]int64, err error) {
	err = administer(ctx, c, "ask for the bounds of topic "+topic, func(ctx context.Context, a *kafka.AdminClient) error {
		starts, err = listOffsets(ctx, a, topic, kafka.EarliestOffsetSpec, kafka.IsolationLevelReadUncommitted)
		if err == nil {
			ends, err = listOffsets(ctx, a, topic, kafka.LatestOffsetSpec, kafka.IsolationLevelReadUncommitted)
		}
		return err
	})
	return starts, ends, err
}

func listOffsets(ctx context.Context, a *kafka.AdminClient, topic string, which kafka.OffsetSpec, isolation kafka.IsolationLevel) (map[int32]int64, error) {
	d, err := describe(ctx, a, topic)
	if err != nil {
		return nil, err
	}
	ask := map[kafka.TopicPartition]kafka.OffsetSpec{}
	for _, p := range d.Partitions {
		ask[kafka.TopicPartition{Topic: &topic, Partition: int32(p.Partition)}] = which
	}
	r, err := a.ListOffsets(ctx, ask, kafka.SetAdminIsolationLevel(isolation))
	if err != nil {
		return nil, err
	}
	offsets := map[int32]int64{}
	for p, info := range r.ResultInfos {
		if err := failure(info.Error); err != nil {
			return nil, err
		}
		offsets[p.Partition] = int64(info.Offset)
	}
	return offsets, nil
}
