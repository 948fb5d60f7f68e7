// Package pipeline proves the pipeline on real parts: an Apache Kafka broker,
// an S3 server, PostgreSQL and the six programs, under kill -9.
package pipeline

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/services/producer/generate"
)

const events = 200_000

// TestEveryEventAndCentSurvives sends events with known truth through the six
// programs: first in peace, then while each of them is killed at every step
// of its commit, frozen and robbed of its partitions. At last the dashboards are
// asked what they show of events that happen now.
func TestEveryEventAndCentSurvives(t *testing.T) {
	s, tr := newStack(t), newTruth()
	s.startAll()
	s.produce(1)
	tr.sent(t, generate.Load(1, events))
	s.drained(5 * time.Minute)
	s.compare("in peace", tr)

	s.killProducer(tr)
	s.makeTrouble(tr, 3)
	s.drained(5 * time.Minute)
	s.compare("after kill -9 at every step of every service", tr)

	s.repair()
	s.compare("after all days were judged again", tr)

	s.watch()
}

// produce runs the producer to its end, as fast as it can.
func (s *stack) produce(seed int) {
	s.job("producer", producerEnv(seed, 0, events), "run")
}

func producerEnv(seed, rate, events int) []string {
	return []string{fmt.Sprintf("SALES_PRODUCER_SEED=%d", seed), fmt.Sprintf("SALES_PRODUCER_RATE=%d", rate),
		fmt.Sprintf("SALES_PRODUCER_EVENTS=%d", events)}
}

// killProducer kills a producer on its way and runs it again: the events that
// had arrived come twice.
func (s *stack) killProducer(tr *truth) {
	before := s.arrived(nil)
	p := s.start("producer", "producer-0", producerEnv(2, 40_000, events)...)
	s.until(time.Minute, "the producer is on its way", func() error {
		if n := s.arrived(before).sum(); n < events/10 {
			return fmt.Errorf("%d records have arrived", n)
		}
		return nil
	})
	p.Kill()
	tr.sentUpTo(s.t, generate.Load(2, events), s.arrived(before))
	s.produce(2)
	tr.sent(s.t, generate.Load(2, events))
}

// arrived counts the records of each partition since before.
func (s *stack) arrived(before places) places {
	since := places{}
	for _, topic := range services[0].topics {
		ends, err := stream.EndOffsets(context.Background(), s.kafka, topic)
		require.NoError(s.t, err)
		for id, end := range ends {
			p := stream.Partition{Topic: topic, ID: id}
			since[p] = end - before[p]
		}
	}
	return since
}

// currentFiles gives the files on disk that the newest manifests name, by table.
func (s *stack) currentFiles() (manifests map[string]*lake.Manifest, files map[string][]string, err error) {
	manifests, files = map[string]*lake.Manifest{}, map[string][]string{}
	for _, topic := range []string{sales.TopicSilver, sales.TopicGold} {
		err = stream.ReadToEnd(context.Background(), s.kafka, topic, nil, func(r stream.Record) (err error) {
			if !lake.IsLedger(r.Key) {
				manifests[string(r.Key)], err = lake.DecodeManifest(r.Value)
			}
			return err
		})
		if err != nil {
			return nil, nil, err
		}
	}
	for _, m := range manifests {
		for _, f := range m.Files {
			files[m.Table] = append(files[m.Table], filepath.Join(s.store.Root, s.store.Bucket, f.Key))
		}
	}
	return manifests, files, nil
}
