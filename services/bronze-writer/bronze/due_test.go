package bronze

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What was begun at any time of the 5 s is closed at their end, in every partition.
func TestFilesAreClosedByTheClock(t *testing.T) {
	started := time.Date(2026, 1, 31, 12, 0, 5, 0, time.UTC)
	for _, since := range []time.Duration{0, time.Microsecond, 3 * time.Second, 5*time.Second - 1} {
		task := &task{stage: &stage{Options: Options{Bronze: usual}}, pending: &batch{records: 1, since: started.Add(since)}}
		require.Equal(t, started.Add(5*time.Second), task.Due(started.Add(since), false), since)
	}
	empty := &task{stage: &stage{Options: Options{Bronze: usual}}, pending: &batch{}}
	require.Zero(t, empty.Due(started, true))
}
