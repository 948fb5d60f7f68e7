package stream

import (
	"context"
	"fmt"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// Vacant returns an error when the group has members: a job that does what they do must not run beside them.
func Vacant(ctx context.Context, c Config, group string) error {
	members := 0
	err := administer(ctx, c, "ask who is in group "+group, func(ctx context.Context, a *kafka.AdminClient) error {
		r, err := a.DescribeConsumerGroups(ctx, []string{group})
		if err != nil {
			return err
		}
		for _, d := range r.ConsumerGroupDescriptions {
			if err := failure(d.Error); err != nil && !isCode(err, kafka.ErrGroupIDNotFound) {
				return err
			}
			members += len(d.Members)
		}
		return nil
	})
	if err == nil && members > 0 {
		err = fmt.Errorf("group %s has %d members: stop all instances of the service first "+
			"(one that was killed is a member until its session times out)", group, members)
	}
	return err
}

// SetOffsets sets the group's offsets in the topic, by partition. The cluster refuses it while the group has members.
func SetOffsets(ctx context.Context, c Config, group, topic string, next map[int32]int64) error {
	if len(next) == 0 {
		return nil
	}
	var to []kafka.TopicPartition
	for p, offset := range next {
		to = append(to, Partition{Topic: topic, ID: p}.offset(offset))
	}
	what := fmt.Sprintf("set the offsets of group %s in %s", group, topic)
	return administer(ctx, c, what, func(ctx context.Context, a *kafka.AdminClient) error {
		r, err := a.AlterConsumerGroupOffsets(ctx, []kafka.ConsumerGroupTopicPartitions{{Group: group, Partitions: to}})
		if err != nil {
			return err
		}
		for _, p := range r.ConsumerGroupsTopicPartitions[0].Partitions {
			if p.Error != nil {
				return p.Error
			}
		}
		return nil
	})
}
