package stream

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// worker is a partition's goroutine: it opens the task, hands it what the mailbox brings and flushes it when due.
type worker struct {
	p       Partition
	session *session
	box     *mailbox

	ctx      context.Context // ends when the partition is taken away or the session ends
	cancel   context.CancelFunc
	opening  context.Context // ends also when the instance stops: opening may take long and leaves nothing to save
	drain    context.CancelFunc
	released chan struct{} // the commit of the last flush is in Kafka
	done     chan struct{}

	caughtUp    bool         // of the worker's goroutine, and so are the next three
	given       int64        // behind the newest record that the task has
	committedTo int64        // the offset of the last commit
	heartbeats  []heartbeat  // that are not committed, by offset
	next        atomic.Int64 // behind the newest record that was taken, heartbeats too; the committed offset at first
	newest      atomic.Int64 // that record's time, microseconds; 0 = none yet
	atEnd       atomic.Bool  // the task has everything that there is
	assigned    bool         // the consumer reads the partition; of the coordinator
}

// report is what a worker tells the coordinator: that the task is open, that it has flushed, or that it has failed.
type report struct {
	from   *worker
	opened bool
	commit *Commit
	err    error
}

func (s *session) startWorker(p Partition) *worker {
	w := &worker{p: p, session: s, box: newMailbox(), released: make(chan struct{}, 1), done: make(chan struct{})}
	w.ctx, w.cancel = context.WithCancel(s.ctx)
	w.opening, w.drain = context.WithCancel(w.ctx)
	go func() {
		defer close(w.done)
		if err := w.work(); err != nil && w.ctx.Err() == nil {
			w.tell(report{err: fmt.Errorf("%s at offset %d: %w", w.p, w.next.Load(), err)})
		}
	}()
	return w
}

func (w *worker) tell(r report) {
	r.from = w
	select {
	case w.session.reports <- r:
	case <-w.ctx.Done():
	}
}

func (w *worker) work() error {
	next, err := w.committed()
	if err != nil {
		return w.unlessDraining(err)
	}
	w.next.Store(max(next, 0))
	w.given, w.committedTo = max(next, 0), max(next, 0)
	task, err := w.session.stage.Open(w.opening, w.p, max(next, 0))
	if err != nil {
		return w.unlessDraining(fmt.Errorf("open: %w", err))
	}
	defer task.Close()
	w.tell(report{opened: true})
	flushed := false
	for w.opening.Err() == nil {
		if flushed, err = w.step(task); err != nil {
			return err
		}
	}
	// A flush that the stop found under way is the last: the session waits for no other.
	if flushed || w.ctx.Err() != nil || task.Due(time.Now(), true).IsZero() {
		return nil
	}
	return w.flush(task)
}

// unlessDraining forgets an error that came from being told to stop.
func (w *worker) unlessDraining(err error) error {
	if w.opening.Err() != nil {
		return nil
	}
	return err
}

// committed asks for the group's offset, again until no open transaction holds it: what is in flight from the
// partition's last owner must be settled before the task rebuilds its state. -1 = the group has none.
func (w *worker) committed() (next int64, err error) {
	always := func(error) bool { return true }
	err = retry(w.opening, pauses(20*time.Millisecond, time.Second), always, w.session.warn("ask for the committed offset"), func() error {
		r, err := w.session.consumer.Committed([]kafka.TopicPartition{w.p.offset(0)}, int(time.Second.Milliseconds()))
		if err == nil && r[0].Error != nil {
			err = r[0].Error
		}
		if err == nil {
			next = max(int64(r[0].Offset), -1)
		}
		return err
	})
	return next, err
}

// step hands the task one parcel, or waits for one or for the time to flush; it tells whether
// it flushed.
func (w *worker) step(task Task) (flushed bool, err error) {
	p, ok := w.box.take()
	if ok {
		if err := w.add(task, p); err != nil {
			return false, err
		}
	}
	due := task.Due(time.Now(), w.caughtUp)
	switch {
	case !due.IsZero() && !due.After(time.Now()):
		return true, w.flush(task)
	case len(w.heartbeats) > 0 && w.settled():
		w.flushHeartbeats()
		return true, nil
	case !ok && w.box.empty():
		w.sleep(task, due)
	}
	return false, nil
}

func (w *worker) add(task Task, p parcel) error {
	defer w.session.handled(p)
	if n := len(p.records); n > 0 {
		newest := p.records[n-1]
		if records := w.withoutHeartbeats(p.records); len(records) > 0 {
			w.caughtUp = false
			w.atEnd.Store(false)
			if err := task.Add(w.ctx, records); err != nil {
				return err
			}
			w.given = records[len(records)-1].Offset + 1
			w.session.rc.Metrics.records.WithLabelValues(w.session.rc.Group).Add(float64(len(records)))
		}
		w.newest.Store(newest.Time)
		w.next.Store(newest.Offset + 1)
	}
	if p.atEnd && w.box.empty() {
		w.caughtUp = true
		w.atEnd.Store(true)
	}
	return nil
}

func (w *worker) sleep(task Task, due time.Time) {
	var alarm <-chan time.Time
	var wake <-chan struct{}
	if k, ok := task.(Waker); ok {
		wake = k.Wake()
	}
	if !due.IsZero() {
		timer := time.NewTimer(time.Until(due))
		defer timer.Stop()
		alarm = timer.C
	}
	select {
	case <-w.box.filled:
	case <-alarm:
	case <-wake:
	case <-w.opening.Done():
	}
}

// flush makes the task's work durable, leaves the commit to the coordinator and waits until it is in Kafka. When the
// partition is taken away first, nobody will ever send it.
func (w *worker) flush(task Task) error {
	begun := time.Now()
	c, err := task.Flush(w.ctx)
	took := time.Since(begun)
	if err != nil {
		return fmt.Errorf("flush: %w", err)
	}
	if next := w.next.Load(); c.Next != NoOffset && (c.Next < 0 || c.Next > next) {
		return fmt.Errorf("the task commits offset %d, it was given those below %d", c.Next, next)
	}
	if c.Next != NoOffset {
		c.Next = max(c.Next, w.committedTo) // heartbeats behind what the task has may have gone on
	}
	h, beats := w.pass(&c)
	w.session.rc.Fault(StepUploaded)
	w.tell(report{commit: &c})
	w.session.rc.Metrics.flush.WithLabelValues(w.session.rc.Group).Observe(took.Seconds())
	if w.isReleased() {
		if c.Next != NoOffset {
			w.committedTo = c.Next
		}
		if beats {
			w.passed(h)
		}
		w.account(&c, took)
		task.Committed()
	}
	return nil
}

// isReleased waits for the commit, and tells whether it is in Kafka.
func (w *worker) isReleased() bool {
	select {
	case <-w.released:
		return true
	case <-w.ctx.Done():
	}
	select {
	case <-w.released: // both: it was committed before the partition was taken away
		return true
	default:
		return false
	}
}
