package bronze

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
)

// Bucket is where the lake is: a blob.Bucket, which tries again by itself for
// as long as the context lives.
type Bucket interface {
	Get(ctx context.Context, key string) ([]byte, error)
	Put(ctx context.Context, key string, body []byte) error
	PutNew(ctx context.Context, key string, body []byte) error
	Keys(ctx context.Context, prefix string) iter.Seq2[string, error]
}

// store writes a dataset's pieces to the bucket.
type store struct {
	set        *dataset
	bucket     Bucket
	rows       *encoders
	quarantine *encoders
	metrics    *metrics
}

func newStore(o Options, d *dataset, m *metrics) *store {
	e := lake.Encoding{Compression: o.Compression}
	return &store{d, o.Bucket, newEncoders(d.Schema, e), newEncoders(d.quarantine, e), m}
}

// errStands says that the piece's bronze file exists already.
var errStands = errors.New("the bronze file stands")

// put writes the piece: its rows where no file is, then its rejects. It answers
// errStands when a file is, and has then written nothing.
//
// The bronze file comes first because it settles the range: whoever writes the
// quarantine file, be it the writer that won, one that adopts its file or one
// that was frozen meanwhile, then writes the rejects of the same records. So
// none can take a reject away from another.
func (s *store) put(ctx context.Context, p *piece) (landed, error) {
	data, err := s.rows.encode(ctx, p.meta(), p.rows...)
	if err != nil {
		return landed{}, fmt.Errorf("encode %s: %w", s.set.key(p.slice), err)
	}
	err = s.bucket.PutNew(ctx, s.set.key(p.slice), data)
	if errors.Is(err, blob.ErrExists) {
		return landed{}, errStands
	}
	if err != nil {
		return landed{}, err
	}
	l := s.set.land(p, data)
	if p.rejects != nil {
		if err := s.putRejects(ctx, &l); err != nil {
			return landed{}, err
		}
	}
	return l, nil
}

// putRejects writes the quarantine file of a bronze file that stands.
func (s *store) putRejects(ctx context.Context, l *landed) error {
	p := &piece{slice: l.slice, source: l.source, rejects: l.rejects}
	if p.rejects == nil {
		p.rejects = column.NewBatch(s.set.quarantine, 0)
	}
	key := s.set.quarantineKey(l.slice)
	data, err := s.quarantine.encode(ctx, p.meta(), p.rejects)
	if err != nil {
		return fmt.Errorf("encode %s: %w", key, err)
	}
	return s.bucket.Put(ctx, key, data)
}
