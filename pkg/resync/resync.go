package resync

import (
	"context"
	"fmt"
	"io"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/pkg/table"
)

// Topic is a topic to be written back.
type Topic struct {
	Kafka stream.Config
	Name  string
	Group string                 // of the stage that writes it
	Place func(lake.Entry) int32 // gives the partition of an entry
}

// Entries gives what partitions of the topic (nil = all) have: of each key the newest.
func (t Topic) Entries(ctx context.Context, partitions []int32) (map[string]lake.Entry, error) {
	have := map[string]lake.Entry{}
	err := stream.ReadToEnd(ctx, t.Kafka, t.Name, partitions, func(r stream.Record) error {
		if len(r.Value) == 0 {
			delete(have, string(r.Key))
			return nil
		}
		e, err := lake.DecodeEntry(r.Key, r.Value)
		have[string(r.Key)] = e
		return err
	})
	return have, err
}

// Lacks gives the entries that the topic does not have, or has in an older version.
func Lacks(have map[string]lake.Entry, entries []lake.Entry) (missing []lake.Entry) {
	for _, e := range entries {
		if old := have[e.Key()]; old == nil || old.Age() < e.Age() {
			missing = append(missing, e)
		}
	}
	return missing
}

// maxRecords is how many records one transaction publishes.
const maxRecords = 1000

// Write publishes the entries in their order.
func (t Topic) Write(ctx context.Context, entries []lake.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	transactor, err := stream.NewTransactor(ctx, t.Kafka, t.Group+"-resync")
	if err != nil {
		return err
	}
	defer transactor.Close()
	for len(entries) > 0 {
		n := min(len(entries), maxRecords)
		records := make([]stream.Record, n)
		for i, e := range entries[:n] {
			records[i] = stream.Record{Topic: t.Name, Partition: t.Place(e), Key: []byte(e.Key()), Value: e.Encode()}
		}
		if err := transactor.Publish(ctx, records); err != nil {
			return err
		}
		entries = entries[n:]
	}
	return nil
}

// Vacant returns an error when the stage runs.
func (t Topic) Vacant(ctx context.Context) error { return stream.Vacant(ctx, t.Kafka, t.Group) }

// Count says how many entries of a kind the lake has copies of, and how many of
// them the topic lacked.
type Count struct {
	Kind    string // a table, "ledger" or "done"
	Copies  int
	Written int
}

// Tally counts entries by kind, in the order in which the kinds come.
func Tally(copies, written []lake.Entry) []Count {
	var counts []Count
	at := map[string]int{}
	count := func(e lake.Entry) *Count {
		kind := kindOf(e)
		i, known := at[kind]
		if !known {
			i, at[kind] = len(counts), len(counts)
			counts = append(counts, Count{Kind: kind})
		}
		return &counts[i]
	}
	for _, e := range copies {
		count(e).Copies++
	}
	for _, e := range written {
		count(e).Written++
	}
	return counts
}

func kindOf(e lake.Entry) string {
	switch e := e.(type) {
	case *lake.Ledger:
		return "ledger"
	case *lake.Done:
		return "done"
	case *lake.Manifest:
		return e.Table
	}
	return fmt.Sprintf("%T", e)
}

// Print writes the counts of a topic for people.
func Print(w io.Writer, topic string, counts []Count, plan bool) error {
	written := "written"
	if plan {
		written = "to write"
	}
	rows := make([][]any, len(counts))
	for i, c := range counts {
		rows[i] = []any{topic, c.Kind, c.Copies, c.Written}
	}
	return table.Write(w, []string{"topic", "kind", "copies", written}, rows, 0)
}
