package stream

import (
	"fmt"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// AnyPartition in a record to be published lets its key choose the partition, as [PartitionFor] does.
const AnyPartition = kafka.PartitionAny

// Partition names one partition of a topic.
type Partition struct {
	Topic string
	ID    int32
}

// String is the topic and the partition's number in three digits: "sales_events/003".
func (p Partition) String() string { return fmt.Sprintf("%s/%03d", p.Topic, p.ID) }

// Header is one of a record's headers.
type Header struct {
	Key   string
	Value []byte
}

// Record is a Kafka record. Time is the broker's, in microseconds UTC. A record to be published needs Topic, Value,
// usually Key, and Partition: [AnyPartition] or the partition's number; its Offset is not read, its Time only when it
// is not 0 (and the topic does not stamp records itself).
type Record struct {
	Topic     string
	Partition int32
	Offset    int64
	Key       []byte
	Value     []byte
	Time      int64
	Headers   []Header
}

// fromMessage borrows the message's bytes.
func fromMessage(m *kafka.Message) Record {
	r := Record{
		Topic:     *m.TopicPartition.Topic,
		Partition: m.TopicPartition.Partition,
		Offset:    int64(m.TopicPartition.Offset),
		Key:       m.Key,
		Value:     m.Value,
		Time:      m.Timestamp.UnixMicro(),
	}
	for _, h := range m.Headers {
		r.Headers = append(r.Headers, Header(h))
	}
	return r
}

// toMessage fills m, which may be reused for the next record: the client copies what it is given.
func toMessage(r *Record, m *kafka.Message) {
	*m = kafka.Message{
		TopicPartition: kafka.TopicPartition{Topic: &r.Topic, Partition: r.Partition},
		Key:            r.Key,
		Value:          r.Value,
		Headers:        m.Headers[:0],
	}
	if r.Time != 0 {
		m.Timestamp = time.UnixMicro(r.Time)
	}
	for _, h := range r.Headers {
		m.Headers = append(m.Headers, kafka.Header(h))
	}
}

// size is what a record counts for in the bounds on memory: its bytes and its own structs, roughly.
func (r *Record) size() int { return len(r.Key) + len(r.Value) + recordOverhead }

const recordOverhead = 256

func (p Partition) offset(next int64) kafka.TopicPartition {
	return kafka.TopicPartition{Topic: &p.Topic, Partition: p.ID, Offset: kafka.Offset(next)}
}

func partitionOf(tp kafka.TopicPartition) Partition {
	return Partition{Topic: *tp.Topic, ID: tp.Partition}
}
