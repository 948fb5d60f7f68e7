package silver

import (
	"context"
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// sweepEvery is the pause between two looks for files that nothing names.
const sweepEvery = time.Hour

// sweep has the partition's files deleted that no manifest names.
func (t *task) sweep(ctx context.Context) {
	t.swept = time.Now()
	for _, table := range []string{t.silver.Name, t.changes.Name} {
		t.keeper.Sweep(ctx, table, t.Grace, t.known)
	}
}

// known tells what the task knows of a slice, if that is of its partition.
func (t *task) known(name string) lake.Known {
	text, _, _ := strings.Cut(strings.TrimPrefix(name, "day="), "/")
	day, err := sales.ParseDay(text)
	if err != nil || name != lake.SilverSlice(day, t.partition) {
		return lake.Known{}
	}
	s := t.slices[day]
	if s == nil {
		return lake.Known{Through: t.own}
	}
	return lake.Known{Manifest: s.manifest, Through: max(t.own, s.manifest.Version)}
}

// quarantineKey is the object of a commit's rejects.
func (d *dataset) quarantineKey(partition int32, version int64, hash string) string {
	return lake.QuarantineKey(d.quarantine.Name, "silver", fmt.Sprintf("p=%03d/%08d-%s", partition, version, hash[:8]))
}

// noHash stands where the hash of a file would.
const noHash = "00000000"

// rejectPrefix is that of all of a partition's rejects.
func (d *dataset) rejectPrefix(partition int32) string {
	return path.Dir(d.quarantineKey(partition, 0, noHash)) + "/"
}

// newestReject is when the last of the partition's rejects was written, by the
// clock of the bucket; zero if there are none.
func (t *task) newestReject(ctx context.Context) (newest time.Time, err error) {
	for o, err := range t.Bucket.List(ctx, t.rejectPrefix(t.partition)) {
		if err != nil {
			return newest, err
		}
		if o.Modified.After(newest) {
			newest = o.Modified
		}
	}
	return newest, nil
}

// sweepRejects deletes the files that a command has replaced, where a crash came
// between, and what a commit that never was has left, so that the
// quarantine's files are exactly the rejects. A version after the committed one
// that was there before this Open can never be committed any more: its writer
// is fenced. What was written since is a successor's: then this is the fenced
// one, and what it takes for the committed version is old.
func (t *task) sweepRejects(ctx context.Context, before time.Time) error {
	prefix := t.rejectPrefix(t.partition)
	for o, err := range t.Bucket.List(ctx, prefix) {
		if err != nil {
			return err
		}
		text, _, _ := strings.Cut(strings.TrimPrefix(o.Key, prefix), "-")
		version, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return fmt.Errorf("%s is no file of this stage: move it away", o.Key)
		}
		left := version > t.version && !o.Modified.After(before)
		if !left && !t.retired[o.Key] {
			continue
		}
		if err := t.Bucket.Delete(ctx, o.Key); err != nil {
			return err
		}
	}
	return nil
}
