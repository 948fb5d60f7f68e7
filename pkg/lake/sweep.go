package lake

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"
)

// sweepTimeout bounds a Sweep, which a commit waits for.
const sweepTimeout = time.Second

// The pauses after a Sweep.
const (
	sweepEvery = time.Hour   // that came to the end
	sweepPause = time.Minute // of the others: they take a small part of the time
)

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

// Sweep has files of tables deleted that no manifest names: replaced ones that
// an earlier process did not come to delete, and those of commits that never
// were. Readers of the manifest before have the grace period from the
// manifest on. It goes on where the last one has stopped, takes 1 s at most,
// and tells after what time it wants to be called again. The tables must be
// the same each time.
func (k *Keeper) Sweep(ctx context.Context, grace time.Duration, known func(table, slice string) Known, tables ...string) time.Duration {
	ctx, cancel := context.WithTimeout(ctx, sweepTimeout)
	defer cancel()
	for ; k.table < len(tables); k.table, k.after = k.table+1, "" {
		if err := k.condemn(ctx, tables[k.table], grace, known); ctx.Err() != nil {
			return sweepPause
		} else if err != nil {
			k.Log.Warn("files that no manifest names are left for later", zap.Error(err))
		}
	}
	k.table = 0
	k.Reap(ctx)
	return sweepEvery
}

// condemn looks through the rest of a table.
func (k *Keeper) condemn(ctx context.Context, table string, grace time.Duration, known func(table, slice string) Known) error {
	var of Known // the last slice: its files are listed together
	var named map[string]bool
	last := ""
	for key, err := range k.Bucket.KeysAfter(ctx, table+"/", k.after) {
		if err != nil {
			return fmt.Errorf("sweep %s: %w", table, err)
		}
		k.after = key
		slice, version, ok := parseVersionKey(table, key)
		if !ok {
			continue // not a file of ours
		}
		if slice != last {
			last, of, named = slice, known(table, slice), nil
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
