// Package stream_test runs the suite of pkg/stream against a real broker.
package stream_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/e2e/real"
	"github.com/saleslake/saleslake/pkg/stream/streamtest"
)

func TestMain(m *testing.M) { streamtest.Main(m) }

func TestSuite(t *testing.T) {
	streamtest.RunSuite(t, real.Kafka(t).Bootstrap, streamtest.SessionTimeout(2*time.Second))
}

// The broker is killed, and comes back in its own time.
func TestOutage(t *testing.T) {
	b := real.Kafka(t)
	back := func() { require.NoError(t, b.Start(t.Context())) }
	streamtest.RunOutage(t, b.Bootstrap, b.Kill, back)
}
