package lake

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Deleter deletes objects: a blob.Bucket. That there is none is no error.
type Deleter interface {
	Delete(ctx context.Context, key string) error
}

// Reaper deletes replaced files when readers of older manifests have had time
// to finish. What it holds is lost with the process, and found again by
// [Keeper.Sweep].
//
// It is for one goroutine.
type Reaper struct {
	bucket Deleter
	due    map[string]time.Time // by key
}

// NewReaper gives a reaper that has nothing to delete.
func NewReaper(bucket Deleter) *Reaper { return &Reaper{bucket, map[string]time.Time{}} }

// Later has keys deleted at a time; one that is to be deleted already keeps its
// own. Keys of files that a manifest still names must not be given.
func (r *Reaper) Later(keys []string, at time.Time) {
	for _, key := range keys {
		if _, known := r.due[key]; !known {
			r.due[key] = at
		}
	}
}

// Reap deletes what is due at now, in the order of the keys, and gives the
// number of deleted objects. One that could not be deleted is tried again by the
// next Reap, and part of the error.
func (r *Reaper) Reap(ctx context.Context, now time.Time) (int, error) {
	var keys []string
	for key, at := range r.due {
		if !at.After(now) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	deleted := 0
	var errs []error
	for _, key := range keys {
		if err := r.bucket.Delete(ctx, key); err != nil {
			errs = append(errs, fmt.Errorf("delete replaced file %s: %w", key, err))
			continue
		}
		delete(r.due, key)
		deleted++
	}
	return deleted, errors.Join(errs...)
}
