package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/daemon"
	"github.com/saleslake/saleslake/services/dq-checker/report"
)

// runReport runs the command on an empty lake.
func runReport(t *testing.T, args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	code = daemon.Program{Name: "dq-checker", Description: "test", CLI: &cli{}, Stdout: &out, Stderr: &err,
		Args: append([]string{"report", "--lake-url", "file://" + t.TempDir()}, args...)}.Run(context.Background())
	return code, out.String(), err.String()
}

func TestReportFormats(t *testing.T) {
	code, out, _ := runReport(t)
	require.Zero(t, code)
	require.Contains(t, out, "Nothing was judged since")

	code, out, _ = runReport(t, "--format", "json", "--from", "2026-01-05", "--table", "gold/fact_sales")
	require.Zero(t, code)
	var r report.Report
	require.NoError(t, json.Unmarshal([]byte(out), &r))
	require.Equal(t, []string{"2026-01-05", "", "gold/fact_sales"}, []string{r.From, r.To, r.Table})

	file := filepath.Join(t.TempDir(), "dq.html")
	for range 2 { // the second takes the place of the first
		code, out, _ = runReport(t, "--format", "html", "--out", file, "--since", "2026-01-01")
		require.Zero(t, code)
		require.Empty(t, out)
		page, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Contains(t, string(page), "judged since 2026-01-01")
	}
}

func TestReportRefusesWrongUsage(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--date", "2026-1-5"}, "write YYYY-MM-DD"},
		{[]string{"--date", "2026-01-05", "--from", "2026-01-05"}, "can't be used together"},
		{[]string{"--from", "2026-01-06", "--to", "2026-01-05"}, "--from 2026-01-06 is after --to 2026-01-05"},
		{[]string{"--format", "pdf"}, "--format"},
		{[]string{"--out", filepath.Join(t.TempDir(), "absent", "x")}, "no such file or directory"},
	} {
		code, _, stderr := runReport(t, c.args...)
		require.Equal(t, 2, code, c.args)
		require.Contains(t, stderr, c.want)
	}
}
