package stream

import (
	"fmt"
	"iter"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// The client can forget a partition that it reads: after an outage of the brokers it was seen to keep its assignment
// and to fetch nothing, without an error, for as long as it lived. https://github.com/confluentinc/librdkafka/issues/5153
// and 4492 tell of the same. Only a new client helps, so silence is looked into: a partition from which nothing has
// come for stallAfter is asked for its end, and when what lay below that end has not come stallAfter later, it is
// stalled.
const stallAfter = 15 * time.Second

// endTimeout bounds the question for a partition's end: reading waits for the answer.
const endTimeout = 500 * time.Millisecond

// heard is what has come from a partition, and how long nothing has.
type heard struct {
	next  int64     // everything below it has come
	since time.Time // of the last record, end or look
	end   int64     // the partition's end at that look, 0 for none
}

// upTo notes that everything below next has come.
func (h *heard) upTo(next int64, now time.Time) { *h = heard{next: max(h.next, next), since: now} }

// nothing begins to wait anew: the silence until now had another reason.
func (h *heard) nothing(now time.Time) { h.upTo(h.next, now) }

// look asks for the partition's end and tells whether it is stalled. An error says nothing of the partition: the
// brokers are away.
func (h *heard) look(now time.Time, end func() (int64, error)) (stalled bool, err error) {
	before := h.end
	h.nothing(now)
	h.end, err = end()
	return err == nil && before > h.next, err
}

func (h *heard) its() *heard { return h }

// hearing gives what has come from each partition, of what holds that.
func hearing[T interface{ its() *heard }](all map[Partition]T) iter.Seq2[Partition, *heard] {
	return func(yield func(Partition, *heard) bool) {
		for p, holder := range all {
			if !yield(p, holder.its()) {
				return
			}
		}
	}
}

// listen looks into the partition that has been silent for longest, if it is time: one at a time, as reading waits. Its
// error wraps [ErrRetry]: the partition is stalled.
func listen(now time.Time, from iter.Seq2[Partition, *heard], endOf func(Partition) (int64, error)) error {
	var p Partition
	var longest *heard
	for partition, h := range from {
		if longest == nil || h.since.Before(longest.since) {
			p, longest = partition, h
		}
	}
	if longest == nil || now.Sub(longest.since) < stallAfter {
		return nil
	}
	stalled, err := longest.look(now, func() (int64, error) { return endOf(p) })
	if stalled {
		return fmt.Errorf("%s: the client fetches nothing from offset %d on, though the partition ends at %d: %w", p, longest.next, longest.end, ErrRetry)
	}
	if err != nil {
		hush(now, from)
	}
	return nil
}

// hush begins to wait anew for all partitions.
func hush(now time.Time, from iter.Seq2[Partition, *heard]) {
	for _, h := range from {
		h.nothing(now)
	}
}

// endOf asks the partition's leader for the offset behind the last record that may be read.
func endOf(c *kafka.Consumer) func(Partition) (int64, error) {
	return func(p Partition) (int64, error) {
		_, end, err := c.QueryWatermarkOffsets(p.Topic, p.ID, int(endTimeout.Milliseconds()))
		return end, err
	}
}
