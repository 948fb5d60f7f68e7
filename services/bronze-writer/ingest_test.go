package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/daemon"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream/streamtest"
)

const csv = `order_id,order_ts,customer_id,product_id,category,region,quantity,unit_price,revenue,status
O-1,2026-01-31 12:00:00,C-1,P-1,Books,Europe,1,1.00,1.25,completed
O-2,2026-01-31 12:00:00,C-1,P-1,Books,Europe,1,1.00,1.234,completed
`

// command runs the program as a shell does that expands nothing.
func command(t *testing.T, environ []string, args ...string) (code int, stdout, stderr string) {
	out, err := os.CreateTemp(t.TempDir(), "stdout")
	require.NoError(t, err)
	terminal := os.Stdout
	os.Stdout = out
	defer func() { os.Stdout = terminal }()
	var log bytes.Buffer
	code = daemon.Program{Name: "bronze-writer", CLI: &cli{}, Args: args, Environ: environ, Stdout: out, Stderr: &log}.Run(context.Background())
	_, err = out.Seek(0, io.SeekStart)
	require.NoError(t, err)
	text, err := io.ReadAll(out)
	require.NoError(t, err)
	require.NoError(t, out.Close())
	return code, string(text), log.String()
}

func TestIngestCommand(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, content []byte) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), content, 0o600))
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err := io.WriteString(z, csv)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	write("1.csv.gz", packed.Bytes())
	write("2.csv", []byte(csv))
	write("3.csv", []byte(strings.ReplaceAll(csv, "1.234", "7.00")))
	environ := []string{"SALES_KAFKA_BROKERS=" + streamtest.Cluster(t), "SALES_KAFKA_REPLICATION=1", "SALES_LAKE_CREATE=true", "SALES_LAKE_URL=file://" + t.TempDir()}

	code, stdout, stderr := command(t, environ, "ingest", "--json", filepath.Join(dir, "*.csv*"))
	require.Zero(t, code, stderr)
	var outcomes []outcome
	for d := json.NewDecoder(strings.NewReader(stdout)); d.More(); {
		var o outcome
		require.NoError(t, d.Decode(&o))
		require.Positive(t, o.Seconds)
		require.NotZero(t, o.Files)
		o.Seconds, o.File = 0, filepath.Base(o.File)
		outcomes = append(outcomes, o)
	}
	require.Len(t, outcomes, 3)
	require.Equal(t, outcome{File: "1.csv.gz", Source: outcomes[1].Source, Rows: 1, Cents: 125, Rejected: map[sales.Code]int64{sales.BadDecimal: 1}, Files: outcomes[0].Files}, outcomes[0])
	require.Equal(t, outcomes[1].Files, outcomes[1].Skipped, "the same content, not compressed")
	require.Equal(t, outcome{File: "3.csv", Source: outcomes[2].Source, Rows: 2, Cents: 825, Rejected: map[sales.Code]int64{}, Files: outcomes[2].Files}, outcomes[2])

	code, stdout, stderr = command(t, environ, "ingest", filepath.Join(dir, "2.csv"))
	require.Zero(t, code, stderr)
	require.Empty(t, stdout)
	require.Contains(t, stderr, `"msg":"ingested"`)

	write("cut.csv", packed.Bytes()[:packed.Len()-1])
	for arg, want := range map[string]string{"nowhere-*.csv": "no file matches", filepath.Join(dir, "cut.csv"): "cut off at byte"} {
		code, stdout, stderr = command(t, environ, "ingest", arg)
		require.Equal(t, 2, code)
		require.Empty(t, stdout)
		require.Contains(t, stderr, want)
	}
}

func TestTable(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, printTable(&b, []outcome{{File: "in/a.csv.gz", Source: "file:0123456789abcdef", Rows: 12, Cents: 123450, Rejected: map[sales.Code]int64{sales.Empty: 2, sales.TooLarge: 1}, Files: 4, Seconds: 1.26}}))
	require.Equal(t, []string{
		"file         source                 rows  revenue  rejected  files  skipped  seconds",
		"in/a.csv.gz  file:0123456789abcdef  12    1234.50  3         4      0        1.3", "",
	}, strings.Split(b.String(), "\n"))
}
