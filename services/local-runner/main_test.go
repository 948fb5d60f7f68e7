package main

import (
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/saleslake/saleslake/pkg/daemon"
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
