package quarantine

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

// State is where a reject stands.
type State string

// The states.
const (
	Open     State = "open"           // never replayed
	Sent     State = "replayed"       // its last attempt has not been through bronze and silver yet
	Accepted State = "accepted"       // by bronze, and silver has passed it
	Again    State = "rejected again" // its last attempt is a reject, too
)

// history is what lake.control knows of one reject, kept small: there may be a
// million.
type history struct {
	sent     []uint64 // of each attempt: the start of the SHA-256 of what was sent
	attempts int32
	state    int8 // position in states, of the last attempt
}

var states = [...]State{Sent, Accepted, Again}

const (
	isSent = iota
	isAccepted
	isAgain
)

// replays are the attempts so far, by reject.
type replays struct {
	known map[lake.RejectID]*history
	first int64 // µs UTC: of the earliest attempt
}

// readReplays reads lake.control; records of other kinds are others'.
func (q *Quarantine) readReplays(ctx context.Context) error {
	q.replays = replays{known: map[lake.RejectID]*history{}}
	err := stream.ReadToEnd(ctx, q.Kafka, sales.TopicControl, nil, func(r stream.Record) error {
		if !lake.IsReplay(r.Key) || len(r.Value) == 0 {
			return nil
		}
		a, err := lake.DecodeReplay(r.Value)
		if err == nil && a.Topic == q.Topic {
			q.replays.add(q.name(a.Source), a)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("read the replays so far: %w", err)
	}
	return nil
}

// add takes an attempt; source is one copy of its name for all.
func (rs *replays) add(source string, a *lake.Replay) {
	id := a.RejectID
	id.Source = source
	h := rs.known[id]
	if h == nil {
		h = &history{}
		rs.known[id] = h
	}
	h.attempts, h.state, h.sent = int32(a.Attempt), isSent, append(h.sent, digest(a.SHA256))
	if rs.first == 0 || a.Time < rs.first {
		rs.first = a.Time
	}
}

func digest(sha256 string) uint64 {
	b, err := hex.DecodeString(sha256)
	if err != nil || len(b) < 8 {
		return 0
	}
	return binary.BigEndian.Uint64(b)
}

// of gives a reject's history, nil when it was never replayed.
func (rs *replays) of(r *Reject) *history { return rs.known[r.RejectID] }

func (h *history) where() State {
	if h == nil {
		return Open
	}
	return states[h.state]
}

// isResult tells whether a reject is an attempt of another one, and so no
// reject of its own. A header that no attempt of ours bears out counts for
// nothing.
func (rs *replays) isResult(r *Reject) bool {
	if r.ReplayOf == "" {
		return false
	}
	id, attempt, ok := lake.ParseReplayOf(r.ReplayOf)
	h := rs.known[id]
	return ok && h != nil && attempt <= int(h.attempts)
}
