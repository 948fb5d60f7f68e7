package quarantine

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"time"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/services/bronze-writer/decode"
)

// transactionalID is the same for every replay of a cluster: a later one fences
// an earlier one.
const transactionalID = "quarantine-replay"

// The bounds of a transaction.
const (
	batchRecords = 2000 // events and their lake.Replay
	batchBytes   = 8 << 20
)

// ReplayOptions says what to replay and how.
type ReplayOptions struct {
	Filter
	Patch       Patch
	Limit       int64         // rejects looked at, 0 = all
	MaxAttempts int           // of one reject
	Unchanged   bool          // send those of silver, too, that the patch leaves as they are
	Plan        func(Planned) // if set, nothing is sent; called with what would be
	Sent        func(n int64) // told now and then how many were sent; may be nil
}

// Planned is what a replay would do with a reject.
type Planned struct {
	Reject *Reject // valid during the call
	Event  []byte  // as it would be sent; nil when its fields are unknown
	Why    Decision
	Fault  *sales.Reject // of the event, when it is StillRejected
}

// Decision is what a replay does with a reject.
type Decision string

// The decisions; only Send sends anything.
const (
	Send          Decision = "sent"
	NoFields      Decision = "fields unknown"        // not JSON, or a row that does not fit its header: repair it in a file, and ingest that
	StillRejected Decision = "still rejected"        // by bronze, as patched
	OnTheWay      Decision = "on the way"            // the last attempt has not been through silver yet
	Done          Decision = "accepted already"      // by silver
	Unchanged     Decision = "unchanged"             // and of silver, which would say the same of the same event
	SentBefore    Decision = "sent before like this" // with the same bytes, and rejected
	TooOften      Decision = "attempts used up"
)

// Decisions lists them in the order of a report.
var Decisions = []Decision{Send, StillRejected, NoFields, OnTheWay, Done, Unchanged, SentBefore, TooOften}

// Result counts the rejects that a replay has looked at.
type Result struct {
	Rejects int64                `json:"rejects"`
	By      map[Decision]int64   `json:"by_decision"`
	Faults  map[sales.Code]int64 `json:"still_rejected,omitempty"`
}

var errEnough = errors.New("enough")

func unlessEnough(err error) error {
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// Replay sends rejects again, patched. An error may come after some were sent;
// doing it again goes on from there.
func Replay(ctx context.Context, o Options, ro ReplayOptions) (*Result, error) {
	q, err := prepare(ctx, o)
	if err != nil {
		return nil, err
	}
	r := &replay{Quarantine: q, ReplayOptions: ro, json: decode.NewJSON(q.set.events, decode.Options{MaxBytes: o.MaxEventBytes}),
		result: &Result{By: map[Decision]int64{}, Faults: map[sales.Code]int64{}}}
	if ro.Plan == nil { // before the state is read: what others have in flight is settled then
		if r.transactor, err = stream.NewTransactor(ctx, o.Kafka, transactionalID); err != nil {
			return nil, err
		}
		defer r.transactor.Close()
		if err := q.markControl(ctx); err != nil {
			return nil, err
		}
	}
	if err := q.readReplays(ctx); err != nil {
		return nil, err
	}
	if err := q.settle(ctx); err != nil {
		return nil, err
	}
	if err := unlessEnough(q.scan(ctx, ro.Filter, whole, func(reject *Reject) error { return r.take(ctx, reject) })); err != nil {
		return r.result, err
	}
	return r.result, r.flush(ctx)
}

// replay is one run.
type replay struct {
	*Quarantine
	ReplayOptions
	json       *decode.JSON
	transactor *stream.Transactor
	batch      []stream.Record
	bytes      int
	result     *Result
}

// take decides on one reject, and sends it if that is the decision.
func (r *replay) take(ctx context.Context, reject *Reject) error {
	if r.replays.isResult(reject) {
		return nil
	}
	if r.Limit > 0 && r.result.Rejects == r.Limit {
		return errEnough
	}
	p := r.decide(reject)
	r.result.Rejects++
	if p.Fault != nil {
		r.result.Faults[p.Fault.Code]++
	}
	if r.Plan != nil {
		r.result.By[p.Why]++
		r.Plan(p)
		return nil
	}
	if p.Why != Send {
		r.result.By[p.Why]++
		return nil
	}
	r.add(&p)
	if len(r.batch) >= batchRecords || r.bytes >= batchBytes {
		return r.flush(ctx)
	}
	return nil
}

// decide judges a reject as patched. The decoder holds the event's key then.
func (r *replay) decide(reject *Reject) Planned {
	p := Planned{Reject: reject, Why: Send}
	h := r.replays.of(reject)
	switch {
	case h.where() == Accepted:
		p.Why = Done
		return p
	case h.where() == Sent:
		p.Why = OnTheWay
		return p
	}
	event, ok := r.patched(reject, r.Patch)
	if !ok {
		p.Why = NoFields
		return p
	}
	p.Event = event
	p.Fault = r.json.Decode(event)
	switch {
	case p.Fault != nil:
		p.Why = StillRejected
	case h != nil && slices.Contains(h.sent, digest(sha(event))):
		p.Why = SentBefore
	case reject.Stage == Silver && !r.Unchanged && bytes.Equal(event, reject.Raw):
		p.Why = Unchanged
	case h != nil && int(h.attempts) >= r.MaxAttempts:
		p.Why = TooOften
	}
	return p
}

// patched gives the event that a reject becomes; ok is false when its fields are
// unknown. A CSV row without a time of its own gets it as ingest gives it: from the
// field that it is taken from, as that is after the patch.
func (q *Quarantine) patched(r *Reject, p Patch) (event []byte, ok bool) {
	if len(r.Event) == 0 {
		return p.Apply(r.Raw)
	}
	if event, ok = p.Apply(r.Event); !ok {
		return nil, false
	}
	set, o := q.set.events, members(event)
	placed := o.value(event, set.Name(set.Placed))
	for i, f := range set.Fields {
		if f.InFile == decode.FromPlaced && placed != nil && o.value(event, set.Name(i)) == nil {
			event = (&Step{field: set.Name(i), value: placed}).set(event)
		}
	}
	return event, true
}

func sha(event []byte) string {
	sum := sha256.Sum256(event)
	return hex.EncodeToString(sum[:])
}

// add puts the event and the record of the attempt into the batch.
func (r *replay) add(p *Planned) {
	key := bytes.Clone(r.json.Key())
	a := &lake.Replay{Format: lake.Format, Stage: p.Reject.Stage, RejectID: p.Reject.RejectID, Attempt: 1,
		Patch: r.Patch.Declared(), Topic: r.Topic, To: stream.PartitionFor(key, r.Partitions), SHA256: sha(p.Event), Time: time.Now().UnixMicro()}
	if h := r.replays.of(p.Reject); h != nil {
		a.Attempt += int(h.attempts)
	}
	// The event is a copy of the original, unless there is no patch.
	r.batch = append(r.batch,
		stream.Record{Topic: r.Topic, Partition: a.To, Key: key, Value: bytes.Clone(p.Event),
			Headers: []stream.Header{{Key: lake.HeaderReplayOf, Value: []byte(lake.ReplayOf(a.RejectID, a.Attempt))}}},
		stream.Record{Topic: sales.TopicControl, Partition: 0, Key: []byte(a.Key()), Value: a.Encode()})
	r.bytes += len(p.Event)
	r.replays.add(a.Source, a)
}

// flush sends the batch in one transaction.
func (r *replay) flush(ctx context.Context) error {
	if len(r.batch) == 0 {
		return nil
	}
	if err := r.transactor.Publish(ctx, r.batch); err != nil {
		return err
	}
	r.result.By[Send] += int64(len(r.batch) / 2)
	r.batch, r.bytes = r.batch[:0], 0
	if r.Sent != nil {
		r.Sent(r.result.By[Send])
	}
	return nil
}
