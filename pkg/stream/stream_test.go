package stream_test

import (
	"testing"
	"time"

	"github.com/saleslake/saleslake/pkg/stream/streamtest"
)

func TestMain(m *testing.M) { streamtest.Main(m) }

func TestSuite(t *testing.T) {
	streamtest.RunSuite(t, streamtest.Cluster(t), streamtest.SessionTimeout(time.Second))
}
