package bronze

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/services/bronze-writer/decode"
)

// task lands one partition of the source topic.
type task struct {
	stage   *stage
	source  *source
	origin  decode.Origin
	json    *decode.JSON
	log     *zap.Logger
	ledger  lake.Ledger // cumulative, as of the last commit
	pending *batch
	rest    *batch    // records after the range of an adopted file
	stands  *standing // a file at our first offset, of a range that we do not have all of yet
	landed  *landed   // by the last Flush
	mirrors sync.WaitGroup
	ctx     context.Context // of the copies of what was committed
}

// Add implements stream.Task.
func (t *task) Add(_ context.Context, records []stream.Record) error {
	now := time.Now()
	for i := range records {
		r := &records[i]
		t.origin.Offset, t.origin.Time, t.origin.ReplayOf = r.Offset, r.Time, replayOf(r.Headers)
		t.pending.add(t.json, r.Key, r.Value, t.origin, now)
	}
	return nil
}

// replayOf finds the reject that a record says it replays. What is no name of a
// record counts for nothing: anyone may send headers.
func replayOf(headers []stream.Header) string {
	for _, h := range headers {
		if h.Key != lake.HeaderReplayOf {
			continue
		}
		if _, _, ok := lake.ParseReplayOf(string(h.Value)); ok {
			return string(h.Value)
		}
	}
	return ""
}

// Due implements stream.Task: a file is closed by rows, by bytes, or when the
// clock next shows a multiple of MaxAge. When a file stands at our offset, its range is closed instead.
func (t *task) Due(now time.Time, _ bool) time.Time {
	b := t.pending
	switch {
	case b.records == 0:
		return time.Time{}
	case t.stands != nil && b.next < t.stands.source.Next:
		return time.Time{}
	case t.stands != nil, b.records >= int64(t.stage.Bronze.MaxRows), b.bytes >= t.stage.batchBytes():
		return now
	default:
		// All partitions at once: what comes after has the work of one commit of each, not of one after the other.
		// It is counted from since, which no clock that is set moves.
		age := t.stage.Bronze.MaxAge
		return b.since.Add(age - b.since.Sub(b.since.Truncate(age)))
	}
}

// Flush implements stream.Task: it lands what is pending, or as much of it as a
// file that stands has.
func (t *task) Flush(ctx context.Context) (stream.Commit, error) {
	l, err := t.land(ctx)
	if err != nil || l == nil {
		return stream.Commit{Next: stream.NoOffset}, err
	}
	t.landed = l
	l.account(&t.ledger)
	return stream.Commit{Next: l.source.Next, Records: t.stage.records(l, &t.ledger), Tallies: []stream.Tally{l.tally()}}, nil
}

// land answers nil when a file stands whose range has not all come yet.
func (t *task) land(ctx context.Context) (*landed, error) {
	p := t.pending.piece(t.source, t.origin)
	if t.stands == nil {
		l, err := t.source.store.put(ctx, p)
		if !errors.Is(err, errStands) {
			return &l, err
		}
		if t.stands, err = t.source.store.find(ctx, p.slice); err != nil {
			return nil, err
		}
	}
	next := t.stands.source.Next
	if p.source.Next < next {
		t.log.Info("a file stands that holds more", zap.String("file", t.stands.file.Key), zap.Int64("next", next))
		return nil, nil
	}
	if p.source.Next > next {
		t.rest = t.pending.splitAt(next)
		p = t.pending.piece(t.source, t.origin)
	}
	l, err := t.source.store.adopt(ctx, t.stands, p)
	if err != nil {
		return nil, err
	}
	t.stands = nil
	t.log.Info("adopted the file of another writer", zap.String("file", l.file.Key), zap.Int64("rows", l.file.Rows))
	return &l, nil
}

// Committed implements stream.Task.
func (t *task) Committed() {
	if t.landed == nil {
		return
	}
	t.mirror(t.landed.manifest(t.stage.cluster, time.Now().UnixMicro()))
	t.landed = nil
	t.pending.reset()
	if t.rest != nil {
		t.pending, t.rest = t.rest, nil
	}
}

// mirrorTimeout bounds the write of a commit's copies, which the next Open
// writes again if need be.
const mirrorTimeout = 5 * time.Second

// mirror copies a manifest and the ledger as of then to the bucket, those of one
// commit at a time.
func (t *task) mirror(m *lake.Manifest) {
	t.mirrors.Wait()
	ledger := t.ledger
	ledger.Rejected = maps.Clone(ledger.Rejected)
	t.mirrors.Go(func() {
		ctx, cancel := context.WithTimeout(t.ctx, mirrorTimeout)
		defer cancel()
		if err := lake.Mirror(ctx, t.stage.Bucket, m, &ledger); err != nil {
			t.log.Warn("copy of a commit not written", zap.String("object", m.MirrorKey()), zap.Error(err))
		}
	})
}

// Close implements stream.Task.
func (t *task) Close() {
	t.mirrors.Wait()
	t.stage.tasks.Add(-1)
}
