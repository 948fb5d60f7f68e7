package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/saleslake/saleslake/pkg/config"
	"github.com/saleslake/saleslake/pkg/daemon"
	"github.com/saleslake/saleslake/services/local-runner/local"
)

// A name that a shell variable did not fill must not become the sample files, and a
// comma is a letter like others.
func TestPathsAreTakenAsGiven(t *testing.T) {
	for text, want := range map[string]string{"a,b.csv": "", "": "want a path"} {
		var r run
		parser, err := kong.New(&r)
		require.NoError(t, err)
		_, err = parser.Parse([]string{"--input", text})
		require.NoError(t, err)
		require.Equal(t, []string{text}, r.Input)
		_, err = r.options(&daemon.Daemon{Log: zap.NewNop()})
		if want == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, want)
	}
}

// A run leaves its page beside the lake and says where; for machines there is the report and
// nothing else.
func TestRunLeavesAPage(t *testing.T) {
	folder := t.TempDir()
	input := filepath.Join(folder, "updates.ndjson")
	require.NoError(t, os.WriteFile(input, []byte("[1]\n"), 0o600))
	for _, asJSON := range []bool{false, true} {
		r := run{CustomerUpdates: []string{input}, Lake: filepath.Join(folder, "lake"), JSON: asJSON, Through: "silver-etl"}
		path := filepath.Join(r.Lake, "report.html")
		printed := output(t, func() {
			require.NoError(t, r.Run(t.Context(), &daemon.Daemon{Settings: config.Default(), Log: zap.NewNop(), Registry: prometheus.NewRegistry()}))
		})
		require.FileExists(t, path)
		require.NoError(t, os.Remove(path))
		if asJSON {
			require.NoError(t, json.Unmarshal(printed, &local.Report{}), string(printed))
		} else {
			require.Contains(t, string(printed), "\nThe same as a page: "+path+"\n")
		}
	}
}

// output gives what is written to standard output meanwhile.
func output(t *testing.T, during func()) []byte {
	file, err := os.Create(filepath.Join(t.TempDir(), "stdout"))
	require.NoError(t, err)
	before := os.Stdout
	os.Stdout = file
	defer func() { os.Stdout = before }()
	during()
	require.NoError(t, file.Close())
	printed, err := os.ReadFile(file.Name())
	require.NoError(t, err)
	return printed
}
