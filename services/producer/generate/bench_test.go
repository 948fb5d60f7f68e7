package generate

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBenchFileHasItsAnswerBesideIt(t *testing.T) {
	dir := t.TempDir()
	_, err := WriteBench(dir, 7, 2_000)
	require.NoError(t, err)

	var want Expected
	require.NoError(t, json.Unmarshal([]byte(read(t, dir, ExpectedJSON)), &want))
	require.EqualValues(t, 2_000, want.Total.Rows)
	requireBalanced(t, want.Total)
	require.NotZero(t, want.Total.Rejected)
	require.NotZero(t, want.Total.Deduplicated.Rows)

	_, err = WriteBench(dir, 7, 0)
	require.ErrorContains(t, err, "must be positive")
}
