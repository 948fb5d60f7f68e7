package quarantine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

// Outcome is what became of an attempt.
type Outcome struct {
	State      State
	Record     string     // where it arrived: "sales_events/3/77", "" when it has not
	RejectedBy string     // the stage that rejected it again, or ""
	Code       sales.Code // why
	Field      string
	Message    string
}

// window is where outcomes are looked for.
type window struct {
	since      int64   // µs UTC: attempts of this time or later
	partitions []int32 // of the topic; nil for all
}

func (w *window) has(partition int32) bool {
	return w.partitions == nil || slices.Contains(w.partitions, partition)
}

// clockMargin is how far the clocks of two machines may differ.
const clockMargin = time.Hour

func (w *window) begin() int64 { return w.since - clockMargin.Microseconds() }

// settle finds out where every reject stands.
func (q *Quarantine) settle(ctx context.Context) error {
	if len(q.replays.known) == 0 {
		return nil
	}
	positions := map[State]int8{Sent: isSent, Accepted: isAccepted, Again: isAgain}
	return q.outcomes(ctx, window{since: q.replays.first}, func(id lake.RejectID, attempt int, o *Outcome) {
		if h := q.replays.known[id]; h != nil && attempt == int(h.attempts) {
			h.state = positions[o.State]
		}
	})
}

type found func(id lake.RejectID, attempt int, o *Outcome)

// outcomes calls fn for each replay that has arrived, again when a later stage
// has something to add. Bronze's manifests say which files have replays; only
// those are read. Of silver's rejects the files of the window are read.
func (q *Quarantine) outcomes(ctx context.Context, w window, fn found) error {
	taken, err := q.readTaken(ctx)
	if err != nil {
		return err
	}
	landed, err := q.readLanded(ctx, w)
	if err != nil {
		return err
	}
	for _, m := range landed {
		if err := q.bronzeOutcomes(ctx, m, taken[m.Source.Partition], fn); err != nil {
			return err
		}
	}
	return q.silverOutcomes(ctx, w, fn)
}

// readTaken reads how far silver has taken each partition of the topic.
func (q *Quarantine) readTaken(ctx context.Context) (map[int32]*lake.Ledger, error) {
	taken := map[int32]*lake.Ledger{}
	err := stream.ReadToEnd(ctx, q.Kafka, sales.TopicSilver, nil, func(r stream.Record) error {
		if !lake.IsLedger(r.Key) || len(r.Value) == 0 {
			return nil
		}
		l, err := lake.DecodeLedger(r.Value)
		if err == nil && l.Source == q.Topic {
			taken[l.Partition] = l
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read how far silver is: %w", err)
	}
	return taken, nil
}

// readLanded reads the manifests of the bronze files that have replays.
func (q *Quarantine) readLanded(ctx context.Context, w window) (out []*lake.Manifest, err error) {
	err = stream.ReadToEnd(ctx, q.Kafka, sales.TopicBronze, w.partitions, func(r stream.Record) error {
		if lake.IsLedger(r.Key) || len(r.Value) == 0 {
			return nil
		}
		m, err := lake.DecodeManifest(r.Value)
		if err == nil && m.Table == q.set.table && m.Source != nil && m.Source.Replayed > 0 && m.Created >= w.begin() {
			out = append(out, m)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read where replays have arrived: %w", err)
	}
	return out, nil
}

var links = sales.Bronze.Project("_offset", "_replay_of")

func (q *Quarantine) bronzeOutcomes(ctx context.Context, m *lake.Manifest, silver *lake.Ledger, fn found) error {
	for _, f := range m.Files {
		file, err := lake.Fetch(ctx, q.Bucket, f)
		if err != nil {
			return err
		}
		b := column.NewBatch(links, int(file.Rows()))
		if err := file.Read(b); err != nil {
			return err
		}
		for i, offset := range b.Column("_offset").I64 {
			id, attempt, ok := lake.ParseReplayOf(b.Column("_replay_of").String(i))
			if !ok {
				continue
			}
			o := Outcome{State: Sent, Record: lake.RecordID{Source: m.Source.Name, Partition: m.Source.Partition, Offset: offset}.String()}
			if silver != nil && silver.TopicID == m.Source.TopicID && offset < silver.Next {
				o.State = Accepted
			}
			fn(id, attempt, &o)
		}
	}
	if len(m.Source.Rejected) == 0 {
		return nil
	}
	err := q.file(ctx, Bronze, lake.QuarantineKey(q.set.folder, m.Slice), marks, again(fn))
	if errors.Is(err, blob.ErrNotFound) {
		return nil // a rule of the bucket has deleted it: what became of these replays is not known any more
	}
	return err
}

// again passes the rejects that are replays on.
func again(fn found) func(*Reject) error {
	return func(r *Reject) error {
		if id, attempt, ok := lake.ParseReplayOf(r.ReplayOf); ok {
			fn(id, attempt, &Outcome{State: Again, Record: r.RecordID.String(), RejectedBy: r.Stage, Code: r.Code, Field: r.Field, Message: r.Message})
		}
		return nil
	}
}

func (q *Quarantine) silverOutcomes(ctx context.Context, w window, fn found) error {
	for p, prefix := range q.prefixes(Silver) {
		if !w.has(int32(p)) {
			continue
		}
		err := q.files(ctx, prefix, func(o blob.Object) error {
			if o.Modified.UnixMicro() < w.begin() {
				return nil
			}
			return q.file(ctx, Silver, o.Key, marks, again(fn))
		})
		if err != nil {
			return err
		}
	}
	return nil
}
