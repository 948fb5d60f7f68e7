package lake

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"
)

// sweepTimeout bounds a listing, which a commit waits for.
const sweepTimeout = 30 * time.Second

// Known is what a writer knows of a slice of its own.
type Known struct {
	Manifest *Manifest // the newest, nil when there is none
	// Through is a version up to which files that Manifest does not name will
	// never be named. The version of Manifest is one, even for a writer that has
	// been replaced without knowing it: later manifests name files of Manifest and
	// of greater versions. After a commit of its own a writer also knows that
	// nobody else had committed before, so for its other slices the version of
	// that commit is one. 0 leaves the slice alone.
	Through int64
}

// Sweep has files of a table deleted that no manifest names: replaced ones that
// an earlier process did not come to delete, and those of commits that never
// were. Readers of the manifest before have the grace period from the
// manifest on. It takes 30 s at most; what it does not come to is found by the next one.
func (k *Keeper) Sweep(ctx context.Context, table string, grace time.Duration, known func(slice string) Known) {
	ctx, cancel := context.WithTimeout(ctx, sweepTimeout)
	defer cancel()
	if err := k.condemn(ctx, table, grace, known); err != nil && !errors.Is(err, context.Canceled) {
		k.Log.Warn("files that no manifest names are left for later", zap.Error(err))
	}
	k.Reap(ctx)
}

func (k *Keeper) condemn(ctx context.Context, table string, grace time.Duration, known func(slice string) Known) error {
	var of Known // the last slice: its files are listed together
	var named map[string]bool
	last := ""
	for key, err := range k.Bucket.Keys(ctx, table+"/") {
		if err != nil {
			return fmt.Errorf("sweep %s: %w", table, err)
		}
		slice, version, ok := parseVersionKey(table, key)
		if !ok {
			continue // not a file of ours
		}
		if slice != last {
			last, of, named = slice, known(slice), nil
			if of.Manifest != nil {
				named = of.Manifest.Named()
			}
		}
		if version > of.Through || named[key] {
			continue
		}
		due := time.Now()
		if of.Manifest != nil {
			due = time.UnixMicro(of.Manifest.Created).Add(grace)
		}
		k.reaper.Later([]string{key}, due)
	}
	return nil
}
