package stream

import (
	"testing"

	"github.com/stretchr/testify/require"
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
