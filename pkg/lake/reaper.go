package lake

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Deleter deletes objects: a blob.Bucket. That there is none is no error.
type Deleter interface {
	Delete(ctx context.Context, key string) error
}

// Reaper deletes replaced files when readers of older manifests have had time
// to finish. What it holds is lost with the process; such files are no rows of
// any table, and only cost space.
//
// It is for one goroutine.
type Reaper struct {
	bucket  Deleter
	pending []condemned // in the order of their times
}

type condemned struct {
	keys []string
	at   time.Time
}

// NewReaper gives a reaper that has nothing to delete.
func NewReaper(bucket Deleter) *Reaper { return &Reaper{bucket: bucket} }

// Later has keys deleted at a time, which must not be before that of an
// earlier call. Keys of files that a manifest still names must not be given.
func (r *Reaper) Later(keys []string, at time.Time) {
	if len(keys) > 0 {
		r.pending = append(r.pending, condemned{keys, at})
	}
}

// Next is when Reap has something to do; zero when nothing is pending.
func (r *Reaper) Next() time.Time {
	if len(r.pending) == 0 {
		return time.Time{}
	}
	return r.pending[0].at
}

// Reap deletes what is due at now and gives the number of deleted objects. One
// that could not be deleted is tried again by the next Reap, and part of the error.
func (r *Reaper) Reap(ctx context.Context, now time.Time) (int, error) {
	deleted := 0
	var failed []condemned
	var errs []error
	for len(r.pending) > 0 && !r.pending[0].at.After(now) {
		var left []string
		for _, key := range r.pending[0].keys {
			if err := r.bucket.Delete(ctx, key); err != nil {
				left = append(left, key)
				errs = append(errs, fmt.Errorf("delete replaced file %s: %w", key, err))
				continue
			}
			deleted++
		}
		if len(left) > 0 {
			failed = append(failed, condemned{left, r.pending[0].at})
		}
		r.pending = r.pending[1:]
	}
	r.pending = append(failed, r.pending...)
	return deleted, errors.Join(errs...)
}
