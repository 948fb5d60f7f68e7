package main

import (
	"context"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/saleslake/saleslake/pkg/sales"
)

// forget deletes what bronze-writer left in Kafka, so that it begins anew: the
// topics that it writes and its group's offsets.
func (b *bench) forget(ctx context.Context) error {
	admin, err := kafka.NewAdminClient(&kafka.ConfigMap{"bootstrap.servers": b.broker.Bootstrap})
	if err != nil {
		return fmt.Errorf("make an admin client: %w", err)
	}
	defer admin.Close()
	groups, err := admin.DeleteConsumerGroups(ctx, []string{group})
	if err != nil {
		return fmt.Errorf("delete group %s: %w", group, err)
	}
	if e := groups.ConsumerGroupResults[0].Error; e.Code() != kafka.ErrNoError && e.Code() != kafka.ErrGroupIDNotFound {
		return fmt.Errorf("delete group %s: %w", group, e)
	}
	topics := []string{sales.TopicBronze, sales.TopicDLQ}
	_, err = backoff.Retry(ctx, func() (struct{}, error) { return struct{}{}, deleteTopics(ctx, admin, topics) },
		backoff.WithMaxElapsedTime(30*time.Second))
	return err
}

// deleteTopics errs until none of the topics is there any more.
func deleteTopics(ctx context.Context, admin *kafka.AdminClient, topics []string) error {
	results, err := admin.DeleteTopics(ctx, topics)
	if err != nil {
		return fmt.Errorf("delete topics: %w", err)
	}
	for _, r := range results {
		if r.Error.Code() != kafka.ErrUnknownTopicOrPart {
			return fmt.Errorf("delete topic %s: it was there still (%w)", r.Topic, r.Error)
		}
	}
	return nil
}
