package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"go.uber.org/zap"
)

// commit publishes what the workers have flushed, records and next offsets, in one transaction, and releases them.
// After an error nothing of it is in Kafka (or, where the cluster did not answer to the end, all of it), and the
// session is over: an error that wraps ErrRetry asks for a new one.
func (s *session) commit(ready []report) error {
	if len(ready) == 0 {
		return nil
	}
	begun, m, group := time.Now(), s.rc.Metrics, s.rc.Group
	m.transactions.begin(group)
	defer m.transactions.end(group)
	if err := s.transact(ready); err != nil {
		return s.giveUp(err)
	}
	s.commits++
	m.commits.WithLabelValues(group).Inc()
	m.transaction.WithLabelValues(group).Observe(time.Since(begun).Seconds())
	for _, r := range ready {
		r.from.released <- struct{}{}
	}
	return nil
}

func (s *session) transact(ready []report) error {
	var next []kafka.TopicPartition
	for _, r := range ready {
		if r.commit.Next != NoOffset {
			next = append(next, r.from.p.offset(r.commit.Next))
		}
	}
	if err := s.txn.begin(); err != nil {
		return err
	}
	s.rc.Fault(StepBegun)
	for _, r := range ready {
		if err := s.txn.produce(s.ctx, r.commit.Records); err != nil {
			return err
		}
	}
	s.rc.Fault(StepProduced)
	if err := s.sendOffsets(next); err != nil {
		return err
	}
	s.rc.Fault(StepOffsets)
	if err := s.txn.commit(s.ctx); err != nil {
		return err
	}
	s.rc.Fault(StepCommitted)
	return nil
}

// sendOffsets puts the offsets into the transaction, under the membership that the client has now: the group refuses
// them when it has moved on.
func (s *session) sendOffsets(next []kafka.TopicPartition) error {
	if len(next) == 0 {
		return nil
	}
	md, err := s.consumer.GetConsumerGroupMetadata()
	if err != nil {
		return fmt.Errorf("ask for the group metadata: %w", err)
	}
	generation, member, err := identity(md)
	if err != nil {
		return err
	}
	if generation < 0 || member == "" || s.consumer.AssignmentLost() {
		return fmt.Errorf("group %s has put this instance out: %w (%w)", s.rc.Group, ErrFenced, ErrRetry)
	}
	return s.txn.offsets(s.ctx, next, md)
}

// giveUp aborts the transaction and says what is left to do.
func (s *session) giveUp(cause error) error {
	if isFenced(cause) {
		s.rc.Metrics.fenced.WithLabelValues(s.rc.Group).Inc()
	}
	if cureOf(cause) == restart {
		return cause // its transaction ends with the process, or with its timeout
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), callTimeout)
	defer cancel()
	if err := s.txn.abort(ctx); err != nil {
		s.log.Warn("the transaction is left to the next owner of its id", zap.Error(err))
		if isFenced(err) && !isFenced(cause) {
			s.rc.Metrics.fenced.WithLabelValues(s.rc.Group).Inc()
		}
	}
	if errors.Is(cause, ErrRetry) {
		return cause
	}
	return fmt.Errorf("%w (%w)", cause, ErrRetry)
}
