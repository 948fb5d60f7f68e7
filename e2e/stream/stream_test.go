// Package stream_test runs the suite of pkg/stream against a real broker.
package stream_test

import (
	"testing"
	"time"

	"github.com/saleslake/saleslake/e2e/real"
	"github.com/saleslake/saleslake/pkg/stream/streamtest"
)

func TestMain(m *testing.M) { streamtest.Main(m) }

func TestSuite(t *testing.T) {
	streamtest.RunSuite(t, real.Kafka(t).Bootstrap, streamtest.SessionTimeout(2*time.Second))
}
