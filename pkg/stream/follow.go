package stream

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"go.uber.org/zap"
)

// Reader is ReadToEnd of some cluster, or of what stands for one.
type Reader func(ctx context.Context, topic string, partitions []int32, fn func(Record) error) error

// NewReader gives ReadToEnd of the cluster that c names.
func NewReader(c Config) Reader {
	return func(ctx context.Context, topic string, partitions []int32, fn func(Record) error) error {
		return ReadToEnd(ctx, c, topic, partitions, fn)
	}
}

// ReadToEnd calls fn for each committed record of the partitions of topic (nil = all), from their start to the end as
// it was when called; records of one partition come in offset order. That end counts records in open transactions: it
// waits until they are committed or aborted, so that a record of which another process knows is not missed. It
// belongs to no group and commits nothing. Its errors are fn's, with partition and offset, the client's, or the end of
// ctx.
func ReadToEnd(ctx context.Context, c Config, topic string, partitions []int32, fn func(Record) error) error {
	places, err := findPlaces(ctx, c, topic)
	if err != nil {
		return err
	}
	if partitions != nil {
		places = pick(places, topic, partitions)
	}
	for p, at := range places {
		if at.reached() {
			delete(places, p)
		}
	}
	if len(places) == 0 {
		return nil
	}
	r, err := openReader(c, places, kafka.ConfigMap{"fetch.wait.max.ms": 20})
	if err != nil {
		return err
	}
	defer r.close()
	for !r.reachedEnd() {
		if err := context.Cause(ctx); err != nil {
			return fmt.Errorf("read topic %s to its end: %w", topic, err)
		}
		if err := r.step(fn); err != nil {
			return err
		}
	}
	return nil
}

// Follow reads the topics as [ReadToEnd] does, and then goes on until ctx ends; then it returns nil. caughtUp is called
// each time that all partitions are at their end, for the first time when all is read that was there at the call.
func Follow(ctx context.Context, c Config, topics []string, fn func(Record) error, caughtUp func()) error {
	places := map[Partition]*place{}
	for _, topic := range topics {
		more, err := findPlaces(ctx, c, topic)
		if err != nil {
			return unlessEnded(ctx, err)
		}
		for p, at := range more {
			at.endless = true
			places[p] = at
		}
	}
	r, err := openReader(c, places, kafka.ConfigMap{"fetch.wait.max.ms": 500}) // what comes is told at once, only the end of it is not
	if err != nil {
		return err
	}
	defer r.close()
	for said := false; ctx.Err() == nil; {
		if err := r.step(fn); err != nil {
			return err
		}
		there := r.reachedEnd()
		if there && !said {
			caughtUp()
		}
		said = there
	}
	return nil
}

// place is how far a partition is read.
type place struct {
	heard
	target  int64 // the end at the call
	atEnd   bool  // nothing was there behind next
	endless bool  // go on behind target
}

func (at *place) reached() bool { return at.next >= at.target && (at.atEnd || !at.endless) }

// findPlaces is the start of each partition of the topic. Asking for it, rather than letting the consumer do that,
// saves the half second that the consumer waits after asking before it is connected.
func findPlaces(ctx context.Context, c Config, topic string) (map[Partition]*place, error) {
	starts, ends, err := bounds(ctx, c, topic)
	places := make(map[Partition]*place, len(ends))
	for id, end := range ends {
		places[Partition{Topic: topic, ID: id}] = &place{target: end, heard: heard{next: starts[id]}}
	}
	return places, err
}

func pick(places map[Partition]*place, topic string, ids []int32) map[Partition]*place {
	picked := map[Partition]*place{}
	for _, id := range ids {
		p := Partition{Topic: topic, ID: id}
		if at := places[p]; at != nil {
			picked[p] = at
		}
	}
	return picked
}

// reader consumes partitions from their start, without a group.
type reader struct {
	config   Config
	more     kafka.ConfigMap
	consumer *kafka.Consumer
	upkeep   *upkeep
	places   map[Partition]*place
	waiting  map[Partition]*place // those that have not reached their end
	complaints
}

const readerQueueBytes = 8 << 20

func openReader(c Config, places map[Partition]*place, more kafka.ConfigMap) (*reader, error) {
	r := &reader{config: c, more: more, places: places, waiting: maps.Clone(places), complaints: complaints{log: c.log()}}
	if err := r.open(); err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

// open makes a client that reads each partition from where the one before it was.
func (r *reader) open() (err error) {
	// The client asks for a group, but one that only assigns never joins it.
	r.consumer, r.upkeep, err = newConsumer(r.config, consumerConfig("reader-without-group", readerQueueBytes, r.more))
	if err != nil {
		return err
	}
	now := time.Now()
	var from []kafka.TopicPartition
	for p, at := range r.places {
		at.nothing(now)
		tp := p.offset(0)
		tp.Offset = kafka.OffsetBeginning
		if at.next > 0 {
			tp.Offset = kafka.Offset(at.next)
		}
		from = append(from, tp)
	}
	r.meet(from[0])
	if err := r.consumer.Assign(from); err != nil {
		return fmt.Errorf("start reading: %w", err)
	}
	return nil
}

// meet lets the consumer connect before it is given work: if it has to look for a partition's leader while it is not
// connected yet, it looks again only half a second later. Whatever goes wrong here comes up again while reading.
func (r *reader) meet(p kafka.TopicPartition) {
	if _, err := r.consumer.GetMetadata(p.Topic, false, int(callTimeout.Milliseconds())); err != nil {
		r.log.Warn("ask for metadata", zap.Error(err))
	}
}

func (r *reader) close() {
	if r.upkeep == nil { // no client could be made
		return
	}
	r.upkeep.end(func() {
		if err := r.consumer.Close(); err != nil {
			r.log.Warn("close a reader", zap.Error(err))
		}
	})
}

func (r *reader) reachedEnd() bool { return len(r.waiting) == 0 }

func (r *reader) step(fn func(Record) error) error {
	const wait = 100 // milliseconds, between two looks at the context
	switch e := r.consumer.Poll(wait).(type) {
	case *kafka.Message:
		r.good()
		return r.record(e, fn)
	case kafka.PartitionEOF:
		r.good()
		p := partitionOf(kafka.TopicPartition(e))
		at := r.places[p]
		at.upTo(int64(e.Offset), time.Now())
		at.atEnd = true
		r.settle(p, at)
	case kafka.Error:
		return r.judge("read", e)
	case nil:
		if stalled := listen(time.Now(), hearing(r.places), endOf(r.consumer)); stalled != nil {
			r.log.Warn("reading on with a new client", zap.Error(stalled))
			r.close()
			return r.open()
		}
	}
	return nil
}

func (r *reader) record(m *kafka.Message, fn func(Record) error) error {
	p := partitionOf(m.TopicPartition)
	if err := m.TopicPartition.Error; err != nil {
		return fmt.Errorf("read %s at offset %d: %w", p, m.TopicPartition.Offset, err)
	}
	at := r.places[p]
	record := fromMessage(m)
	at.upTo(record.Offset+1, time.Now())
	at.atEnd = false
	defer r.settle(p, at)
	if !at.endless && record.Offset >= at.target {
		return nil
	}
	if _, ok := heartbeatOf(&record); ok {
		return nil
	}
	if err := fn(record); err != nil {
		return fmt.Errorf("%s at offset %d: %w", p, record.Offset, err)
	}
	return nil
}

func (r *reader) settle(p Partition, at *place) {
	if at.reached() {
		delete(r.waiting, p)
	} else {
		r.waiting[p] = at
	}
}
