package stream

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// Publisher publishes records fast, each once and in order per partition, outside of transactions. Its methods may be
// called from several goroutines.
type Publisher struct {
	producer *kafka.Producer
	upkeep   *upkeep
	events   sync.WaitGroup
	life     context.Context // ends, with the reason, when nothing can arrive any more
	end      context.CancelCauseFunc

	sent, settled atomic.Int64
	mu            sync.Mutex
	failed        error // of the first record that was not delivered since the last Flush
	failures      int
}

// NewPublisher makes a Publisher; the cluster need not be there yet.
func NewPublisher(c Config) (*Publisher, error) {
	more := kafka.ConfigMap{
		"linger.ms":                    100,
		"batch.size":                   1 << 20,
		"batch.num.messages":           100_000,
		"queue.buffering.max.messages": 200_000,
		"queue.buffering.max.kbytes":   64 << 10,
		"message.timeout.ms":           0, // hold while the cluster is away, lose nothing
		"go.delivery.report.fields":    "none",
	}
	c.Clients.ask(more)
	conf := c.client(producerConfig(more))
	u := c.upkeep(conf)
	producer, err := kafka.NewProducer(conf)
	if err != nil {
		u.end(nil)
		return nil, fmt.Errorf("make the producer: %w", err)
	}
	p := &Publisher{producer: producer, upkeep: u}
	p.life, p.end = context.WithCancelCause(context.Background())
	u.authenticate(producer)
	p.events.Go(func() {
		p.watch(complaints{log: c.log()}, teller{metrics: c.Clients, client: clientPublisher, log: c.log()})
	})
	return p, nil
}

func (p *Publisher) watch(complaints complaints, teller teller) {
	for e := range p.producer.Events() {
		switch e := e.(type) {
		case *kafka.Message:
			if err := e.TopicPartition.Error; err != nil {
				p.fail(fmt.Errorf("publish to %s/%03d: %w", *e.TopicPartition.Topic, e.TopicPartition.Partition, err))
			} else {
				complaints.good()
			}
			p.settled.Add(1)
		case *kafka.Stats:
			teller.hear(e.String())
		case kafka.Error:
			if err := complaints.judge("publish", e); err != nil {
				p.end(err)
			}
		}
	}
}

func (p *Publisher) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failures++; p.failed == nil {
		p.failed = err
	}
}

// Publish hands the records to the client; their bytes may be reused when it returns. It waits while the client's
// queue is full. Whether they arrived is told by Flush. Both fail when the cluster does not let the client in any more.
func (p *Publisher) Publish(ctx context.Context, records ...Record) error {
	var m kafka.Message
	again := func(err error) bool { return isQueueFull(err) && p.life.Err() == nil }
	for i := range records {
		p.sent.Add(1)
		if err := enqueue(ctx, p.producer, &records[i], &m, again); err != nil {
			p.settled.Add(1)
			return errors.Join(context.Cause(p.life), err)
		}
	}
	return nil
}

// Flush waits until all that was published before has arrived, or tells how much did not.
func (p *Publisher) Flush(ctx context.Context) error {
	for target := p.sent.Load(); p.settled.Load() < target; {
		if err := context.Cause(ctx); err != nil {
			return fmt.Errorf("wait for %d records to arrive: %w", target-p.settled.Load(), err)
		}
		if err := context.Cause(p.life); err != nil {
			return err
		}
		if err := p.producer.GetFatalError(); err != nil {
			return fmt.Errorf("publish: %w", err)
		}
		p.producer.Flush(int((50 * time.Millisecond).Milliseconds()))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failed == nil {
		return nil
	}
	err := fmt.Errorf("%d records did not arrive; the first: %w", p.failures, p.failed)
	p.failed, p.failures = nil, 0
	return err
}

// Close frees the client; what was not flushed may be lost.
func (p *Publisher) Close() {
	p.upkeep.end(p.producer.Close)
	p.events.Wait()
}
