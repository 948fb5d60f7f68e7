package stream

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
)

func TestOnlyAHeartbeatIsPassedOver(t *testing.T) {
	sent := heartbeat{Time: 7}.record("in", 3)
	sent.Offset = 40
	got, ok := heartbeatOf(&sent)
	require.True(t, ok)
	require.Equal(t, heartbeat{offset: 40, Time: 7}, got)
	for name, change := range map[string]func(*Record){
		"an event's key":    func(r *Record) { r.Key = []byte("order-1") },
		"another partition": func(r *Record) { r.Partition = 2 },
		"an event's value":  func(r *Record) { r.Value = []byte(`{"event_id":"1"}`) },
		"no JSON":           func(r *Record) { r.Value = []byte("7") },
		"no time":           func(r *Record) { r.Value = []byte(`{"time":0}`) },
		"no header":         func(r *Record) { r.Headers = nil },
		"another header":    func(r *Record) { r.Headers = []Header{{Key: "code"}} },
		"more headers":      func(r *Record) { r.Headers = append(r.Headers, Header{Key: "code"}) },
		"deleted":           func(r *Record) { r.Value = nil },
	} {
		r := heartbeat{Time: 7}.record("in", 3)
		change(&r)
		_, ok := heartbeatOf(&r)
		require.False(t, ok, name)
	}
}

// behind commits the offset of what it holds.
type behind struct {
	Task
	next int64
}

func (b behind) Flush(context.Context) (Commit, error) { return Commit{Next: b.next}, nil }
func (b behind) Committed()                            {}

// A task that keeps records knows nothing of the heartbeats that were passed on behind those before them: the offset
// must not go back, or a restart would send them again.
func TestTheOffsetDoesNotGoBackBehindHeartbeats(t *testing.T) {
	for held, want := range map[int64]int64{10: 15, 17: 17, NoOffset: NoOffset} {
		s := &session{rc: RunConfig{}.withDefaults(), complaints: complaints{log: zap.NewNop()}, reports: make(chan report, 1)}
		w := &worker{session: s, ctx: t.Context(), released: make(chan struct{}, 1), committedTo: 15}
		w.next.Store(20)
		w.released <- struct{}{}
		require.NoError(t, w.flush(behind{next: held}))
		require.Equal(t, want, (<-s.reports).commit.Next)
		require.Equal(t, max(want, 15), w.committedTo)
	}
}
