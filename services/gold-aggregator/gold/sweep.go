package gold

import (
	"context"
	"strings"
	"time"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

// sweepEvery is the pause between two looks for files that nothing names.
const sweepEvery = time.Hour

// sweep has the files of the partition's days deleted that no manifest names.
func (t *task) sweep(ctx context.Context) {
	t.swept = time.Now()
	for i := facts + 1; i < len(tables); i++ {
		t.keeper.Sweep(ctx, tables[i].name, t.Grace, func(slice string) lake.Known { return t.known(i, slice) })
	}
}

// known tells what the task knows of a table's slice, if that is of its partition. Versions
// count for each day, so nothing follows for one from a commit of another. What a
// crash left may have the name of a file that the day's next version writes: it is swept
// once that version is there.
func (t *task) known(table int, slice string) lake.Known {
	name, ok := strings.CutPrefix(slice, "day=")
	if _, err := sales.ParseDay(name); !ok || err != nil || stream.PartitionFor([]byte(name), t.Partitions) != t.partition {
		return lake.Known{}
	}
	d := t.days[name]
	if d == nil || d.gold[table] == nil {
		return lake.Known{}
	}
	return lake.Known{Manifest: d.gold[table], Through: d.gold[table].Version}
}
