package lake

import (
	"context"
	"errors"
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
	Keys(ctx context.Context, prefix string) iter.Seq2[string, error]
}

// Keeper does what a partition's commits leave to do in the bucket: manifests
// are mirrored, and the files that they replace are deleted in time, or when an
// earlier process did not come to it, by a later one's [Keeper.Sweep]. All is
// best effort: what fails is logged and does not hold the stream.
//
// It is for one goroutine.
type Keeper struct {
	KeeperOptions
	reaper *Reaper
}

// KeeperOptions are all required.
type KeeperOptions struct {
	Bucket       KeptBucket
	Log          *zap.Logger
	MirrorErrors prometheus.Counter // calls that could not copy all manifests
	FilesDeleted prometheus.Counter
}

// NewKeeper gives a keeper that has nothing to delete.
func NewKeeper(o KeeperOptions) *Keeper { return &Keeper{o, NewReaper(o.Bucket)} }

// Committed mirrors the manifests of a commit and condemns the files that they
// replace, to be deleted after the grace period. It takes 5 s at most.
func (k *Keeper) Committed(manifests []*Manifest, replaced []string, grace time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), keepTimeout)
	defer cancel()
	k.Mirror(ctx, manifests)
	k.reaper.Later(replaced, time.Now().Add(grace))
	k.Reap(ctx)
}

// Mirror writes copies of manifests, several at a time. Those of the last
// commit may be missing when a partition is assigned.
func (k *Keeper) Mirror(ctx context.Context, manifests []*Manifest) {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(mirrorWidth)
	for _, m := range manifests {
		group.Go(func() error { return Mirror(ctx, k.Bucket, m) })
	}
	if err := group.Wait(); err != nil {
		k.MirrorErrors.Inc()
		k.Log.Warn("copies of manifests are missing until the partition is assigned again", zap.Error(err))
	}
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
