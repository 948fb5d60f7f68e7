package blob

import (
	"testing"

	"github.com/saleslake/saleslake/pkg/metrictest"
)

func TestCatalogue(t *testing.T) {
	reg := metrictest.NewRegistry()
	NewMetrics(reg)
	reg.Require(t, "../../docs/metrics.md", "The bucket")
}
