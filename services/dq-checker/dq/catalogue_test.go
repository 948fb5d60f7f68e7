package dq

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/metrictest"
)

func TestCatalogue(t *testing.T) {
	reg := metrictest.NewRegistry()
	set, err := LoadRules("")
	require.NoError(t, err)
	newMetrics(reg, set)
	reg.MustRegister(newStanding(NewKeeper()))
	reg.Require(t, "../../../docs/metrics.md", "dq-checker")
}
