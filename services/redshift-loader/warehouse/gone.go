package warehouse

import (
	"context"
	"fmt"
	"slices"

	"github.com/saleslake/saleslake/pkg/lake"
)

// withoutGone looks for every file that the verdicts need, after one was missed, so that
// the next try lacks none: a slice whose changes are gone is loaded from its own files, and
// a slice that lacks one of its own is left out and noted in the result.
func (w *Warehouse) withoutGone(ctx context.Context, part []*lake.Verdict, loaded map[string]Slice, missed *missingFile, result *Result) ([]*lake.Verdict, error) {
	var left []*lake.Verdict
	for _, v := range part {
		whole, gone, err := w.available(ctx, v, loaded)
		switch {
		case err != nil:
			return nil, w.judge(fmt.Errorf("look for the files of %s: %w", v.Key(), err))
		case gone != "":
			result.Gone = append(result.Gone, GoneSlice{sliceOf(v), gone})
		default:
			left = append(left, whole)
		}
	}
	if slices.Equal(left, part) { // it is there again, or a store does not know what it has
		return nil, fmt.Errorf("%w: %w, and is there", ErrUnavailable, missed)
	}
	return left, nil
}

// available answers the verdict as it can be loaded onto what is loaded, or the key of a
// file without which it cannot.
func (w *Warehouse) available(ctx context.Context, v *lake.Verdict, loaded map[string]Slice) (*lake.Verdict, string, error) {
	for {
		gone, err := w.firstGone(ctx, needs(v, loaded))
		if gone == "" || err != nil || holds(&v.Manifest, gone) {
			return v, gone, err
		}
		v = withoutChanges(v)
	}
}

// firstGone answers the first of the files that is not there, by its key.
func (w *Warehouse) firstGone(ctx context.Context, needs []need) (string, error) {
	for _, n := range needs {
		for _, f := range n.files {
			if found, err := w.files.Exists(ctx, f.Key); !found || err != nil {
				return f.Key, err
			}
		}
	}
	return "", nil
}

func holds(m *lake.Manifest, key string) bool {
	return slices.ContainsFunc(m.Files, func(f lake.File) bool { return f.Key == key })
}
