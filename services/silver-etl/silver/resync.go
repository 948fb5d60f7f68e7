package silver

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/resync"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

// Resync writes lake.silver back from the lake's copies: first the manifests and
// what was done of commands, then the ledgers, so that a topic that is not written to its end
// still stops the start. The group's offsets are set to the ledgers', as a copy
// may lack the last commit, whose input is then taken again. A plan changes nothing.
func Resync(ctx context.Context, o Options, plan bool) (counts []resync.Count, err error) {
	if err := ensureTopics(ctx, o); err != nil {
		return nil, err
	}
	for _, d := range datasets {
		r := &restorer{Options: o, dataset: d, Topic: resync.Topic{Kafka: o.Kafka, Name: sales.TopicSilver, Group: d.group,
			Place: func(e lake.Entry) int32 { return partitionOf(e, o.Partitions) }}}
		more, err := r.run(ctx, plan)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", d.silver.Name, err)
		}
		counts = append(counts, more...)
	}
	return counts, nil
}

// restorer writes a dataset's entries back.
type restorer struct {
	Options
	*dataset
	resync.Topic
}

func (r *restorer) run(ctx context.Context, plan bool) ([]resync.Count, error) {
	if !plan {
		if err := r.Vacant(ctx); err != nil {
			return nil, err
		}
	}
	copies, err := r.copies(ctx)
	if err != nil {
		return nil, err
	}
	have, err := r.Entries(ctx, nil)
	if err != nil {
		return nil, err
	}
	missing := resync.Lacks(have, copies)
	if !plan && len(missing) > 0 {
		if err := r.prepare(ctx, r.newestLedgers(append(slices.Collect(maps.Values(have)), copies...))); err != nil {
			return nil, err
		}
		if err := r.Write(ctx, missing); err != nil {
			return nil, err
		}
	}
	return resync.Tally(copies, missing), nil
}

// copies gives the copies in the order in which they are to be written.
func (r *restorer) copies(ctx context.Context) ([]lake.Entry, error) {
	prefixes := []string{lake.ManifestCopies(r.silver.Name), lake.LedgerCopies(r.silver.Name)}
	if r.commands {
		prefixes = append(prefixes, lake.DoneCopies(lake.Reprocess))
	}
	all, err := lake.ReadPublished(ctx, r.Bucket, r.group, prefixes...)
	var first, ledgers []lake.Entry
	for _, e := range all {
		if _, ok := e.(*lake.Ledger); ok {
			ledgers = append(ledgers, e)
		} else {
			first = append(first, e)
		}
	}
	return append(first, ledgers...), err
}

// newestLedgers gives of each partition the dataset's ledger of the last commit.
func (r *restorer) newestLedgers(entries []lake.Entry) map[int32]*lake.Ledger {
	newest := map[int32]*lake.Ledger{}
	for _, e := range entries {
		if l, ok := e.(*lake.Ledger); ok && l.Table == r.silver.Name && (newest[l.Partition] == nil || l.Version > newest[l.Partition].Version) {
			newest[l.Partition] = l
		}
	}
	return newest
}

// prepare sees to commits that have no copy. Their versions are not given again, as
// readers may know them; their input is read again, and its rejects
// are written over.
func (r *restorer) prepare(ctx context.Context, newest map[int32]*lake.Ledger) error {
	id, err := stream.TopicID(ctx, r.Topic.Kafka, sales.TopicBronze)
	if err != nil {
		return err
	}
	offsets := map[int32]int64{}
	for p, l := range newest {
		if l.InputID == "" || l.InputID == id {
			offsets[p] = l.Through
		}
	}
	if err := stream.SetOffsets(ctx, r.Topic.Kafka, r.group, sales.TopicBronze, offsets); err != nil {
		return err
	}
	return r.passVersions(ctx, newest)
}

// passVersions dates the newest ledgers by the newest files that there are.
func (r *restorer) passVersions(ctx context.Context, newest map[int32]*lake.Ledger) error {
	for _, table := range []string{r.silver.Name, r.changes.Name} {
		for key, err := range r.Bucket.Keys(ctx, table+"/") {
			if err != nil {
				return fmt.Errorf("look for versions: %w", err)
			}
			folder, version, ok := lake.ParseVersion(key)
			if !ok {
				continue // not a file of ours
			}
			for p, l := range newest {
				if version > l.Version && strings.HasSuffix(folder, fmt.Sprintf("/p=%03d", p)) {
					l.Version, l.Slices, l.Sources = version, nil, nil
				}
			}
		}
	}
	return nil
}
