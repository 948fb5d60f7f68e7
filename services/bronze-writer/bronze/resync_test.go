package bronze

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/resync"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/pkg/stream/streamtest"
	"github.com/saleslake/saleslake/services/bronze-writer/files"
)

// entries gives what lake.bronze has: ledgers as they are, of the manifests the
// files, as a manifest that was made again has a time of its own.
func (r *rig) entries() map[string]string {
	have, err := resync.Topic{Kafka: r.kafka, Name: sales.TopicBronze}.Entries(r.ctx, nil)
	require.NoError(r.t, err)
	out := map[string]string{}
	for key, e := range have {
		if m, ok := e.(*lake.Manifest); ok {
			m.Created = 0
		}
		out[key] = string(e.Encode())
	}
	return out
}

// lost gives a rig whose events have landed in two files of each partition at
// least, beside the files to ingest, and whose lake.bronze is then deleted.
func lost(t *testing.T, ingest ...string) (*rig, map[string]string) {
	r := newRig(t)
	i := r.run(r.options(r.lake))
	for range 2 { // all that one publishes may be in one file
		r.publish(3000)
		r.drained()
	}
	require.NoError(t, i.end())
	for _, name := range ingest {
		_, err := Ingest(r.ctx, r.options(r.lake), IngestOptions{File: files.File{Name: name}})
		require.NoError(t, err)
	}
	before := r.entries()
	streamtest.DeleteTopic(t, r.addr, sales.TopicBronze)
	return r, before
}

func (r *rig) copies(prefix string) (keys []string) {
	keys, err := lake.ListCopies(r.ctx, r.lake, prefix, nil)
	require.NoError(r.t, err)
	return keys
}

func TestALostTopicStopsAndIsWrittenBack(t *testing.T) {
	t.Parallel()
	r, before := lost(t)
	err := <-r.run(r.options(r.lake)).done
	require.ErrorContains(t, err, "topic lake.bronze does not have it")
	require.ErrorContains(t, err, `"bronze-writer resync"`)
	_, err = Ingest(r.ctx, r.options(r.lake), IngestOptions{File: files.File{Name: "../../../data/sales_events.csv"}})
	require.ErrorContains(t, err, `"bronze-writer resync"`)
	require.Empty(t, r.entries(), "nothing is written before")

	// One commit could not be copied.
	hole := slices.DeleteFunc(r.copies(lake.ManifestCopies(sales.TableBronze)), func(key string) bool { return !strings.Contains(key, "/p=001/") })[0]
	require.NoError(t, r.lake.Delete(r.ctx, hole))

	counts, err := Resync(r.ctx, r.options(r.lake), true)
	require.NoError(t, err)
	require.Empty(t, r.entries(), "a plan writes nothing")
	again, err := Resync(r.ctx, r.options(r.lake), false)
	require.NoError(t, err)
	require.Equal(t, counts, again)
	require.True(t, maps.Equal(before, r.entries()))
	again, err = Resync(r.ctx, r.options(r.lake), false)
	require.NoError(t, err)
	for _, c := range again {
		require.Zero(t, c.Written, "a second time changes nothing")
	}

	i := r.run(r.options(r.lake))
	r.publish(1000)
	r.drained()
	_, err = Resync(r.ctx, r.options(r.lake), false)
	require.ErrorContains(t, err, "group bronze-writer has 1 members")
	require.NoError(t, i.end())
	r.requireTruth()
}

// The copy of the last commit is missing, so its file is met and adopted.
func TestALostTopicWhoseLastCommitHasNoCopy(t *testing.T) {
	t.Parallel()
	r, before := lost(t, "../../../data/sales_events.csv")
	var newest string
	for _, key := range r.copies(lake.ManifestCopies(sales.TableBronze)) {
		id := r.topicID(sales.TopicEvents)[:8]
		if strings.Contains(key, "/p=002/"+id) {
			newest = max(newest, key)
		}
	}
	require.NoError(t, r.lake.Delete(r.ctx, newest))
	require.NoError(t, r.lake.Delete(r.ctx, (&lake.Ledger{Stage: stageName, Source: sales.TopicEvents, Partition: 2}).MirrorKey()))
	_, err := Resync(r.ctx, r.options(r.lake), false)
	require.NoError(t, err)
	require.Len(t, r.entries(), len(before)-1)
	o := r.options(r.lake)
	i := r.run(o)
	r.drained()
	require.NoError(t, i.end())
	require.InDelta(t, 1, metric(t, o, "sales_bronze_adopted_total"), 0)
	require.True(t, maps.Equal(before, r.entries()))
}

func (r *rig) topicID(topic string) string {
	id, err := stream.TopicID(r.ctx, r.kafka, topic)
	require.NoError(r.t, err)
	return id
}

// A topic that has the ledgers of other sources does not count as whole: the file's own
// must be in it.
func TestAFileWhoseLedgersAreLostIsNotIngestedAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	csv, _, _ := fileOf(100)
	ingest := func(content string) error {
		_, err := Ingest(r.ctx, r.options(r.lake), IngestOptions{File: files.File{Name: r.write("in.csv", content)}})
		return err
	}
	contents := []string{csv, csv + strings.SplitAfter(csv, "\n")[1]}
	for _, content := range contents {
		require.NoError(t, ingest(content))
	}
	topic := resync.Topic{Kafka: r.kafka, Name: sales.TopicBronze, Group: Group, Place: partitionOf}
	have, err := topic.Entries(r.ctx, nil)
	require.NoError(t, err)
	for lost := range contents {
		streamtest.DeleteTopic(t, r.addr, sales.TopicBronze)
		require.NoError(t, ensureTopics(r.ctx, r.options(r.lake)))
		var others []lake.Entry
		for key, e := range have {
			source := lake.Hash([]byte(contents[lost]))[:8]
			if !strings.Contains(key, source) {
				others = append(others, e)
			}
		}
		require.Less(t, len(others), len(have))
		require.NoError(t, topic.Write(r.ctx, others))
		require.ErrorContains(t, ingest(contents[lost]), `"bronze-writer resync"`)
		require.NoError(t, ingest(contents[1-lost]))
	}
}
