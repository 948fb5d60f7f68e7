package quarantine

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/services/bronze-writer/decode"
)

// Options is what the commands work with.
type Options struct {
	Kafka         stream.Config
	Bucket        Bucket
	Topic         string // of the events, also of those that came in files
	Partitions    int    // of the lake's topics
	Replication   int    // of topics that must be made, -1 = the broker's default
	MaxEventBytes int    // of one event; more is too_large
}

// dataset is what is particular to the rejects of one topic.
type dataset struct {
	folder string // of its rejects
	table  string // of its rows in bronze
	events *decode.Dataset
}

var datasets = map[string]dataset{
	sales.TopicEvents:    {sales.Quarantine.Name, sales.TableBronze, decode.SalesEvents},
	sales.TopicCustomers: {sales.QuarantineCustomers.Name, sales.TableBronzeCustomers, decode.CustomerUpdates},
}

// Quarantine is the rejects of one topic and what is known of them.
type Quarantine struct {
	Options
	set     dataset
	names   map[string]string // of sources, each once in memory
	replays replays
}

// Read finds out where every reject stands.
func Read(ctx context.Context, o Options) (*Quarantine, error) {
	q, err := prepare(ctx, o)
	if err != nil {
		return nil, err
	}
	if err := q.readReplays(ctx); err != nil {
		return nil, err
	}
	return q, q.settle(ctx)
}

func prepare(ctx context.Context, o Options) (*Quarantine, error) {
	set, ok := datasets[o.Topic]
	if !ok {
		return nil, fmt.Errorf("topic %q has no quarantine: use one of %s", o.Topic, strings.Join(slices.Sorted(maps.Keys(datasets)), ", "))
	}
	err := stream.EnsureTopics(ctx, o.Kafka, o.Replication,
		stream.TopicSpec{Name: o.Topic, Partitions: o.Partitions},
		stream.TopicSpec{Name: sales.TopicBronze, Partitions: o.Partitions, Compacted: true},
		stream.TopicSpec{Name: sales.TopicSilver, Partitions: o.Partitions, Compacted: true},
		stream.TopicSpec{Name: sales.TopicControl, Partitions: 1, Compacted: true},
	)
	if err != nil {
		return nil, fmt.Errorf("ensure topics: %w", err)
	}
	q := &Quarantine{Options: o, set: set, names: map[string]string{}}
	return q, q.checkControl(ctx)
}

// name gives the one copy of a source's name.
func (q *Quarantine) name(source string) string {
	if known, ok := q.names[source]; ok {
		return known
	}
	q.names[source] = source
	return source
}

var partitionFolder = regexp.MustCompile(`/p=(\d+)/`)

// partitionOf reads the partition in the key of a file, -1 when there is none.
func partitionOf(key string) int32 {
	m := partitionFolder.FindStringSubmatch(key)
	if m == nil {
		return -1
	}
	n, err := strconv.ParseInt(m[1], 10, 32)
	if err != nil {
		return -1
	}
	return int32(n)
}
