package lake

import (
	"context"
	"fmt"
)

// Putter writes objects: a blob.Bucket.
type Putter interface {
	Put(ctx context.Context, key string, body []byte) error
}

// Mirror writes the copies of committed manifests under _manifests/, for
// readers without Kafka. The first error ends it: a copy that is missing is
// written again when the slice's partition is next assigned.
func Mirror(ctx context.Context, bucket Putter, manifests ...*Manifest) error {
	for _, m := range manifests {
		if err := bucket.Put(ctx, m.MirrorKey(), m.Encode()); err != nil {
			return fmt.Errorf("mirror manifest %s: %w", m.Key(), err)
		}
	}
	return nil
}
