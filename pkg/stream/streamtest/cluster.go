// Package streamtest starts brokers for tests, and holds the suite that stream must pass on every one of them.
package streamtest

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
)

// Cluster starts a broker in the process for the test and gives its address.
func Cluster(t testing.TB, opts ...kfake.Opt) string {
	t.Helper()
	c, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1)}, opts...)...)
	if err != nil {
		t.Fatalf("start a broker in the process: %v", err)
	}
	t.Cleanup(c.Close)
	return c.ListenAddrs()[0]
}
