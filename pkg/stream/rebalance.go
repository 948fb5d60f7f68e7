package stream

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"go.uber.org/zap"
)

// rebalance is called by the client, within Poll and Close, when partitions come or go.
func (s *session) rebalance(_ *kafka.Consumer, e kafka.Event) error {
	s.rc.Metrics.rebalances.WithLabelValues(s.rc.Group).Inc()
	var err error
	switch e := e.(type) {
	case kafka.AssignedPartitions:
		err = s.assigned(e.Partitions)
	case kafka.RevokedPartitions:
		err = s.revoked(e.Partitions)
	}
	if err != nil && !s.closing {
		s.failed = errors.Join(s.failed, err)
	}
	return nil
}

// assigned starts a worker for each new partition. The consumer reads none of them yet: that begins in start, at the
// offset that the worker finds and when its task is open.
func (s *session) assigned(parts []kafka.TopicPartition) error {
	s.log.Info("partitions assigned", zap.Stringers("partitions", partitions(parts)))
	for _, tp := range parts {
		p := partitionOf(tp)
		if s.workers[p] != nil {
			return fmt.Errorf("partition %s was assigned twice", p)
		}
		s.workers[p] = s.startWorker(p)
	}
	return s.consumer.IncrementalAssign(nil) // tells the client that the assignment was handled
}

// start lets the consumer read a partition, from its committed offset.
func (s *session) start(w *worker) error {
	at := w.p.offset(w.next.Load())
	if at.Offset == 0 {
		at.Offset = kafka.OffsetBeginning // the oldest records may be gone before the group's first start
	}
	if err := s.consumer.IncrementalAssign([]kafka.TopicPartition{at}); err != nil {
		return fmt.Errorf("start reading %s at offset %d: %w", w.p, w.next.Load(), err)
	}
	w.assigned = true
	s.bundles[w.p] = &bundle{to: w, heard: heard{next: w.next.Load(), since: time.Now()}}
	if s.paused {
		return s.pause([]Partition{w.p})
	}
	return nil
}

// revoked ends the partitions' workers before it returns, and with them drops all that they had not committed.
func (s *session) revoked(parts []kafka.TopicPartition) error {
	ps := partitions(parts)
	s.log.Info("partitions revoked", zap.Stringers("partitions", ps), zap.Bool("lost", s.consumer.AssignmentLost()))
	var reading []kafka.TopicPartition
	for _, p := range ps {
		if w := s.workers[p]; w != nil && w.assigned {
			reading = append(reading, p.offset(0))
		}
	}
	s.stopWorkers(ps)
	return s.consumer.IncrementalUnassign(reading)
}

// stopWorkers ends the workers of the partitions and waits for them.
func (s *session) stopWorkers(ps []Partition) {
	for _, p := range ps {
		if w := s.workers[p]; w != nil {
			w.cancel()
		}
	}
	for _, p := range ps {
		w := s.workers[p]
		if w == nil {
			continue
		}
		<-w.done
		for parcel, ok := w.box.take(); ok; parcel, ok = w.box.take() {
			s.handled(parcel)
		}
		s.rc.Metrics.forget(s.rc.Group, p)
		if !s.closing { // the client may still ask for what was assigned
			delete(s.workers, p)
		}
		delete(s.bundles, p)
	}
	s.current = nil
}

func (s *session) all() []Partition { return slices.Collect(maps.Keys(s.workers)) }

func partitions(parts []kafka.TopicPartition) []Partition {
	ps := make([]Partition, len(parts))
	for i, tp := range parts {
		ps[i] = partitionOf(tp)
	}
	return ps
}
