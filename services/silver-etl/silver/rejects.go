package silver

import (
	"context"
	"crypto/rand"
	"fmt"
	"iter"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
)

func (d *dataset) rejectKey(in input, attempt string) string {
	return lake.SilverRejectKey(d.quarantine.Name, in.Manifest, attempt)
}

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

// rejectFiles gives the partition's quarantine files whose keys are over after, those of
// one bronze slice at a time.
func (t *task) rejectFiles(ctx context.Context, after string) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		var keys []string
		last := ""
		for key, err := range t.Bucket.KeysAfter(ctx, lake.SilverRejectPrefix(t.quarantine.Name, t.partition), after) {
			if err != nil {
				yield(nil, fmt.Errorf("list rejects: %w", err))
				return
			}
			slice, _ := lake.SplitSilverRejectKey(key)
			if slice != last && keys != nil && !yield(keys, nil) {
				return
			}
			if slice != last {
				last, keys = slice, nil
			}
			keys = append(keys, key)
		}
		if keys != nil {
			yield(keys, nil)
		}
	}
}

// sweepTimeout bounds a look for rejects, which a commit waits for.
const sweepTimeout = time.Second

// sweepRejects deletes the quarantine files that do not count any more: only commands
// leave any. What it does not come to is for the next one, a minute later.
func (t *task) sweepRejects(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, sweepTimeout)
	defer cancel()
	for keys, err := range t.rejectFiles(ctx, t.rejectsAfter) {
		if err != nil {
			t.Log.Warn("quarantine files that were replaced are left for later", zap.Error(err))
			t.sweepAt = time.Now().Add(time.Minute)
			return
		}
		_, stale := t.attempts.Pick(keys, t.own)
		for _, key := range stale {
			if err := t.Bucket.Delete(ctx, key); err != nil {
				t.Log.Warn("a quarantine file that was replaced is left for later", zap.Error(err))
			}
		}
		t.rejectsAfter = slices.Max(keys)
	}
	t.rejectsAfter = ""
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
	r.attempt = lake.NewAttempt(r.version, rand.Text()[:8])
	r.done.Attempt = r.attempt
	for _, m := range r.moved {
		slice := r.rejectKey(m.input, "")
		stand := column.NewBatch(r.quarantine, 0)
		if key, ok := r.files[slice]; ok {
			b, err := r.readRejects(ctx, r.quarantine, key)
			if err != nil {
				return err
			}
			var rows []int32
			for row, offset := range b.Column("_offset").I64 {
				if !r.rejudged[place{slice, offset}] {
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
