package gold

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/resync"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

// remedy writes lake.gold back.
const remedy = "gold-aggregator resync"

// copied gives the lake's copies of what a partition's days were last made from.
func (s *stage) copied(ctx context.Context, partition int32) ([]lake.Entry, error) {
	prefix := lake.ManifestCopies(sales.TableFacts)
	keys, err := lake.ListCopies(ctx, s.Bucket, prefix, func(key string) bool {
		day := strings.TrimSuffix(strings.TrimPrefix(key, prefix+"day="), ".json")
		return stream.PartitionFor([]byte(day), s.Partitions) == partition
	})
	if err != nil {
		return nil, err
	}
	return lake.GetCopies(ctx, s.Bucket, keys)
}

// ages gives the versions of the days' facts, by key.
func (t *task) ages() map[string]int64 {
	ages := map[string]int64{}
	for _, d := range t.days {
		if m := d.gold[facts]; m != nil {
			ages[m.Key()] = m.Age()
		}
	}
	return ages
}

// Resync writes what was done of commands, and the days, that lake.gold lacks back from
// the lake's copies: in this order, as a topic that lacks days stops the start. A copy may
// lack the last commit, whose version readers may know: such a day is given the
// version of its newest files, so that the next one is newer. A plan changes nothing.
func Resync(ctx context.Context, o Options, plan bool) ([]resync.Count, error) {
	if err := ensureTopics(ctx, o); err != nil {
		return nil, err
	}
	topic := resync.Topic{Kafka: o.Kafka, Name: sales.TopicGold, Group: Group, Place: func(e lake.Entry) int32 {
		if d, ok := e.(*lake.Done); ok {
			return d.Partition
		}
		return stream.PartitionFor([]byte(e.(*lake.Manifest).Day), o.Partitions)
	}}
	if !plan {
		if err := topic.Vacant(ctx); err != nil {
			return nil, err
		}
	}
	done, days, err := readCopies(ctx, o)
	if err != nil {
		return nil, err
	}
	have, err := topic.Entries(ctx, nil)
	if err != nil {
		return nil, err
	}
	lacking := wholeDays(days, resync.Lacks(have, days))
	missing := append(resync.Lacks(have, done), lacking...)
	if !plan {
		if err := passVersions(ctx, o, lacking); err != nil {
			return nil, err
		}
		if err := topic.Write(ctx, missing); err != nil {
			return nil, err
		}
	}
	return resync.Tally(append(done, days...), missing), nil
}

// readCopies gives the copies of what was done of commands, and those of days: by day,
// each day's facts last, as with them it is whole.
func readCopies(ctx context.Context, o Options) (done, days []lake.Entry, err error) {
	copies, err := lake.ReadPublished(ctx, o.Bucket, Group, lake.ManifestCopies("gold"), lake.DoneCopies(lake.Rebuild))
	for _, e := range copies {
		if _, ok := e.(*lake.Manifest); ok {
			days = append(days, e)
		} else {
			done = append(done, e)
		}
	}
	order := func(e lake.Entry) (day string, at int) {
		m := e.(*lake.Manifest)
		return m.Day, len(tables) - tableAt(m.Table)
	}
	slices.SortFunc(days, func(a, b lake.Entry) int {
		x, i := order(a)
		y, j := order(b)
		return cmp.Or(strings.Compare(x, y), cmp.Compare(i, j))
	})
	return done, days, err
}

// wholeDays gives all entries of the days that lack one.
func wholeDays(entries, missing []lake.Entry) []lake.Entry {
	days := map[string]bool{}
	for _, e := range missing {
		days[e.(*lake.Manifest).Day] = true
	}
	return slices.DeleteFunc(slices.Clone(entries), func(e lake.Entry) bool { return !days[e.(*lake.Manifest).Day] })
}

// passVersions gives manifests the version of their day's newest files, if that is newer. A warehouse may have what that
// version said, which no copy tells: so what changed is not said either, and the next version is to be taken whole.
func passVersions(ctx context.Context, o Options, entries []lake.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	newest := map[string]int64{} // by slice
	for key, err := range o.Bucket.Keys(ctx, "gold/") {
		if err != nil {
			return fmt.Errorf("look for versions: %w", err)
		}
		if folder, version, ok := lake.ParseVersion(key); ok {
			slice := folder[strings.LastIndexByte(folder, '/')+1:]
			newest[slice] = max(newest[slice], version)
		}
	}
	for _, e := range entries {
		m := e.(*lake.Manifest)
		if newest[m.Slice] > m.Version {
			m.Version, m.Base, m.Changes = newest[m.Slice], 0, nil
		}
	}
	return nil
}
