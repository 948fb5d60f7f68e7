package blob

import (
	"context"
	"errors"
	"io"
)

// Reader reads ranges of one object. It is safe for concurrent use.
type Reader struct {
	bucket *Bucket
	ctx    context.Context // io.ReaderAt has no place for it
	key    string
	source source
}

// Reader opens an object for reading in ranges, or answers ErrNotFound. The reads end with
// ctx. One that meets another object under the key than the one opened answers ErrChanged;
// in a folder the one that was opened can be read to its end.
func (b *Bucket) Reader(ctx context.Context, key string) (*Reader, error) {
	r := &Reader{bucket: b, ctx: ctx, key: key}
	err := b.try(ctx, "open", key, func() (err error) {
		r.source, err = b.store.open(ctx, key)
		return err
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// Key answers the object's key.
func (r *Reader) Key() string { return r.key }

// Size answers the object's length in bytes.
func (r *Reader) Size() int64 { return r.source.size() }

// ReadAt fills p from the offset, in the way of io.ReaderAt. When the connection breaks it
// goes on at the byte where that was.
func (r *Reader) ReadAt(p []byte, offset int64) (int, error) {
	n, end := 0, error(nil)
	err := r.bucket.try(r.ctx, "read", r.key, func() error {
		more, err := r.source.ReadAt(p[n:], offset+int64(n))
		n += more
		if errors.Is(err, io.EOF) { // an outcome, not a failure
			end, err = io.EOF, nil
		}
		return err
	})
	r.bucket.metrics.transferred("read", n)
	if err != nil {
		return n, err
	}
	return n, end
}

// Close releases what the reader holds.
func (r *Reader) Close() error { return r.source.Close() }
