package streamtest

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/saleslake/saleslake/pkg/stream"
)

// Copy is a stage that copies each record to the same partition of another topic: what comes out must be what went
// in, in its order, each record once. It is as lazy as a real stage: it flushes when it has Every records, or when the
// oldest has waited for Wait.
type Copy struct {
	Out   string
	Every int           // default 100
	Wait  time.Duration // default 20 ms

	OnOpen  func(ctx context.Context, p stream.Partition, next int64) error
	OnAdd   func(ctx context.Context, p stream.Partition, records []stream.Record) error
	OnFlush func(ctx context.Context, p stream.Partition) error

	Opened, Closed, Committed atomic.Int64
}

// Open makes the copying task of a partition.
func (c *Copy) Open(ctx context.Context, p stream.Partition, next int64) (stream.Task, error) {
	if c.OnOpen != nil {
		if err := c.OnOpen(ctx, p, next); err != nil {
			return nil, err
		}
	}
	c.Opened.Add(1)
	return &copyTask{stage: c, p: p, next: next}, nil
}

type copyTask struct {
	stage   *Copy
	p       stream.Partition
	next    int64
	pending []stream.Record
	since   time.Time
	flushed bool
}

func (t *copyTask) Add(ctx context.Context, records []stream.Record) error {
	if t.flushed {
		panic("Add between Flush and Committed")
	}
	if t.stage.OnAdd != nil {
		if err := t.stage.OnAdd(ctx, t.p, records); err != nil {
			return err
		}
	}
	if len(t.pending) == 0 {
		t.since = time.Now()
	}
	for _, r := range records {
		if r.Offset < t.next {
			panic("records out of order")
		}
		t.next = r.Offset + 1
		t.pending = append(t.pending, stream.Record{Topic: t.stage.Out, Partition: t.p.ID, Key: r.Key, Value: r.Value, Headers: r.Headers})
	}
	return nil
}

func (t *copyTask) Due(now time.Time, _ bool) time.Time {
	every, wait := t.stage.Every, t.stage.Wait
	if every == 0 {
		every = 100
	}
	if wait == 0 {
		wait = 20 * time.Millisecond
	}
	switch {
	case len(t.pending) == 0:
		return time.Time{}
	case len(t.pending) >= every:
		return now
	}
	return t.since.Add(wait)
}

func (t *copyTask) Flush(ctx context.Context) (stream.Commit, error) {
	if t.stage.OnFlush != nil {
		if err := t.stage.OnFlush(ctx, t.p); err != nil {
			return stream.Commit{}, err
		}
	}
	t.flushed = true
	return stream.Commit{Next: t.next, Records: t.pending}, nil
}

func (t *copyTask) Committed() {
	t.pending, t.flushed = nil, false
	t.stage.Committed.Add(1)
}

func (t *copyTask) Close() { t.stage.Closed.Add(1) }
