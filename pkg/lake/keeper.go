package lake

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"
)

const (
	mirrorWidth = 16
	keepTimeout = 5 * time.Second // a commit and a revoked partition wait for it
)

// KeptBucket is what a Keeper needs: a blob.Bucket.
type KeptBucket interface {
	Putter
	Deleter
	KeysAfter(ctx context.Context, prefix, after string) iter.Seq2[string, error]
}

// Keeper does what a partition's commits leave to do in the bucket: what they
// published is mirrored, and the files that they replace are deleted in time, or when an
// earlier process did not come to it, by a later one's [Keeper.Sweep]. All is
// best effort: what fails is logged and does not hold the stream.
//
// It is for one goroutine.
type Keeper struct {
	KeeperOptions
	reaper *Reaper
	owed   map[string]Entry // by object: copies that could not be written
	table  int              // where the next Sweep goes on
	after  string           // the key before that, "" for the table's start
}

// KeeperOptions are all required.
type KeeperOptions struct {
	Bucket       KeptBucket
	Log          *zap.Logger
	Last         string             // see LastCopy
	MirrorErrors prometheus.Counter // calls that could not write all copies
	FilesDeleted prometheus.Counter
}

// NewKeeper gives a keeper that has nothing to delete.
func NewKeeper(o KeeperOptions) *Keeper {
	return &Keeper{KeeperOptions: o, reaper: NewReaper(o.Bucket), owed: map[string]Entry{}}
}

// Committed mirrors what a commit published and condemns the files that it
// replaces, to be deleted after the grace period. It takes 5 s at most.
func (k *Keeper) Committed(entries []Entry, replaced []string, grace time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), keepTimeout)
	defer cancel()
	k.Mirror(ctx, entries)
	k.reaper.Later(replaced, time.Now().Add(grace))
	k.Reap(ctx)
}

// Mirror writes copies of a commit: first all in one object, then each in its
// own, several at a time. What cannot be written is with the next commit. Those of the last
// commit may be missing when a partition is assigned.
func (k *Keeper) Mirror(ctx context.Context, entries []Entry) {
	if len(entries) == 0 {
		return
	}
	for _, e := range entries {
		k.owed[e.MirrorKey()] = e
	}
	if err := k.mirror(ctx, entries); err != nil {
		k.MirrorErrors.Inc()
		k.Log.Warn("copies of manifests are missing until the next commit", zap.Error(err))
		return
	}
	clear(k.owed)
}

func (k *Keeper) mirror(ctx context.Context, entries []Entry) error {
	if err := k.Bucket.Put(ctx, k.Last, encodeLast(entries)); err != nil {
		return fmt.Errorf("mirror the commit: %w", err)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(mirrorWidth)
	for _, e := range k.owed {
		group.Go(func() error { return Mirror(ctx, k.Bucket, e) })
	}
	return group.Wait()
}

// Reap deletes the replaced files whose time has come.
func (k *Keeper) Reap(ctx context.Context) {
	deleted, err := k.reaper.Reap(ctx, time.Now())
	k.FilesDeleted.Add(float64(deleted))
	if err != nil && !errors.Is(err, context.Canceled) {
		k.Log.Warn("replaced files are left for later", zap.Error(err))
	}
}

// Close deletes what is due, in 5 s at most; what is not stays until a sweep.
func (k *Keeper) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), keepTimeout)
	defer cancel()
	k.Reap(ctx)
}
