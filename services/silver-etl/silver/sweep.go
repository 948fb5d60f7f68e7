package silver

import (
	"context"
	"strings"
	"time"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// sweepEvery is the pause between two looks for files that nothing names.
const sweepEvery = time.Hour

// sweep has the partition's files deleted that no manifest names, and the rejects
// that do not count.
func (t *task) sweep(ctx context.Context) {
	t.swept = time.Now()
	for _, table := range []string{t.silver.Name, t.changes.Name} {
		t.keeper.Sweep(ctx, table, t.Grace, t.known)
	}
	t.sweepRejects(ctx)
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
