package stream

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"go.uber.org/zap"
)

// session is one life of Run: a consumer, a producer and the tasks of the partitions that it is assigned. It ends with
// the instance or with the first error, and then nothing of it is used again.
//
// All fields but those of the workers' side belong to the coordinator: the goroutine of run, in which the client also
// makes its rebalance callbacks. So no transaction is open, and no commit half sent, while partitions are taken away.
type session struct {
	cfg   Config
	rc    RunConfig
	stage Stage
	complaints

	ctx      context.Context // of the session's work; it outlives the caller's by the grace to drain
	consumer *kafka.Consumer
	upkeep   *upkeep
	teller   teller
	txn      *transactions

	workers  map[Partition]*worker
	bundles  map[Partition]*bundle
	current  *bundle // that of the last record, to save a look-up
	failed   error   // of a rebalance callback
	closing  bool
	paused   bool
	fullFrom time.Time // when the mailboxes were found full
	looked   time.Time
	beaten   time.Time  // when heartbeats were last sent
	beats    *Publisher // of heartbeats, nil for none
	commits  int

	reports chan report
	held    atomic.Int64 // bytes in all mailboxes and in the tasks' hands
	freed   chan struct{}
	room    chan []Record // record slices to be used again
}

// drainTimeout is how long an instance that stops may take to flush and commit.
const drainTimeout = 20 * time.Second

// runSession runs one session; it returns the number of its commits, and nil when ctx has ended.
func runSession(ctx context.Context, c Config, rc RunConfig, stage Stage) (commits int, err error) {
	s := &session{
		cfg: c, rc: rc, stage: stage, complaints: complaints{log: c.log().With(zap.String("group", rc.Group))},
		teller:  teller{metrics: c.Clients, client: clientConsumer, group: rc.Group, log: c.log()},
		workers: map[Partition]*worker{}, bundles: map[Partition]*bundle{},
		reports: make(chan report, 64), freed: make(chan struct{}, 1), room: make(chan []Record, 64),
	}
	var cancel context.CancelFunc
	s.ctx, cancel = withGrace(ctx, drainTimeout)
	defer cancel()
	if s.txn, err = openTransactions(ctx, c, rc.Group, rc.TransactionalID, rc.TransactionTimeout); err != nil {
		return 0, unlessEnded(ctx, err)
	}
	defer s.txn.close()
	if rc.HeartbeatEvery > 0 {
		if s.beats, err = NewPublisher(c); err != nil {
			return 0, err
		}
		defer s.beats.Close()
	}
	if err := s.join(); err != nil {
		return 0, err
	}
	defer s.leave()
	if err := s.run(ctx); err != nil {
		return s.commits, err
	}
	return s.commits, s.drain()
}

// unlessEnded forgets an error that came from being told to stop.
func unlessEnded(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// withGrace is a context that ends a while after its parent.
func withGrace(parent context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(parent))
	stop := context.AfterFunc(parent, func() {
		timer := time.AfterFunc(grace, cancel)
		context.AfterFunc(ctx, func() { timer.Stop() })
	})
	return ctx, func() { stop(); cancel() }
}

func (s *session) join() (err error) {
	session := int(s.rc.SessionTimeout.Milliseconds())
	conf := kafka.ConfigMap{
		"partition.assignment.strategy": "cooperative-sticky",
		"session.timeout.ms":            session,
		"heartbeat.interval.ms":         session / 5,
		"max.poll.interval.ms":          4 * session, // the coordinator never works for long: opening and flushing are the workers'
	}
	s.cfg.Clients.ask(conf)
	s.consumer, s.upkeep, err = newConsumer(s.cfg, consumerConfig(s.rc.Group, s.rc.QueueBytes/2, conf))
	if err != nil {
		return err
	}
	if err := s.consumer.SubscribeTopics(s.rc.Topics, s.rebalance); err != nil {
		s.leave()
		return fmt.Errorf("subscribe to %v: %w", s.rc.Topics, err)
	}
	return nil
}

// leave ends the workers and leaves the group.
func (s *session) leave() {
	s.closing = true
	s.stopWorkers(s.all())
	s.upkeep.end(func() {
		if err := s.consumer.Close(); err != nil {
			s.log.Warn("leave the group", zap.Error(err))
		}
	})
}

// run is the coordinator's loop: read, then see to the workers.
func (s *session) run(ctx context.Context) error {
	for ctx.Err() == nil {
		full, err := s.full()
		if err == nil && !full {
			err = s.read()
		}
		if err != nil {
			return err
		}
		if err := s.attend(); err != nil {
			return err
		}
		if now := time.Now(); now.Sub(s.looked) >= lookAround {
			s.looked = now
			if err := s.look(now); err != nil {
				return err
			}
		}
		s.beat(ctx)
	}
	return nil
}

// lookAround is the pause between two looks.
const lookAround = time.Second

// look sets the metrics, and ends the session when the client has forgotten a partition.
func (s *session) look(now time.Time) error {
	s.measure(now)
	if s.paused {
		return nil
	}
	return listen(now, hearing(s.bundles), endOf(s.consumer))
}

// attend takes the workers' reports and commits what is ready, all in one transaction.
func (s *session) attend() error {
	ready, err := s.unread(nil)
	if err != nil {
		return err
	}
	return s.commit(ready)
}

func (s *session) take(r report, ready *[]report) error {
	switch {
	case s.workers[r.from.p] != r.from: // its partition was taken away
		return nil
	case r.err != nil:
		return r.err
	case r.opened:
		return s.start(r.from)
	default:
		*ready = append(*ready, r)
		return nil
	}
}

// drain lets every task flush what it has and commits that together. What cannot be saved is dropped: it will be read
// again.
func (s *session) drain() error {
	for _, w := range s.workers {
		w.drain()
	}
	ready, err := s.lastFlushes()
	if err == nil {
		err = s.commit(ready)
	}
	if err == nil {
		return s.lastWords()
	}
	if errors.Is(err, ErrRetry) {
		s.log.Warn("the last commit was dropped; its records will be read again", zap.Error(err))
		return nil
	}
	return err
}

// lastFlushes waits until each worker has flushed or had nothing to flush.
func (s *session) lastFlushes() (ready []report, err error) {
	flushed := map[*worker]bool{}
	for _, w := range s.workers {
		for over := false; !over && !flushed[w]; {
			select {
			case <-w.done:
				over = true
			case r := <-s.reports:
				err = s.take(r, &ready)
				flushed[r.from] = r.commit != nil
			case <-s.ctx.Done():
				err = fmt.Errorf("%s has not flushed within %v of the stop", w.p, drainTimeout)
			}
			if err != nil {
				return nil, err
			}
		}
	}
	return s.unread(ready)
}

// unread takes the reports that nobody has looked at yet, and adds those of flushes to ready.
func (s *session) unread(ready []report) ([]report, error) {
	for {
		select {
		case r := <-s.reports:
			if err := s.take(r, &ready); err != nil {
				return nil, err
			}
		default:
			return ready, nil
		}
	}
}

// lastWords waits until every task has heard of the commit.
func (s *session) lastWords() error {
	for _, w := range s.workers {
		select {
		case <-w.done:
		case <-s.ctx.Done():
			return fmt.Errorf("%s has not ended within %v of the stop", w.p, drainTimeout)
		}
	}
	return nil
}

func (s *session) warn(action string) func(error) {
	return func(err error) { s.log.Warn("trying again", zap.String("action", action), zap.Error(err)) }
}
