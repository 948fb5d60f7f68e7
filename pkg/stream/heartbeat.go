package stream

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"go.uber.org/zap"
)

// A heartbeat is a record of this package's own: each stage takes it from its input when everything before it is
// committed, and publishes it in the partition of the same number of its output. So it arrives at the end only when all
// stages work, also when nobody sends anything. Like the markers of transactions, it takes up an offset and is never
// handed to a [Task] or a reader.
const heartbeatHeader = "heartbeat"

type heartbeat struct {
	offset int64
	Time   int64 `json:"time"` // when it was sent, microseconds UTC
}

func heartbeatKey(partition int32) string { return fmt.Sprintf("heartbeat/p=%03d", partition) }

// record is the heartbeat in a partition of a topic.
func (h heartbeat) record(topic string, partition int32) Record {
	value, err := json.Marshal(h)
	if err != nil {
		panic(fmt.Sprintf("stream: encode a heartbeat: %v", err)) // it holds a number
	}
	return Record{Topic: topic, Partition: partition, Key: []byte(heartbeatKey(partition)), Value: value,
		Headers: []Header{{Key: heartbeatHeader, Value: []byte{}}}}
}

// heartbeatOf tells whether a record is one, by its header, key and value together: anyone may send records, and
// nothing else may be passed over.
func heartbeatOf(r *Record) (h heartbeat, ok bool) {
	if len(r.Headers) != 1 || r.Headers[0].Key != heartbeatHeader || string(r.Key) != heartbeatKey(r.Partition) {
		return h, false
	}
	err := json.Unmarshal(r.Value, &h)
	h.offset = r.Offset
	return h, err == nil && h.Time > 0
}

// beat sends heartbeats to the partitions that are read, when it is time.
func (s *session) beat(ctx context.Context) {
	now := time.Now()
	if s.rc.HeartbeatEvery <= 0 || now.Sub(s.beaten) < s.rc.HeartbeatEvery {
		return
	}
	s.beaten = now
	for p, w := range s.workers {
		if _, travels := s.rc.Heartbeats[p.Topic]; !travels || !w.assigned {
			continue
		}
		if err := s.beats.Publish(ctx, heartbeat{Time: now.UnixMicro()}.record(p.Topic, p.ID)); err != nil {
			s.log.Warn("a heartbeat was not sent", zap.Stringer("partition", p), zap.Error(err))
		}
	}
}

// withoutHeartbeats takes the heartbeats out of records, in place.
func (w *worker) withoutHeartbeats(records []Record) []Record {
	kept := records[:0]
	for i := range records {
		if h, ok := heartbeatOf(&records[i]); ok {
			w.heartbeats = append(w.heartbeats, h)
			continue
		}
		kept = append(kept, records[i])
	}
	return kept
}

// settled tells whether all records that the task was given are committed.
func (w *worker) settled() bool { return w.given <= w.committedTo }

// pass adds the newest heartbeat that lies before the commit's offset to its records, and gives it; false when none does.
func (w *worker) pass(c *Commit) (h heartbeat, ok bool) {
	for len(w.heartbeats) > 0 && w.heartbeats[0].offset < c.Next {
		h, ok = w.heartbeats[0], true
		w.heartbeats = w.heartbeats[1:]
	}
	if output := w.session.rc.Heartbeats[w.p.Topic]; ok && output != "" {
		c.Records = append(c.Records, h.record(output, w.p.ID))
	}
	return h, ok
}

// flushHeartbeats commits heartbeats behind which the task has nothing to do.
func (w *worker) flushHeartbeats() {
	c := Commit{Next: w.next.Load()}
	h, _ := w.pass(&c)
	w.tell(report{commit: &c})
	if w.isReleased() {
		w.committedTo = c.Next
		w.passed(h)
	}
}

// passed tells of a heartbeat that is committed.
func (w *worker) passed(h heartbeat) {
	if _, travels := w.session.rc.Heartbeats[w.p.Topic]; !travels {
		return
	}
	m, group := w.session.rc.Metrics, w.session.rc.Group
	m.heartbeatTime.WithLabelValues(group, w.p.Topic, strconv.Itoa(int(w.p.ID))).Set(float64(h.Time) / 1e6)
	m.heartbeat.WithLabelValues(group).Observe(max(time.Since(time.UnixMicro(h.Time)), 0).Seconds())
}
