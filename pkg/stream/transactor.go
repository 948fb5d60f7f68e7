package stream

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Transact publishes records in one transaction. It takes the transactional id over from whoever had it: two calls
// with the same id never overlap, the later one fences the earlier.
func Transact(ctx context.Context, c Config, transactionalID string, records []Record) error {
	t, err := NewTransactor(ctx, c, transactionalID)
	if err != nil {
		return err
	}
	defer t.Close()
	return t.Publish(ctx, records)
}

// Transactor publishes records in transactions, one per call. It is for one goroutine.
type Transactor struct {
	t  *transactions
	id string
}

const transactorTimeout = 30 * time.Second

// NewTransactor takes the transactional id over; it waits for the cluster until ctx ends.
func NewTransactor(ctx context.Context, c Config, transactionalID string) (*Transactor, error) {
	t, err := openTransactions(ctx, c, "", transactionalID, transactorTimeout)
	if err != nil {
		return nil, err
	}
	return &Transactor{t: t, id: transactionalID}, nil
}

// Publish publishes all of records or none, in one transaction, which is tried again while that helps. When ctx ends
// during the commit, either may have happened. ErrFenced says that a later Transactor has the id now.
func (t *Transactor) Publish(ctx context.Context, records []Record) error {
	if len(records) == 0 {
		return nil
	}
	again := func(err error) bool { return cureOf(err) == startAgain }
	err := retry(ctx, pauses(50*time.Millisecond, 2*time.Second), again, nil, func() error { return t.try(ctx, records) })
	if isFenced(err) {
		err = fmt.Errorf("%w: %w", ErrFenced, err)
	}
	if err != nil {
		return fmt.Errorf("publish %d records as %s: %w", len(records), t.id, err)
	}
	return nil
}

func (t *Transactor) try(ctx context.Context, records []Record) error {
	if err := t.t.begin(); err != nil {
		return err
	}
	err := t.t.produce(ctx, records)
	if err == nil {
		err = t.t.commit(ctx)
	}
	if err == nil {
		return nil
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
	defer cancel()
	if aborted := t.t.abort(grace); aborted != nil {
		return errors.Join(err, aborted) // unclear what became of it, so not to be tried again
	}
	return err
}

// Close frees the client.
func (t *Transactor) Close() { t.t.close() }
