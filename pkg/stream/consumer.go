package stream

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"reflect"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"go.uber.org/zap"
)

// consumerConfig is what all consumers have in common. queueBytes bounds what the client has fetched.
func consumerConfig(group string, queueBytes int, more kafka.ConfigMap) kafka.ConfigMap {
	m := kafka.ConfigMap{
		"group.id":           group,
		"isolation.level":    "read_committed",
		"enable.auto.commit": false,
		// An offset that is gone means that records are lost: that is said, not skipped. See [complaints.judge].
		"auto.offset.reset":          "error",
		"check.crcs":                 true,
		"enable.partition.eof":       true,
		"fetch.queue.backoff.ms":     5,   // the default, 1000, stalls a full queue for a second
		"fetch.wait.max.ms":          200, // the end of a partition is told so late; each idle consumer asks so often
		"fetch.error.backoff.ms":     50,
		"fetch.message.max.bytes":    1 << 20, // a larger record still passes, alone
		"fetch.max.bytes":            MaxRecordBytes * 2,
		"queued.max.messages.kbytes": max(queueBytes>>10, 1024),
		"queued.min.messages":        100_000,
	}
	for key, value := range more {
		m[key] = value
	}
	return m
}

// newConsumer makes a consumer, which is closed by way of its upkeep.
func newConsumer(c Config, conf kafka.ConfigMap) (*kafka.Consumer, *upkeep, error) {
	m := c.client(conf)
	u := c.upkeep(m)
	consumer, err := kafka.NewConsumer(m)
	if err != nil {
		u.end(nil)
		return nil, nil, fmt.Errorf("make a consumer: %w", err)
	}
	u.authenticate(consumer)
	return consumer, u, nil
}

// identity reads the generation and the member from the client's group metadata. It matters, because brokers accept
// offsets that come with neither (they take the sender for a producer of before group fencing): an instance that was
// put out of its group may hold just such metadata, and would commit over its successor.
func identity(md *kafka.ConsumerGroupMetadata) (generation int32, member string, err error) {
	raw := reflect.ValueOf(md).Elem().FieldByName("serialized")
	if !raw.IsValid() {
		return 0, "", fmt.Errorf("read the group metadata: the client holds it in another way")
	}
	// librdkafka's layout: magic, generation (int32, native order), then group, member and instance, each ended by 0.
	const magic = "CGMDv2:"
	rest, ok := bytes.CutPrefix(raw.Bytes(), []byte(magic))
	if !ok || len(rest) < 4 {
		return 0, "", fmt.Errorf("read the group metadata: unknown layout %.8q", raw.Bytes())
	}
	generation = int32(binary.NativeEndian.Uint32(rest))
	_, rest, ok = bytes.Cut(rest[4:], []byte{0})
	name, _, ended := bytes.Cut(rest, []byte{0})
	if !ok || !ended {
		return 0, "", fmt.Errorf("read the group metadata: cut short at %d bytes", len(raw.Bytes()))
	}
	return generation, string(name), nil
}

// complaints are what a client reports besides records.
type complaints struct {
	log    *zap.Logger
	outage bool // all brokers are down, and that was said
}

// good ends an outage.
func (c *complaints) good() {
	if c.outage {
		c.outage = false
		c.log.Info("the brokers are back")
	}
}

// judge returns the reports that must end the client and logs the others; the client reconnects by itself, so that
// the cluster is away is said once.
func (c *complaints) judge(action string, e kafka.Error) error {
	switch {
	case e.IsFatal(), hopeless(e.Code()), corrupt(e.Code()):
		return fmt.Errorf("%s: %w", action, e)
	case e.Code() == kafka.ErrAutoOffsetReset:
		return fmt.Errorf("%s: records that were not read yet are gone from the topic, or it was deleted and made anew "+
			"(to go on with what is there, reset the group's offset to the earliest): %w", action, e)
	case e.Code() == kafka.ErrAllBrokersDown:
		if !c.outage {
			c.outage = true
			c.log.Warn("all brokers are away; holding until they are back", zap.Error(e))
		}
	case transient(e) && e.Code() != kafka.ErrUnknownTopicOrPart:
		c.log.Debug("kafka client", zap.Error(e))
	default:
		c.log.Warn("kafka client", zap.Stringer("code", e.Code()), zap.Error(e))
	}
	return nil
}

// corrupt tells that the client has met a batch that it cannot read; it would go on behind it.
func corrupt(code kafka.ErrorCode) bool {
	return code == kafka.ErrBadMsg || code == kafka.ErrBadCompression || code == kafka.ErrInvalidMsg
}
