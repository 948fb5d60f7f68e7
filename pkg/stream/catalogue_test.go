package stream

import (
	"testing"

	"github.com/saleslake/saleslake/pkg/metrictest"
)

func TestCatalogue(t *testing.T) {
	reg := metrictest.NewRegistry()
	NewMetrics(reg, "bronze")
	reg.Require(t, "../../docs/metrics.md", "Every stage")
	reg = metrictest.NewRegistry()
	NewClientMetrics(reg)
	reg.Require(t, "../../docs/metrics.md", "Kafka clients")
}
