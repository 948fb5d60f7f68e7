package gold

import (
	"context"
	"strings"
	"time"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

// sweep has files of the partition's days deleted that no manifest names.
func (t *task) sweep(ctx context.Context) {
	var own []string
	for _, table := range tables[facts+1:] {
		own = append(own, table.name)
	}
	t.sweepAt = time.Now().Add(t.keeper.Sweep(ctx, t.Grace, t.known, own...))
}

// known tells what the task knows of a table's slice, if that is of its partition. Versions
// count for each day, so nothing follows for one from a commit of another. What a
// crash left may have the name of a file that the day's next version writes: it is swept
// once that version is there.
func (t *task) known(table, slice string) lake.Known {
	name, ok := strings.CutPrefix(slice, "day=")
	if _, err := sales.ParseDay(name); !ok || err != nil || stream.PartitionFor([]byte(name), t.Partitions) != t.partition {
		return lake.Known{}
	}
	d := t.days[name]
	if d == nil || d.gold[tableAt(table)] == nil {
		return lake.Known{}
	}
	m := d.gold[tableAt(table)]
	return lake.Known{Manifest: m, Through: m.Version}
}
