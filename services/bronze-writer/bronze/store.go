package bronze

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// Bucket is where the lake is: a blob.Bucket, which tries again by itself for
// as long as the context lives.
type Bucket interface {
	Get(ctx context.Context, key string) ([]byte, error)
	Put(ctx context.Context, key string, body []byte) error
	PutNew(ctx context.Context, key string, body []byte) error
	Exists(ctx context.Context, key string) (bool, error)
}

// store writes pieces to the bucket.
type store struct {
	bucket     Bucket
	rows       *encoders
	quarantine *encoders
	metrics    *metrics
}

func newStore(o Options, m *metrics) *store {
	e := lake.Encoding{Compression: o.Compression}
	return &store{o.Bucket, newEncoders(sales.Bronze, e), newEncoders(sales.Quarantine, e), m}
}

// errStands says that the piece's bronze file exists already.
var errStands = errors.New("the bronze file stands")

// put writes the piece: its rejects first, then its rows where no file is. It
// answers errStands when one is, and has then left the quarantine file alone.
func (s *store) put(ctx context.Context, p *piece) (landed, error) {
	begun := time.Now()
	data, err := s.rows.encode(ctx, p.meta(), p.rows...)
	if err != nil {
		return landed{}, fmt.Errorf("encode %s: %w", lake.BronzeKey(p.slice), err)
	}
	if p.rejects != nil {
		if err := s.putRejects(ctx, p); err != nil {
			return landed{}, err
		}
	}
	err = s.bucket.PutNew(ctx, lake.BronzeKey(p.slice), data)
	if errors.Is(err, blob.ErrExists) {
		return landed{}, errStands
	}
	if err != nil {
		return landed{}, err
	}
	s.metrics.flush.Observe(time.Since(begun).Seconds())
	return p.land(data), nil
}

// putRejects writes the quarantine file. One that stands is from a crash, and
// final only when its bronze file stands too: that one was written after it.
func (s *store) putRejects(ctx context.Context, p *piece) error {
	key := lake.QuarantineKey("bronze", p.slice)
	data, err := s.quarantine.encode(ctx, p.meta(), p.rejects)
	if err != nil {
		return fmt.Errorf("encode %s: %w", key, err)
	}
	if err := s.bucket.PutNew(ctx, key, data); !errors.Is(err, blob.ErrExists) {
		return err
	}
	final, err := s.bucket.Exists(ctx, lake.BronzeKey(p.slice))
	if err != nil {
		return err
	}
	if final {
		return errStands
	}
	return s.bucket.Put(ctx, key, data)
}
