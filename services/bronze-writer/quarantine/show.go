package quarantine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

// Attempt is a replay and what became of it.
type Attempt struct {
	lake.Replay
	Outcome
}

// ErrUnknown says that there is no such reject.
var ErrUnknown = errors.New("no such reject")

// Show gives a reject, and its attempts in their order. The id is
// "<stage>/<source>/<partition>/<offset>". It needs no Read before: only what
// concerns this reject is read.
func Show(ctx context.Context, o Options, id string) (*Reject, []Attempt, error) {
	stage, name, _ := strings.Cut(id, "/")
	record, err := lake.ParseRecordID(name)
	if err != nil || stage != Bronze && stage != Silver {
		return nil, nil, fmt.Errorf("%w: %q: want <stage>/<source>/<partition>/<offset>, such as bronze/sales_events/3/41", ErrUnknown, id)
	}
	q, err := prepare(ctx, o)
	if err != nil {
		return nil, nil, err
	}
	r, err := q.find(ctx, stage, record)
	if err != nil {
		return nil, nil, err
	}
	if len(r.Event) > 0 {
		r.Event, _ = q.patched(r, nil)
	}
	attempts, err := q.attempts(ctx, r)
	return r, attempts, err
}

// find looks through the files of the record's partition.
func (q *Quarantine) find(ctx context.Context, stage string, id lake.RecordID) (found *Reject, err error) {
	for _, prefix := range q.prefixes(stage) {
		err := q.files(ctx, prefix, func(o blob.Object) error {
			if partitionOf(o.Key) != id.Partition {
				return nil
			}
			return q.file(ctx, stage, o.Key, whole, func(r *Reject) error {
				if r.RecordID == id && (found == nil || r.Arrived > found.Arrived) { // of a topic that was made anew the latest counts
					found = r
					found.Raw, found.Key, found.Event = bytes.Clone(r.Raw), bytes.Clone(r.Key), bytes.Clone(r.Event)
				}
				return nil
			})
		})
		if err != nil {
			return nil, err
		}
	}
	if found == nil {
		return nil, fmt.Errorf("%w: %s/%s is not under %s", ErrUnknown, stage, id, q.set.folder)
	}
	return found, nil
}

func (q *Quarantine) attempts(ctx context.Context, r *Reject) ([]Attempt, error) {
	var out []Attempt
	w := window{partitions: []int32{}}
	err := stream.ReadToEnd(ctx, q.Kafka, sales.TopicControl, nil, func(record stream.Record) error {
		if !lake.IsReplay(record.Key) || len(record.Value) == 0 {
			return nil
		}
		a, err := lake.DecodeReplay(record.Value)
		if err != nil || a.Stage != r.Stage || a.RejectID != r.RejectID {
			return err
		}
		if len(out) == 0 {
			w.since = a.Time
		}
		if !slices.Contains(w.partitions, a.To) {
			w.partitions = append(w.partitions, a.To)
		}
		out = append(out, Attempt{*a, Outcome{State: Sent}})
		return nil
	})
	if err != nil || len(out) == 0 {
		return nil, err
	}
	return out, q.outcomes(ctx, w, func(id lake.RejectID, attempt int, o *Outcome) {
		for i := range out {
			if id == r.RejectID && out[i].Attempt == attempt {
				out[i].Outcome = *o
			}
		}
	})
}
