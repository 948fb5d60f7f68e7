package bronze

import (
	"context"
	"errors"
	"fmt"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

// past is what lake.bronze has of one source partition.
type past struct {
	ledger lake.Ledger
	known  bool // there is a ledger
	last   *lake.Manifest
}

// remedy is the command that writes lake.bronze back.
const remedy = "bronze-writer resync"

// readPast reads the partition of lake.bronze that belongs to a source
// partition. The committed offset was asked for before, so nothing is missed.
// A topic that has less than the lake has copies of is an error.
func (s *stage) readPast(ctx context.Context, p stream.Partition) (*past, error) {
	copied, err := s.copiedLedger(ctx, p)
	if err != nil {
		return nil, err
	}
	out := &past{}
	err = stream.ReadToEnd(ctx, s.Kafka, sales.TopicBronze, []int32{p.ID}, func(r stream.Record) error {
		return out.add(r, p.Topic)
	})
	if err != nil {
		return nil, fmt.Errorf("read the past of %s: %w", p, err)
	}
	have := map[string]int64{}
	if out.known {
		have[out.ledger.Key()] = out.ledger.Age()
	}
	return out, lake.CheckWhole(sales.TopicBronze, have, copied, remedy)
}

// copiedLedger gives the lake's copy of the partition's ledger, if there is one.
func (s *stage) copiedLedger(ctx context.Context, p stream.Partition) ([]lake.Entry, error) {
	key := (&lake.Ledger{Stage: stageName, Source: p.Topic, Partition: p.ID}).MirrorKey()
	copied, err := lake.GetCopies(ctx, s.Bucket, []string{key})
	if errors.Is(err, blob.ErrNotFound) {
		return nil, nil
	}
	return copied, err
}

func (h *past) add(r stream.Record, source string) error {
	if len(r.Value) == 0 {
		return nil
	}
	if lake.IsLedger(r.Key) {
		l, err := lake.DecodeLedger(r.Value)
		if err == nil && l.Source == source {
			h.ledger, h.known = *l, true
		}
		return err
	}
	m, err := lake.DecodeManifest(r.Value)
	if err != nil || m.Source == nil || m.Source.Name != source {
		return err
	}
	if l := h.last; l != nil && l.Source.TopicID == m.Source.TopicID && m.Source.First < l.Source.Next {
		return fmt.Errorf("%s begins at offset %d, but %s goes up to %d: two files of one range, which must not be", m.Key(), m.Source.First, l.Key(), l.Source.Next)
	}
	h.last = m
	return nil
}

// agrees tells whether the group's offset is that of the ledger: both are
// committed in one transaction. Only heartbeats move the offset on alone. A topic
// that was made anew starts anew.
func (s *stage) agrees(ctx context.Context, h *past, p stream.Partition, next int64, topicID string) error {
	through := h.ledger.Through
	if !h.known || h.last != nil && h.last.Source.TopicID != topicID || through == next {
		return nil
	}
	if through < next {
		records, err := stream.Between(ctx, s.Kafka, p, through, next)
		if err != nil || records == 0 {
			return err
		}
	}
	return fmt.Errorf("group %s is at offset %d of %s, its ledger in %s at %d: set the group's offset to %d again",
		Group, next, p, sales.TopicBronze, through, through)
}
