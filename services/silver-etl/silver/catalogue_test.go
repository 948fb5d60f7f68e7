package silver

import (
	"testing"

	"github.com/saleslake/saleslake/pkg/metrictest"
)

func TestCatalogue(t *testing.T) {
	reg := metrictest.NewRegistry()
	newMetrics(reg, salesEvents.name)
	reg.Require(t, "../../../docs/metrics.md", "silver-etl")
}
