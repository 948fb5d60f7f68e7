package stream

import (
	"context"
	"errors"
)

// Publisher publishes records fast, each once, outside of transactions.
type Publisher struct{}

func NewPublisher(c Config) (*Publisher, error) { return nil, errors.ErrUnsupported }

func (p *Publisher) Publish(ctx context.Context, records ...Record) error { return errors.ErrUnsupported }

func (p *Publisher) Flush(ctx context.Context) error { return errors.ErrUnsupported }

func (p *Publisher) Close() {}
