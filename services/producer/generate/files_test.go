package generate

import (
	"crypto/sha256"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the sample files anew")

// The committed sample files, which `make data` writes with this seed.
const (
	sampleDir  = "../../../data"
	sampleSeed = 42
)

func TestSampleFilesAreWhatTheGeneratorWrites(t *testing.T) {
	dir := t.TempDir()
	if *update {
		dir = sampleDir
	}
	_, err := WriteFiles(dir, FileOptions{Seed: sampleSeed})
	require.NoError(t, err)
	for _, name := range []string{EventsCSV, EventsNDJSON, UpdatesJSON, CustomersCSV, ProductsCSV, ExpectedJSON, ReadmeFile} {
		// Sums, because a difference of megabytes is no message.
		want, got := sha256.Sum256([]byte(read(t, dir, name))), sha256.Sum256([]byte(read(t, sampleDir, name)))
		require.Equal(t, want, got, "%s is stale: run make data", name)
	}
}

func read(t *testing.T, dir, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	require.NoError(t, err)
	return string(b)
}

func TestExpectedAnswerIsConsistent(t *testing.T) {
	var want Expected
	require.NoError(t, json.Unmarshal([]byte(read(t, sampleDir, ExpectedJSON)), &want))
	var rows, bronze, rescued int64
	for name, run := range want.Files {
		requireBalanced(t, run)
		rows, bronze, rescued = rows+run.Rows, bronze+run.BronzeRows, rescued+run.RescuedRows
		var rejected int64
		for _, n := range run.Rejected {
			rejected += n
		}
		require.Less(t, rejected*100, run.Rows*5, "%s would close the gate", name)
	}
	requireBalanced(t, want.Total)
	require.Equal(t, rows, want.Total.Rows)
	require.Equal(t, bronze, want.Total.BronzeRows)
	require.Equal(t, rescued, want.Total.RescuedRows)
	require.NotZero(t, want.Total.UnlistedCustomers)
	require.NotZero(t, want.Total.UnlistedProducts)
	first, last := want.Total.Cells[0].Date, want.Total.Cells[len(want.Total.Cells)-1].Date
	require.Less(t, first, "2026-01-02")
	require.Greater(t, last, "2026-05-01")
}

func TestFilesShareOrders(t *testing.T) {
	var want Expected
	require.NoError(t, json.Unmarshal([]byte(read(t, sampleDir, ExpectedJSON)), &want))
	alone := want.Files[EventsCSV].Silver.Rows + want.Files[EventsNDJSON].Silver.Rows
	require.Greater(t, alone, want.Total.Silver.Rows+300)
}

func TestAFolderThatIsNotThereIsNamed(t *testing.T) {
	_, err := WriteFiles(filepath.Join(t.TempDir(), "nowhere"), FileOptions{Seed: 1, Rows: 10, Events: 10})
	require.ErrorContains(t, err, "nowhere")
}
