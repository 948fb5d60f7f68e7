//go:build !faults

package fault

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReleaseHasNoHook(t *testing.T) {
	t.Setenv(Env, "uploaded:1")
	require.False(t, Enabled)
	require.Nil(t, Hook())
}
