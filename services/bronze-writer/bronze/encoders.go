package bronze

import (
	"context"
	"runtime"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
)

// encoders lends Parquet encoders, as many at a time as there are processors:
// their buffers are what a writer's memory goes to.
type encoders struct {
	schema   *column.Schema
	encoding lake.Encoding
	free     chan *lake.Encoder // nil: not made yet
}

func newEncoders(s *column.Schema, e lake.Encoding) *encoders {
	n := runtime.GOMAXPROCS(0)
	es := &encoders{s, e, make(chan *lake.Encoder, n)}
	for range n {
		es.free <- nil
	}
	return es
}

// encode waits for an encoder and makes the file of the batches' rows.
func (es *encoders) encode(ctx context.Context, meta lake.Meta, batches ...*column.Batch) (data []byte, err error) {
	var e *lake.Encoder
	select {
	case e = <-es.free:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	defer func() { es.free <- e }()
	if e == nil {
		if e, err = lake.NewEncoder(es.schema, es.encoding); err != nil {
			return nil, err
		}
	}
	return e.Encode(meta, batches...)
}
