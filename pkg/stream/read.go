package stream

import (
	"fmt"
	"strings"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

const (
	maxBundle = 4096                 // records that a task is handed at once
	pollIdle  = 5 * time.Millisecond // one wait for the client, between two looks at the workers' reports
	maxLinger = 5 * time.Millisecond // that a record waits for others to be handed on with
	lookEvery = 256                  // records between two looks at the clock
)

// bundle gathers a partition's records until they are handed on.
type bundle struct {
	heard
	to      *worker
	records []Record
	bytes   int
}

// read takes what the client has fetched, for about maxLinger, and puts it into the mailboxes.
func (s *session) read() error {
	begun := time.Now()
	for n, timeout := 1, pollIdle; s.failed == nil; n, timeout = n+1, 0 {
		e := s.consumer.Poll(int(timeout.Milliseconds()))
		if err := s.accept(e); err != nil {
			return err
		}
		if e == nil || n%lookEvery == 0 && time.Since(begun) > maxLinger {
			break
		}
	}
	for _, b := range s.bundles {
		s.hand(b, false)
	}
	return s.failed
}

func (s *session) accept(e kafka.Event) error {
	switch e := e.(type) {
	case *kafka.Message:
		s.good()
		return s.route(e)
	case kafka.PartitionEOF:
		s.good()
		if b := s.bundles[partitionOf(kafka.TopicPartition(e))]; b != nil {
			b.upTo(int64(e.Offset), time.Now())
			s.hand(b, true)
		}
	case *kafka.Stats:
		s.teller.hear(e.String())
	case kafka.Error:
		return s.judge("read "+strings.Join(s.rc.Topics, ", ")+" as group "+s.rc.Group, e)
	}
	return nil
}

func (s *session) route(m *kafka.Message) error {
	if err := m.TopicPartition.Error; err != nil {
		return fmt.Errorf("read %s at offset %d: %w", partitionOf(m.TopicPartition), m.TopicPartition.Offset, err)
	}
	b := s.current
	if b == nil || b.to.p.ID != m.TopicPartition.Partition || b.to.p.Topic != *m.TopicPartition.Topic {
		if b = s.bundles[partitionOf(m.TopicPartition)]; b == nil {
			return nil // it was taken away
		}
		s.current = b
	}
	r := fromMessage(m)
	if r.Offset < b.next {
		return fmt.Errorf("%s went back to offset %d, %d was expected: %w", b.to.p, r.Offset, b.next, ErrRetry)
	}
	if b.records == nil {
		b.records = s.slice()
	}
	b.next = r.Offset + 1
	b.bytes += r.size()
	if b.records = append(b.records, r); len(b.records) == maxBundle || b.bytes > s.rc.QueueBytes/8 {
		s.hand(b, false)
	}
	return nil
}

// hand puts what was gathered into the mailbox.
func (s *session) hand(b *bundle, atEnd bool) {
	if len(b.records) == 0 && !atEnd {
		return
	}
	b.nothing(time.Now())
	s.held.Add(int64(b.bytes))
	b.to.box.put(parcel{records: b.records, bytes: b.bytes, atEnd: atEnd})
	b.records, b.bytes = nil, 0
}

func (s *session) slice() []Record {
	select {
	case r := <-s.room:
		return r
	default:
		return make([]Record, 0, 256)
	}
}

// handled takes back what a worker is done with; it is called from the workers.
func (s *session) handled(p parcel) {
	if p.records != nil {
		clear(p.records)
		select {
		case s.room <- p.records[:0]:
		default:
		}
	}
	s.held.Add(int64(-p.bytes))
	signal(s.freed)
}

const (
	fullWait = 50 * time.Millisecond  // one wait for room, between two looks at the workers' reports
	fullMost = 500 * time.Millisecond // without reading; then rebalances must be heard of again
)

// full keeps the mailboxes within their half of QueueBytes: it tells when nothing more must be read for now. It waits
// for the tasks for a moment; when they take longer it pauses all partitions, so that polling goes on without records.
// (Pausing at once would cost a new fetch of all that is fetched.)
func (s *session) full() (bool, error) {
	limit := int64(s.rc.QueueBytes / 2)
	switch held := s.held.Load(); {
	case s.paused && held < limit/2:
		s.paused = false
		hush(time.Now(), hearing(s.bundles))
		return false, s.resume(s.reading())
	case s.paused:
		return false, nil
	case held < limit:
		s.fullFrom = time.Time{}
		return false, nil
	case s.fullFrom.IsZero():
		s.fullFrom = time.Now()
	case time.Since(s.fullFrom) > fullMost:
		s.paused, s.fullFrom = true, time.Time{}
		return false, s.pause(s.reading())
	}
	s.waitForRoom(limit)
	return true, nil
}

func (s *session) waitForRoom(limit int64) {
	timer := time.NewTimer(fullWait)
	defer timer.Stop()
	for s.held.Load() >= limit {
		select {
		case <-s.freed:
		case <-timer.C:
			return
		}
	}
}

func (s *session) reading() (ps []Partition) {
	for p, w := range s.workers {
		if w.assigned {
			ps = append(ps, p)
		}
	}
	return ps
}

func (s *session) pause(ps []Partition) error {
	if err := s.consumer.Pause(offsets(ps)); err != nil {
		return fmt.Errorf("pause %v: %w", ps, err)
	}
	return nil
}

func (s *session) resume(ps []Partition) error {
	if err := s.consumer.Resume(offsets(ps)); err != nil {
		return fmt.Errorf("resume %v: %w", ps, err)
	}
	return nil
}

func offsets(ps []Partition) []kafka.TopicPartition {
	tps := make([]kafka.TopicPartition, len(ps))
	for i, p := range ps {
		tps[i] = p.offset(0)
	}
	return tps
}
