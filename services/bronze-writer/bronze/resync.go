package bronze

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/resync"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

// Resync writes lake.bronze back from the lake: what of the manifests it lacks, in
// the order of their ranges, and then the ledgers, which are the manifests' sums.
// Where a copy is missing, the bronze file itself says what its manifest did; only
// the newest file of a source may be one that was never committed, so it is left to be
// adopted. The group's offsets are set to the ledgers'. A plan changes nothing.
func Resync(ctx context.Context, o Options, plan bool) ([]resync.Count, error) {
	r, err := newRestorer(ctx, o)
	if err != nil {
		return nil, err
	}
	if !plan {
		if err := r.Vacant(ctx); err != nil {
			return nil, err
		}
	}
	var copies, written []lake.Entry
	for p := range int32(o.Partitions) {
		all, missing, err := r.restore(ctx, p)
		if err == nil && !plan {
			err = r.Write(ctx, missing)
		}
		if err == nil && !plan {
			err = r.setOffsets(ctx, p, all)
		}
		if err != nil {
			return nil, fmt.Errorf("partition %d: %w", p, err)
		}
		copies, written = append(copies, all...), append(written, missing...)
	}
	return resync.Tally(copies, written), nil
}

// restorer knows the objects that lake.bronze is made again from.
type restorer struct {
	resync.Topic
	*stage
	copies map[int32][]string // keys of the manifests' copies, by partition
	holes  map[int32][]*hole
}

// hole is a committed bronze file without a copy of its manifest.
type hole struct {
	set   *dataset
	slice string
}

func newRestorer(ctx context.Context, o Options) (*restorer, error) {
	s, err := newStage(ctx, o)
	if err != nil {
		return nil, err
	}
	r := &restorer{Topic: resync.Topic{Kafka: o.Kafka, Name: sales.TopicBronze, Group: Group, Place: partitionOf},
		stage: s, copies: map[int32][]string{}, holes: map[int32][]*hole{}}
	for _, d := range datasets {
		if err := r.list(ctx, d); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func partitionOf(e lake.Entry) int32 {
	if l, ok := e.(*lake.Ledger); ok {
		return l.Partition
	}
	return e.(*lake.Manifest).Partition
}

// list finds the copies of a dataset's manifests, and the files that should have one.
// Names of one source and partition ascend with their offsets, whatever the day.
func (r *restorer) list(ctx context.Context, d *dataset) error {
	prefix, known, last := lake.ManifestCopies(d.Schema.Name), map[string]bool{}, map[string]string{}
	keys, err := lake.ListCopies(ctx, r.Bucket, prefix, nil)
	if err != nil {
		return err
	}
	for _, key := range keys {
		slice := strings.TrimSuffix(strings.TrimPrefix(key, prefix), ".json")
		partition, source, first, err := splitSlice(slice)
		if err != nil {
			return err
		}
		r.copies[partition] = append(r.copies[partition], key)
		known[slice], last[source] = true, max(last[source], first)
	}
	for key, err := range r.Bucket.Keys(ctx, d.Schema.Name+"/") {
		if err != nil {
			return fmt.Errorf("list bronze files: %w", err)
		}
		slice := strings.TrimSuffix(strings.TrimPrefix(key, d.Schema.Name+"/"), ".parquet")
		partition, source, first, err := splitSlice(slice)
		if err != nil {
			return err
		}
		if !known[slice] && first < last[source] {
			r.holes[partition] = append(r.holes[partition], &hole{d, slice})
		}
	}
	return nil
}

// splitSlice takes a lake.BronzeSlice apart: source names topic or file and partition.
func splitSlice(slice string) (partition int32, source, first string, err error) {
	_, name, _ := strings.Cut(slice, "/")
	source, first, ok := strings.Cut(name, "-")
	if _, err := fmt.Sscanf(name, "p=%d/", &partition); err != nil || !ok {
		return 0, "", "", fmt.Errorf("%s is no bronze slice: move it away", slice)
	}
	return partition, source, first, nil
}

// restore gives the partition's manifests and ledgers, and those of them that the topic lacks.
func (r *restorer) restore(ctx context.Context, p int32) (all, missing []lake.Entry, err error) {
	copies, err := lake.GetCopies(ctx, r.Bucket, r.copies[p])
	if err != nil {
		return nil, nil, err
	}
	for _, h := range r.holes[p] {
		stands, err := r.sources[h.set.topic].store.find(ctx, h.slice)
		if err != nil {
			return nil, nil, err
		}
		copies = append(copies, stands.manifest(r.cluster, time.Now().UnixMicro()))
	}
	have, err := r.Entries(ctx, []int32{p})
	if err != nil {
		return nil, nil, err
	}
	manifests := inOrder(copies, have)
	if err := appendable(manifests, have); err != nil {
		return nil, nil, err
	}
	for _, m := range manifests {
		all = append(all, m)
	}
	ledgers, err := r.ledgersOf(ctx, manifests)
	all = append(all, ledgers...)
	return all, resync.Lacks(have, all), err
}

// inOrder gives the manifests of the copies and of the topic by source, incarnation
// and range.
func inOrder(copies []lake.Entry, have map[string]lake.Entry) []*lake.Manifest {
	byKey := map[string]*lake.Manifest{}
	born := map[string]int64{} // when the first file of a topic id was made, µs UTC
	take := func(e lake.Entry) {
		m, ok := e.(*lake.Manifest)
		if !ok || m.Source == nil {
			return
		}
		byKey[m.Key()] = m
		if at, known := born[m.Source.TopicID]; !known || m.Created < at {
			born[m.Source.TopicID] = m.Created
		}
	}
	for _, e := range copies {
		take(e)
	}
	for _, e := range have {
		take(e)
	}
	manifests := make([]*lake.Manifest, 0, len(byKey))
	for _, m := range byKey {
		manifests = append(manifests, m)
	}
	slices.SortFunc(manifests, func(a, b *lake.Manifest) int {
		x, y := a.Source, b.Source
		return cmp.Or(cmp.Compare(x.Name, y.Name), cmp.Compare(born[x.TopicID], born[y.TopicID]),
			cmp.Compare(x.TopicID, y.TopicID), cmp.Compare(x.First, y.First))
	})
	return manifests
}

// appendable tells whether those that the topic lacks can follow what it has.
func appendable(manifests []*lake.Manifest, have map[string]lake.Entry) error {
	var lacking *lake.Manifest
	for _, m := range manifests {
		there := have[m.Key()] != nil
		if lacking != nil && lacking.Source.Name != m.Source.Name {
			lacking = nil
		}
		if there && lacking != nil {
			return fmt.Errorf("%s has %s but lacks %s, which comes before it: delete the topic and do the resync again",
				sales.TopicBronze, m.Key(), lacking.Key())
		}
		if !there {
			lacking = m
		}
	}
	return nil
}

// ledgersOf sums the manifests up, by source. What money is on replays only the
// files know.
func (r *restorer) ledgersOf(ctx context.Context, manifests []*lake.Manifest) (ledgers []lake.Entry, err error) {
	var last *lake.Ledger
	for _, m := range manifests {
		if last == nil || last.Source != m.Source.Name {
			last = &lake.Ledger{}
			ledgers = append(ledgers, last)
		}
		var cents int64
		if m.Source.Replayed > 0 {
			if cents, err = r.replayed(ctx, m); err != nil {
				return nil, err
			}
		}
		account(last, m.Source, m.Count, cents)
	}
	return ledgers, nil
}

func (r *restorer) replayed(ctx context.Context, m *lake.Manifest) (cents int64, err error) {
	for _, src := range r.sources {
		if src.Schema.Name == m.Table {
			stands, err := src.store.find(ctx, m.Slice)
			if err != nil {
				return 0, err
			}
			cents = stands.replayed.Cents
		}
	}
	return cents, nil
}

// setOffsets makes the group agree with the ledgers of the topics that are the same
// as then; one that was made anew is read from its start.
func (r *restorer) setOffsets(ctx context.Context, p int32, all []lake.Entry) error {
	newest := map[string]*lake.Source{} // by topic
	for _, e := range all {
		if m, ok := e.(*lake.Manifest); ok {
			newest[m.Source.Name] = m.Source
		}
	}
	for topic, at := range newest {
		if src := r.sources[topic]; src == nil || src.id != at.TopicID {
			continue
		}
		committed, err := stream.Committed(ctx, r.stage.Kafka, Group, topic)
		if err != nil {
			return err
		}
		if committed[p] == at.Next {
			continue
		}
		if err := stream.SetOffsets(ctx, r.stage.Kafka, Group, topic, map[int32]int64{p: at.Next}); err != nil {
			return err
		}
	}
	return nil
}
