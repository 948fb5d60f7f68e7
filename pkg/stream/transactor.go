package stream

import (
	"context"
	"errors"
)

// Transact publishes records in one transaction.
func Transact(ctx context.Context, c Config, transactionalID string, records []Record) error {
	return errors.ErrUnsupported
}

// Transactor publishes records in transactions, one per call.
type Transactor struct{}

func NewTransactor(ctx context.Context, c Config, transactionalID string) (*Transactor, error) {
	return nil, errors.ErrUnsupported
}

func (t *Transactor) Publish(ctx context.Context, records []Record) error { return errors.ErrUnsupported }

func (t *Transactor) Close() {}
