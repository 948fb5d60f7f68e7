package loader

import (
	"context"
	"sync"
	"time"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/services/redshift-loader/warehouse"
)

// joint makes one load of what several tasks bring: the warehouse takes one load at a time, and most of what a load
// costs it are its statements. Those that come while one runs wait for the next together.
//
// After a load the warehouse has as long for its readers, at most a pause: when loads take long, as it is busy, they
// get fewer, and each is of more.
type joint struct {
	Warehouse
	pause  time.Duration
	turn   chan struct{} // holds a value while a load runs
	rested time.Time     // when the next may begin; of who has the turn

	mu   sync.Mutex
	next *load // that others may still join, nil for none
}

// load is one of several tasks.
type load struct {
	verdicts []*lake.Verdict
	tasks    int // that wait for it
	ctx      context.Context
	cancel   context.CancelFunc // once none does
	done     chan struct{}
	result   warehouse.Result
	err      error
}

// gathering is how long a load waits for other tasks: they wake at the same time.
const gathering = 10 * time.Millisecond

func newJoint(w Warehouse, pause time.Duration) *joint {
	return &joint{Warehouse: w, pause: pause, turn: make(chan struct{}, 1)}
}

// Load brings the slices of the verdicts to their versions, with those of other tasks. When ctx ends it returns, and
// the load goes on for the others.
func (j *joint) Load(ctx context.Context, verdicts []*lake.Verdict) (warehouse.Result, error) {
	if len(verdicts) == 0 {
		return warehouse.Result{}, nil
	}
	l := j.join(ctx, verdicts)
	select {
	case <-l.done:
		return j.share(l, verdicts), l.err
	case <-ctx.Done():
		j.leave(l)
		return warehouse.Result{}, ctx.Err()
	}
}

func (j *joint) join(ctx context.Context, verdicts []*lake.Verdict) *load {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.next == nil {
		l := &load{done: make(chan struct{})}
		l.ctx, l.cancel = context.WithCancel(context.WithoutCancel(ctx))
		j.next = l
		go j.run(l)
	}
	j.next.verdicts = append(j.next.verdicts, verdicts...)
	j.next.tasks++
	return j.next
}

func (j *joint) leave(l *load) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if l.tasks--; l.tasks > 0 {
		return
	}
	l.cancel()
	if j.next == l { // who comes now wants one that runs
		j.next = nil
	}
}

func (j *joint) run(l *load) {
	defer l.cancel()
	defer close(l.done)
	j.turn <- struct{}{}
	defer func() { <-j.turn }()
	select {
	case <-time.After(max(gathering, time.Until(j.rested))):
	case <-l.ctx.Done(): // all who waited have left
	}
	j.mu.Lock()
	if j.next == l {
		j.next = nil
	}
	j.mu.Unlock()
	begun := time.Now()
	l.result, l.err = j.Warehouse.Load(l.ctx, l.verdicts)
	ended := time.Now()
	j.rested = ended.Add(min(ended.Sub(begun), j.pause))
}

// share is what became of a task's own verdicts. What is only counted is the first one's.
func (j *joint) share(l *load, verdicts []*lake.Verdict) (own warehouse.Result) {
	mine := make(map[string]bool, len(verdicts))
	for _, v := range verdicts {
		mine[v.Key()] = true
	}
	for _, s := range l.result.Loaded {
		if mine[s.Key()] {
			own.Loaded = append(own.Loaded, s)
		}
	}
	for _, s := range l.result.Gone {
		if mine[s.Key()] {
			own.Gone = append(own.Gone, s)
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	own.Held, own.Stale, l.result.Held, l.result.Stale = l.result.Held, l.result.Stale, 0, 0
	return own
}
