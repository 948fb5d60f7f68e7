package gold

import (
	"testing"

	"github.com/saleslake/saleslake/pkg/metrictest"
)

func TestCatalogue(t *testing.T) {
	reg := metrictest.NewRegistry()
	newMetrics(reg)
	reg.Require(t, "../../../docs/metrics.md", "gold-aggregator")
}
