package local

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/sales"
)

// Of each code there are as many samples as there are rejects, but no more than a few, and
// of a long record its beginning.
func TestSamplesOfRejects(t *testing.T) {
	long := `{"order_id": "` + strings.Repeat("x", 2000)
	updates := filepath.Join(t.TempDir(), "updates.ndjson")
	require.NoError(t, os.WriteFile(updates, []byte("[1]\n"), 0o600))
	events := filepath.Join(t.TempDir(), "events.ndjson")
	require.NoError(t, os.WriteFile(events, []byte(strings.Repeat(long+"\n", 5)+"[1]\n[2]\n"), 0o600))
	o := options(t, events)
	o.Updates, o.Through = []string{updates}, Stages[1]
	report := run(t, o)

	found := map[kind][]string{}
	for _, s := range report.Samples {
		of := kind{s.Dataset, s.Stage, s.Code}
		found[of] = append(found[of], string(s.Raw))
		require.NotEmpty(t, s.Message)
		if s.Code == sales.InvalidJSON {
			require.Equal(t, int64(len(long)), s.Bytes)
		}
	}
	require.Equal(t, map[kind][]string{
		{sales.TopicEvents, "bronze", sales.InvalidJSON}:    {long[:sampleBytes], long[:sampleBytes], long[:sampleBytes]},
		{sales.TopicEvents, "bronze", sales.NotAnObject}:    {"[1]", "[2]"},
		{sales.TopicCustomers, "bronze", sales.NotAnObject}: {"[1]"},
	}, found)
	for _, h := range report.Ledger.Hops {
		require.Contains(t, []string{sales.TopicEvents, sales.TopicCustomers}, h.Dataset, h.Stage)
	}
	var text bytes.Buffer
	require.NoError(t, report.Print(&text))
	require.NotContains(t, text.String(), "xxxx", "a terminal shows no records")
}
