package silver

import (
	"context"
	"crypto/rand"
	"fmt"
	"path"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
)

// rejectKey is the object of a bronze slice's rejects: the same whoever writes it
// and with which other slices, so that a commit that never was leaves nothing
// else. A command writes another one, whose name has the attempt and which counts
// from when that is committed.
func (d *dataset) rejectKey(in input, attempt string) string {
	day, _, _ := strings.Cut(in.Slice, "/")
	name := fmt.Sprintf("p=%03d/%s/%s", in.Partition, day, path.Base(in.Slice))
	if attempt != "" {
		name += "." + attempt
	}
	return lake.QuarantineKey(d.quarantine.Name, "silver", name)
}

// rejectPrefix is that of all of a partition's rejects.
func (d *dataset) rejectPrefix(partition int32) string {
	return fmt.Sprintf("%s/silver/p=%03d/", d.quarantine.Name, partition)
}

// splitRejectKey gives the slice's key without an attempt, and the attempt.
func splitRejectKey(key string) (slice, attempt string) {
	name, _ := strings.CutSuffix(key, ".parquet")
	if name, attempt, ok := strings.Cut(name, "."); ok {
		return name + ".parquet", attempt
	}
	return key, ""
}

// newAttempt names one try of a command's step. Attempts ascend with the versions
// of their commits.
func newAttempt(version int64) string { return fmt.Sprintf("%020d-%.8s", version, rand.Text()) }

// writeRejects writes one quarantine file.
func (s *stage) writeRejects(ctx context.Context, key string, rejects ...*column.Batch) error {
	w := <-s.writers
	defer func() { s.writers <- w }()
	data, err := w.rejects.Encode(nil, rejects...)
	if err == nil {
		err = s.Bucket.Put(ctx, key, data)
	}
	if err != nil {
		return fmt.Errorf("write rejects: %w", err)
	}
	return nil
}

// rejectFiles gives the partition's quarantine file that counts of each bronze slice:
// that of the last attempt that was committed, else the one without any; and those
// that never will again.
func (t *task) rejectFiles(ctx context.Context) (current map[string]string, stale []string, err error) {
	current = map[string]string{}
	for key, err := range t.Bucket.Keys(ctx, t.rejectPrefix(t.partition)) {
		if err != nil {
			return nil, nil, fmt.Errorf("list rejects: %w", err)
		}
		slice, attempt := splitRejectKey(key)
		if attempt != "" && !t.attempts[attempt] {
			if attempt < fmt.Sprintf("%020d", t.own+1) { // nobody else has committed up to there
				stale = append(stale, key)
			}
			continue
		}
		last, met := current[slice]
		if _, other := splitRejectKey(last); met && other > attempt {
			key, last = last, key
		}
		current[slice] = key
		if met {
			stale = append(stale, last)
		}
	}
	return current, stale, nil
}

// sweepTimeout bounds a look for rejects, which a commit waits for.
const sweepTimeout = 5 * time.Second

// sweepRejects deletes the quarantine files that do not count any more, as far as it
// comes; the next one goes on.
func (t *task) sweepRejects(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, sweepTimeout)
	defer cancel()
	_, stale, err := t.rejectFiles(ctx)
	for _, key := range stale {
		if err == nil {
			err = t.Bucket.Delete(ctx, key)
		}
	}
	if err != nil {
		t.Log.Warn("quarantine files that were replaced are left for later", zap.Error(err))
	}
}

// rejectsOf is a bronze slice and its new rejects.
type rejectsOf struct {
	input
	fresh *column.Batch
}

// moveRejects writes the quarantine files of the slices with rows that are judged
// otherwise: the rejects that stand, and the new ones. Without any it is empty, as
// it takes the place of one.
func (r *reprocess) moveRejects(ctx context.Context) error {
	if len(r.moved) == 0 {
		return nil
	}
	r.attempt = newAttempt(r.version)
	r.done.Attempt = r.attempt
	for _, m := range r.moved {
		stand := column.NewBatch(r.quarantine, 0)
		if key, ok := r.files[r.rejectKey(m.input, "")]; ok {
			b, err := r.readRejects(ctx, r.quarantine, key)
			if err != nil {
				return err
			}
			var rows []int32
			for row := range b.Rows() {
				if !r.rejudged[place{b.Column("_source").String(row), b.Column("_offset").I64[row]}] {
					rows = append(rows, int32(row))
				}
			}
			stand.AppendRows(b, rows)
		}
		if err := r.writeRejects(ctx, r.rejectKey(m.input, r.attempt), stand, m.fresh); err != nil {
			return err
		}
	}
	r.moved = nil
	return nil
}
