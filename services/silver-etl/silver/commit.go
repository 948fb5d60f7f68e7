package silver

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/services/silver-etl/dedup"
)

// commit is what one flush makes of its inputs. Its ledgers and index are the
// task's own: a flush that fails takes the task with it.
type commit struct {
	*task
	version int64
	inputs  []input
	next    int64 // offset that is consumed with it

	merge     *dedup.Merge
	sorted    *sorting                // the merge's rows, once no more are added
	touched   map[string]*lake.Ledger // by source
	outcome   dedup.Outcome           // of all inputs together
	in        lake.Count
	rejected  map[sales.Code]lake.Count
	eventTime int64      // newest event time among the new rows
	done      *lake.Done // when the commit is a command's
	attempt   string     // that is in the names of quarantine files, if the command has written some

	manifests []*lake.Manifest // of the touched slices, by day
	puts      *blob.Puts       // of the files, while they are made
	replaced  []string         // keys of the files that no manifest names any more
	files     int              // written
	bytes     int64            // of those files
	rewritten int64            // rows taken over from replaced files
	recalled  int              // files read for orders that were only in the filter
}

// size is that of the inputs, in rows and bytes of bronze.
func (c *commit) size() (rows, bytes int64) {
	for _, in := range c.inputs {
		rows, bytes = rows+in.Rows, bytes+in.bytes()
	}
	return rows, bytes
}

// turns is how many the commit takes.
func (c *commit) turns() int64 {
	rows, bytes := c.size()
	if maxRows, maxBytes := c.bounds(); 2*rows <= maxRows && 2*bytes <= maxBytes {
		return 1
	}
	return turns
}

// run reads, merges and writes. The order is that of the data.
func (c *commit) run(ctx context.Context) error {
	rows, _ := c.size()
	c.merge = dedup.NewMerge(c.index, &c.columns, int(rows), c.eventIDs)
	first := dedup.Ref(c.index.Len())
	c.touched, c.rejected = map[string]*lake.Ledger{}, map[sales.Code]lake.Count{}
	if err := c.mergeInputs(ctx); err != nil {
		return err
	}
	if err := c.writeDays(ctx); err != nil {
		return err
	}
	if err := c.cool(first); err != nil {
		return err
	}
	c.closeLedgers()
	c.task.version = c.version
	c.merge, c.sorted = nil, nil // the rows are written: nothing else needs them
	return nil
}

// mergeInputs reads bronze files in parallel and merges them in their order.
func (c *commit) mergeInputs(ctx context.Context) error {
	return inOrder(ctx, len(c.inputs), runtime.GOMAXPROCS(0),
		func(ctx context.Context, i int) (*loaded, error) { return c.load(ctx, c.inputs[i]) },
		func(ctx context.Context, i int, l *loaded) error {
			if err := c.recall(ctx, l.orders()); err != nil {
				return fmt.Errorf("look older orders up: %w", err)
			}
			out, err := c.merge.Add(ctx, l.rows, l.keep, l.keys)
			if err != nil {
				return fmt.Errorf("merge %s: %w", c.inputs[i].Key(), err)
			}
			c.account(c.inputs[i].Source, l, out)
			return nil
		})
}

// account books what became of an input in its source's ledger.
func (c *commit) account(src *lake.Source, l *loaded, out dedup.Outcome) {
	ledger := c.ledgers[src.Name]
	if ledger == nil {
		ledger = &lake.Ledger{Format: lake.Format, Stage: stageName, Table: c.silver.Name, Source: src.Name, Partition: c.partition}
		c.ledgers[src.Name] = ledger
	}
	c.touched[src.Name] = ledger
	ledger.TopicID, ledger.Next = src.TopicID, src.Next
	ledger.In, ledger.Replayed = ledger.In.Add(l.in), ledger.Replayed.Add(l.replayed)
	ledger.Out = ledger.Out.Add(lake.Count{Rows: out.Rows, Cents: out.Cents})
	ledger.Duplicate = ledger.Duplicate.Add(lake.Count{Rows: out.Duplicates, Cents: out.DuplicateCents})
	ledger.Superseded = ledger.Superseded.Add(lake.Count{Rows: out.Superseded, Cents: out.SupersededCents})
	for code, n := range l.rejected {
		if ledger.Rejected == nil {
			ledger.Rejected = map[sales.Code]lake.Count{}
		}
		ledger.Rejected[code] = ledger.Rejected[code].Add(n)
		c.rejected[code] = c.rejected[code].Add(n)
	}
	c.in = c.in.Add(l.in)
	c.outcome.Rows += out.Rows
	c.outcome.Duplicates += out.Duplicates
	c.outcome.Superseded += out.Superseded
	c.outcome.Ties += out.Ties
}

// closeLedgers dates the touched ledgers.
func (c *commit) closeLedgers() {
	touched := make([]string, len(c.manifests))
	for i, m := range c.manifests {
		touched[i] = m.Slice
	}
	sources := slices.Sorted(maps.Keys(c.touched))
	for _, l := range c.touched {
		l.InputID, l.Through, l.Version, l.Slices, l.Sources = c.inputID, c.next, c.version, touched, sources
	}
}

// entries are what the commit publishes: manifests by day, then ledgers.
func (c *commit) entries() []lake.Entry {
	entries := lake.Entries(c.manifests...)
	for _, source := range slices.Sorted(maps.Keys(c.touched)) {
		entries = append(entries, c.touched[source])
	}
	if c.done != nil {
		entries = append(entries, c.done)
	}
	return entries
}

// records are the entries' in the transaction.
func (c *commit) records() []stream.Record {
	entries := c.entries()
	records := make([]stream.Record, len(entries))
	for i, e := range entries {
		records[i] = stream.Record{Topic: sales.TopicSilver, Partition: partitionOf(e, c.Partitions), Key: []byte(e.Key()), Value: e.Encode()}
	}
	return records
}

// partitionOf places an entry in lake.silver: all manifests of a day are together, and
// all steps of commands of a partition.
func partitionOf(e lake.Entry, partitions int) int32 {
	switch e := e.(type) {
	case *lake.Manifest:
		return stream.PartitionFor([]byte(e.Day), partitions)
	case *lake.Done:
		return e.Partition
	}
	return stream.PartitionFor([]byte(e.Key()), partitions)
}
