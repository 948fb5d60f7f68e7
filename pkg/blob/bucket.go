package blob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
	"go.uber.org/zap"
)

// Options says which bucket to open.
type Options struct {
	URL       string // s3://bucket, s3://bucket/prefix, file:///folder or file://relative/folder
	Endpoint  string // of an S3 server other than AWS; empty for AWS
	Region    string // empty for the AWS environment's, or us-east-1 with an Endpoint
	PathStyle bool   // the bucket is in the path, not in the host name
	Create    bool   // make the bucket or folder if it is missing
	Metrics   *Metrics
	Log       *zap.Logger // tells of each retry; nil for silence
}

// Object is an entry of a listing.
type Object struct {
	Key      string
	Size     int64 // bytes
	Modified time.Time
}

// store is one kind of bucket. Its calls try once; errors are those of errors.go or can
// be judged by Retryable.
type store interface {
	put(ctx context.Context, key string, body []byte, onlyNew bool) error
	get(ctx context.Context, key string) ([]byte, error)
	open(ctx context.Context, key string) (source, error)
	list(ctx context.Context, prefix, after string) iter.Seq2[Object, error]
	delete(ctx context.Context, key string) error
	exists(ctx context.Context, key string) (bool, error)
	url(key string) string
	path(key string) (string, bool)
}

// Bucket is a flat space of objects named by keys such as gold/daily_sales/x.parquet: valid
// in the sense of fs.ValidPath. It is safe for concurrent use.
type Bucket struct {
	store   store
	metrics *Metrics
	log     *zap.Logger
}

// Open answers the bucket that the URL names. It asks nothing of an S3 server unless
// Create is set, and tries that once: see [Bucket.Probe] for whether the bucket works.
func Open(ctx context.Context, o Options) (*Bucket, error) {
	scheme, rest, _ := strings.Cut(o.URL, "://")
	if strings.ContainsAny(rest, "?#") {
		rest = "" // settings in the URL would be taken for a name
	}
	var s store
	var err error
	switch {
	case scheme == "file" && rest != "":
		s, err = openFolder(rest, o.Create)
	case scheme == "s3" && rest != "":
		s, err = openS3(ctx, rest, o)
	default:
		err = backoff.Permanent(errors.New("the URL is none of s3://bucket, file:///folder, file://relative/folder"))
	}
	if err != nil {
		return nil, fmt.Errorf("open bucket %q: %w", o.URL, err)
	}
	if o.Log == nil {
		o.Log = zap.NewNop()
	}
	return &Bucket{store: s, metrics: o.Metrics, log: o.Log}, nil
}

// Put writes an object, and replaces the one that the key may have.
func (b *Bucket) Put(ctx context.Context, key string, body []byte) error {
	return b.try(ctx, "put", key, func() error { return b.put(ctx, key, body, false) })
}

// PutNew writes an object whose key must be free: otherwise it answers ErrExists, and
// the object stands as it is. Of concurrent calls one wins.
func (b *Bucket) PutNew(ctx context.Context, key string, body []byte) error {
	lost := false // an earlier try may have succeeded without our hearing of it
	return b.try(ctx, "put_new", key, func() error {
		err := b.put(ctx, key, body, true)
		if errors.Is(err, ErrExists) && lost {
			return b.ours(ctx, key, body)
		}
		lost = lost || Retryable(err)
		return err
	})
}

// ours answers nil if the object is what an unanswered try of this PutNew wrote.
func (b *Bucket) ours(ctx context.Context, key string, body []byte) error {
	there, err := b.store.get(ctx, key)
	if err != nil {
		return err
	}
	if !bytes.Equal(there, body) {
		return ErrExists
	}
	return nil
}

func (b *Bucket) put(ctx context.Context, key string, body []byte, onlyNew bool) error {
	err := b.store.put(ctx, key, body, onlyNew)
	if err == nil {
		b.metrics.transferred("written", len(body))
	}
	return err
}

// Get answers the whole object, or ErrNotFound.
func (b *Bucket) Get(ctx context.Context, key string) ([]byte, error) {
	var body []byte
	err := b.try(ctx, "get", key, func() (err error) {
		body, err = b.store.get(ctx, key)
		return err
	})
	b.metrics.transferred("read", len(body))
	return body, err
}

// Exists tells whether the key has an object.
func (b *Bucket) Exists(ctx context.Context, key string) (bool, error) {
	var found bool
	err := b.try(ctx, "exists", key, func() (err error) {
		found, err = b.store.exists(ctx, key)
		return err
	})
	return found, err
}

// Delete removes an object; that there is none is fine.
func (b *Bucket) Delete(ctx context.Context, key string) error {
	return b.try(ctx, "delete", key, func() error { return b.store.delete(ctx, key) })
}

// List answers the objects whose keys begin with prefix, in ascending order of the keys
// as bytes. It ends after the first error. An object written or deleted meanwhile may or
// may not be among them; all others are.
func (b *Bucket) List(ctx context.Context, prefix string) iter.Seq2[Object, error] {
	return b.list(ctx, prefix, "")
}

// list answers what List does of the keys greater than after.
func (b *Bucket) list(ctx context.Context, prefix, after string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		last, stopped := after, false
		err := b.try(ctx, "list", prefix, func() error {
			for object, err := range b.store.list(ctx, prefix, last) {
				if err != nil {
					return err
				}
				last = object.Key
				if stopped = !yield(object, nil); stopped {
					return nil
				}
			}
			return nil
		})
		if err != nil && !stopped {
			yield(Object{}, err)
		}
	}
}

// Keys answers the keys that List does.
func (b *Bucket) Keys(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return b.KeysAfter(ctx, prefix, "")
}

// KeysAfter answers those of the keys that are greater than after, at the cost of
// these alone.
func (b *Bucket) KeysAfter(ctx context.Context, prefix, after string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for object, err := range b.list(ctx, prefix, after) {
			if !yield(object.Key, err) {
				return
			}
		}
	}
}

// URL answers where the object is for other programs: s3://bucket/key, or an absolute
// path.
func (b *Bucket) URL(key string) string { return b.store.url(key) }

// Path answers the absolute path of the object's file, and whether the bucket is a folder.
func (b *Bucket) Path(key string) (string, bool) { return b.store.path(key) }

// The pauses between two tries.
const (
	firstPause = 50 * time.Millisecond
	lastPause  = 5 * time.Second
)

func valid(key string) bool {
	return fs.ValidPath(key) && key != "." && !strings.HasPrefix(key+"/", tempFolder+"/")
}

// try makes a call until it succeeds or cannot, or ctx ends.
func (b *Bucket) try(ctx context.Context, operation, key string, call func() error) error {
	if !valid(key) && !(operation == "list" && (key == "" || valid(strings.TrimSuffix(key, "/")))) {
		return fmt.Errorf("%s %q: the key is not valid", operation, key)
	}
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval, pauses.MaxInterval = firstPause, lastPause
	for {
		start := time.Now()
		err := call()
		b.metrics.request(operation, start, err)
		if err == nil {
			return nil
		}
		if !Retryable(err) {
			return fmt.Errorf("%s %s: %w", operation, b.URL(key), err)
		}
		pause := pauses.NextBackOff()
		b.log.Warn("bucket call failed, trying again", zap.String("operation", operation),
			zap.String("object", b.URL(key)), zap.Duration("pause", pause), zap.Error(err))
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s %s: %w (last answer: %w)", operation, b.URL(key), ctx.Err(), err)
		case <-time.After(pause):
		}
	}
}

// source is an open object of a store.
type source interface {
	io.ReaderAt
	io.Closer
	size() int64
}
