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
type joint struct {
	Warehouse
	rest *rest
	turn chan struct{} // holds a value while a load runs

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

func newJoint(w Warehouse, r *rest) *joint {
	return &joint{Warehouse: w, rest: r, turn: make(chan struct{}, 1)}
}

// rest is a pause that the warehouse has for its readers after a load: as long as that took, or the most. So
// when loads take long, as it is busy, they get fewer, and each is of more.
type rest struct {
	most  time.Duration
	mu    sync.Mutex
	begun time.Time // of the load that runs, zero when none does
	ends  time.Time // of the last one's rest
}

func (r *rest) begin() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.begun = time.Now()
}

// after ends the load, which counts unless nobody waited for it.
func (r *rest) after(counts bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if counts {
		r.ends = time.Now().Add(min(time.Since(r.begun), r.most))
	}
	r.begun = time.Time{}
}

// end is when the next load may begin, as far as that is known: while one runs, if it ended now.
func (r *rest) end() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.begun.IsZero() || r.most == 0 {
		return r.ends
	}
	return time.Now().Add(max(gathering, min(time.Since(r.begun), r.most)))
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
	<-time.After(gathering)
	j.turn <- struct{}{}
	defer func() { <-j.turn }()
	j.mu.Lock()
	if j.next == l {
		j.next = nil
	}
	j.mu.Unlock()
	j.rest.begin()
	l.result, l.err = j.Warehouse.Load(l.ctx, l.verdicts)
	j.rest.after(l.ctx.Err() == nil)
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
