package silver

import (
	"context"
	"strings"
	"time"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// sweep has the partition's files deleted that no manifest names, and the rejects
// that do not count.
func (t *task) sweep(ctx context.Context) {
	again := t.keeper.Sweep(ctx, t.Grace, func(_, slice string) lake.Known { return t.known(slice) }, t.silver.Name, t.changes.Name)
	t.sweepAt = time.Now().Add(again)
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
