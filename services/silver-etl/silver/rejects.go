package silver

import (
	"context"
	"crypto/rand"
	"fmt"
	"iter"
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

// committedAttempt takes over that a step was committed.
func (t *task) committedAttempt(d *lake.Done) {
	if d.Attempt != "" {
		t.attempts[d.Attempt] = true
	}
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

// rejectFiles are the quarantine files of one bronze slice.
type rejectFiles struct {
	slice   string   // its rejectKey without an attempt
	current string   // the one that counts: of the last attempt that was committed, else without any; "" for none
	stale   []string // those that never will again
	last    string   // the greatest key
}

// allRejects gives the partition's quarantine files whose keys are over after, by slice.
func (t *task) allRejects(ctx context.Context, after string) iter.Seq2[rejectFiles, error] {
	return func(yield func(rejectFiles, error) bool) {
		var of rejectFiles
		for key, err := range t.Bucket.KeysAfter(ctx, t.rejectPrefix(t.partition), after) {
			if err != nil {
				yield(rejectFiles{}, fmt.Errorf("list rejects: %w", err))
				return
			}
			slice, attempt := splitRejectKey(key)
			if slice != of.slice {
				if of.slice != "" && !yield(of, nil) {
					return
				}
				of = rejectFiles{slice: slice}
			}
			of.add(key, attempt, t)
		}
		if of.slice != "" {
			yield(of, nil)
		}
	}
}

func (f *rejectFiles) add(key, attempt string, t *task) {
	f.last = key
	if attempt != "" && !t.attempts[attempt] {
		if attempt < fmt.Sprintf("%020d", t.own+1) { // nobody else has committed up to there
			f.stale = append(f.stale, key)
		}
		return
	}
	if f.current == "" {
		f.current = key
		return
	}
	if _, other := splitRejectKey(f.current); other > attempt {
		f.stale = append(f.stale, key)
	} else {
		f.stale = append(f.stale, f.current)
		f.current = key
	}
}

// sweepTimeout bounds a look for rejects, which a commit waits for.
const sweepTimeout = time.Second

// sweepRejects deletes the quarantine files that do not count any more. Only commands
// leave any. What it does not come to is for the next one, a minute later.
func (t *task) sweepRejects(ctx context.Context) {
	if len(t.attempts) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, sweepTimeout)
	defer cancel()
	for f, err := range t.allRejects(ctx, t.rejectsAfter) {
		for _, key := range f.stale {
			if err == nil {
				err = t.Bucket.Delete(ctx, key)
			}
		}
		if err != nil {
			t.Log.Warn("quarantine files that were replaced are left for later", zap.Error(err))
			t.sweepAt = time.Now().Add(time.Minute)
			return
		}
		t.rejectsAfter = f.last
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
