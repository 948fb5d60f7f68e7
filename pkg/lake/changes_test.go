package lake

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSinceGivesTheChangesOfLaterVersions(t *testing.T) {
	m := &Manifest{Version: 9, Base: 3, Changes: []Change{{Version: 5}, {Version: 9}}}
	for version, want := range map[int64][]Change{3: m.Changes, 4: m.Changes, 5: m.Changes[1:], 8: m.Changes[1:], 9: nil, 12: nil} {
		got, ok := m.Since(version)
		require.True(t, ok, version)
		require.Equal(t, want, got, version)
	}
	for _, version := range []int64{0, 2} {
		_, ok := m.Since(version)
		require.False(t, ok, version)
	}
	_, ok := (&Manifest{Version: 9}).Since(8)
	require.False(t, ok, "nothing is known of what changed")
}

func TestNamedAreTheObjectsOfFilesAndChanges(t *testing.T) {
	m := &Manifest{Files: []File{{Key: "a"}, {Key: "b"}},
		Changes: []Change{{Added: []File{{Key: "b"}}}, {Added: []File{{Key: "c"}}, Changed: []File{{Key: "d"}}}}}
	require.Equal(t, map[string]bool{"a": true, "b": true, "c": true, "d": true}, m.Named())
}
