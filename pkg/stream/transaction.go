package stream

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"go.uber.org/zap"
)

// transactions is a transactional producer: one transaction at a time, each call repeated while that helps.
type transactions struct {
	producer *kafka.Producer
	log      *zap.Logger
	upkeep   *upkeep
	teller   teller
	events   sync.WaitGroup
	life     context.Context // ends, with the reason, when the cluster does not let the client in any more
	end      context.CancelCauseFunc
}

// callTimeout bounds one try of a transactional call.
const callTimeout = 5 * time.Second

// openTransactions makes the producer and takes over its transactional id: an older producer of that id is fenced, its
// open transaction aborted. It waits for the cluster until ctx ends. What the client tells of itself is shown as the
// group's; "" = it is not asked.
func openTransactions(ctx context.Context, c Config, group, id string, timeout time.Duration) (*transactions, error) {
	more := kafka.ConfigMap{
		"transactional.id":       id,
		"transaction.timeout.ms": int(timeout.Milliseconds()),
		"linger.ms":              1, // the commit flushes; this only groups what is produced at once
		// Failures of single records put the transaction into its error state, so its commit tells of them.
		"go.delivery.reports":          false,
		"queue.buffering.max.kbytes":   64 << 10,
		"message.timeout.ms":           int(timeout.Milliseconds()),
		"request.timeout.ms":           int(min(timeout, 30*time.Second).Milliseconds()),
		"queue.buffering.max.messages": 100_000,
	}
	if group != "" {
		c.Clients.ask(more)
	}
	conf := c.client(producerConfig(more))
	u := c.upkeep(conf)
	p, err := kafka.NewProducer(conf)
	if err != nil {
		u.end(nil)
		return nil, fmt.Errorf("make the transactional producer %s: %w", id, err)
	}
	t := &transactions{producer: p, log: c.log().With(zap.String("transactional_id", id)), upkeep: u,
		teller: teller{metrics: c.Clients, client: clientTransactions, group: group, log: c.log()}}
	t.life, t.end = context.WithCancelCause(context.Background())
	u.authenticate(p)
	t.events.Go(t.watch)
	if err := t.call(ctx, "take over transactional id "+id, p.InitTransactions); err != nil {
		t.close()
		return nil, err
	}
	return t, nil
}

// producerConfig is what all producers have in common.
func producerConfig(more kafka.ConfigMap) kafka.ConfigMap {
	m := kafka.ConfigMap{
		"enable.idempotence":      true,
		"partitioner":             "murmur2_random",
		"compression.type":        "lz4",
		"message.max.bytes":       MaxRecordBytes + 64<<10, // the batch around it
		"retry.backoff.ms":        5,                       // also the pause between transactions
		"go.produce.channel.size": 1,
		"go.events.channel.size":  1024,
	}
	for key, value := range more {
		m[key] = value
	}
	return m
}

// watch reads the producer's events, as a commit needs; what matters of them comes back from the calls.
func (t *transactions) watch() {
	for e := range t.producer.Events() {
		switch e := e.(type) {
		case *kafka.Stats:
			t.teller.hear(e.String())
		case kafka.Error:
			t.log.Debug("transactional producer", zap.Error(e))
			if e.Code() == kafka.ErrAuthentication {
				t.end(e)
			}
		}
	}
}

// call makes one transactional call, again and again while its error is retriable, until ctx ends.
func (t *transactions) call(ctx context.Context, what string, f func(context.Context) error) error {
	again := func(err error) bool { return cureOf(err) == callAgain && t.life.Err() == nil }
	notify := func(err error) { t.log.Warn("trying again", zap.String("action", what), zap.Error(err)) }
	err := retry(ctx, pauses(5*time.Millisecond, time.Second), again, notify, func() error {
		try, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
		defer cancel()
		return f(try)
	})
	if err != nil && t.life.Err() != nil {
		err = fmt.Errorf("%w (%w)", context.Cause(t.life), err)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

func (t *transactions) begin() error {
	if err := t.producer.BeginTransaction(); err != nil {
		return fmt.Errorf("begin a transaction: %w", err)
	}
	return nil
}

// produce hands the records to the client, waiting while its queue is full.
func (t *transactions) produce(ctx context.Context, records []Record) error {
	var m kafka.Message
	for i := range records {
		if err := enqueue(ctx, t.producer, &records[i], &m, isQueueFull); err != nil {
			return err
		}
	}
	return nil
}

// enqueue hands one record to a producer, again while again accepts its error, which is that the queue is full; m is
// room to do it in.
func enqueue(ctx context.Context, p *kafka.Producer, r *Record, m *kafka.Message, again func(error) bool) error {
	toMessage(r, m)
	err := p.Produce(m, nil)
	if isQueueFull(err) {
		err = retry(ctx, pauses(time.Millisecond, 50*time.Millisecond), again, nil, func() error { return p.Produce(m, nil) })
	}
	if err != nil {
		return fmt.Errorf("publish a record of %d bytes to %s: %w", len(r.Key)+len(r.Value), r.Topic, err)
	}
	return nil
}

func isQueueFull(err error) bool { return isCode(err, kafka.ErrQueueFull) }

func (t *transactions) offsets(ctx context.Context, next []kafka.TopicPartition, group *kafka.ConsumerGroupMetadata) error {
	return t.call(ctx, "add the offsets to the transaction", func(ctx context.Context) error {
		return t.producer.SendOffsetsToTransaction(ctx, next, group)
	})
}

func (t *transactions) commit(ctx context.Context) error {
	return t.call(ctx, "commit the transaction", t.producer.CommitTransaction)
}

// abort gives the transaction up. Where that fails too, the next owner of the transactional id or the transaction
// timeout does it.
func (t *transactions) abort(ctx context.Context) error {
	return t.call(ctx, "abort the transaction", t.producer.AbortTransaction)
}

func (t *transactions) close() {
	t.upkeep.end(t.producer.Close)
	t.events.Wait()
}
