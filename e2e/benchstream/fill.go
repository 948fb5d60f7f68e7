package main

import (
	"context"
	"fmt"

	"go.uber.org/zap"

	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/services/producer/generate"
	"github.com/saleslake/saleslake/services/producer/produce"
)

// truth is what bronze must hold, by the generator's word.
type truth struct {
	Events  int64 `json:"events"`
	Bytes   int64 `json:"bytes"` // of the values
	Rows    int64 `json:"rows"`
	Cents   int64 `json:"cents"`
	Rejects int64 `json:"rejects"`
}

func (t truth) eventBytes() int64 { return t.Bytes / max(t.Events, 1) }

// source is the generator as the producer's source, adding its truth up.
type source struct {
	stream *generate.Stream
	item   generate.Item
	truth  truth
}

// Next implements produce.Source.
func (s *source) Next() (produce.Event, bool, error) {
	if !s.stream.Next(&s.item) {
		return produce.Event{}, false, nil
	}
	s.truth.Events++
	s.truth.Bytes += int64(len(s.item.Value))
	if s.item.Truth.Stage == generate.Bronze {
		s.truth.Rejects++
	} else {
		s.truth.Rows++
		s.truth.Cents += s.item.Truth.Event.Revenue
	}
	return produce.Event{Topic: sales.TopicEvents, Key: s.item.Key, Value: s.item.Value, Wrong: s.item.WrongPartition}, true, nil
}

// fill makes the topic and publishes the events of the benchmarks' mix.
func fill(ctx context.Context, kafka stream.Config, o options) (truth, error) {
	g, err := generate.New(generate.Bench(o.seed, o.events, generate.Message))
	if err != nil {
		return truth{}, err
	}
	s := &source{stream: g}
	sent, err := produce.Run(ctx, produce.Options{Kafka: kafka, Log: zap.NewNop(), Partitions: partitions, Replication: 1}, s)
	if err == nil && sent != int64(o.events) {
		err = fmt.Errorf("%d of %d events were sent", sent, o.events)
	}
	if err != nil {
		return truth{}, fmt.Errorf("fill the topic: %w", err)
	}
	return s.truth, nil
}
