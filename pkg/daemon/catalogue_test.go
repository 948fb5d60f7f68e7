package daemon

import (
	"testing"

	"github.com/saleslake/saleslake/pkg/metrictest"
)

func TestCatalogue(t *testing.T) {
	reg := metrictest.NewRegistry()
	reg.MustRegister(newBuildInfo("tester"))
	reg.Require(t, "../../docs/metrics.md", "Every service")
}
