package local

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/services/producer/generate"
)

const monthDays, historyDays, monthRows = 31, 20, 62_000

// month is generated orders as they arrive, with the seasons of days and weeks, growth, late
// versions and rejects: files of five days for the weeks that are history, then of a day each.
func month(t *testing.T) (paths []string) {
	o := generate.Sample(11, monthRows, generate.NDJSON)
	o.Start, o.Days = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), monthDays
	s, err := generate.New(o)
	require.NoError(t, err)
	var files []*bytes.Buffer
	day := 0
	var item generate.Item
	for s.Next(&item) {
		if placed := item.Truth.Event.OrderTS - o.Start.UnixMicro(); item.Truth.Story == generate.StoryNew && placed/sales.MicrosPerDay == int64(day+1) {
			day++
		}
		if len(files) == 0 || len(files) <= day/5 || len(files) <= day-historyDays+historyDays/5 {
			files = append(files, &bytes.Buffer{})
		}
		files[len(files)-1].Write(item.Value)
	}
	for i := range files {
		path := filepath.Join(t.TempDir(), fmt.Sprintf("part%02d.ndjson", i+1))
		require.NoError(t, os.WriteFile(path, files[i].Bytes(), 0o600))
		paths = append(paths, path)
	}
	return paths
}

// arrive has the stages run while one file after the other arrives, and each is handled
// before the next.
func (r *runner) arrive(ctx context.Context, paths []string) error {
	r.Registry = prometheus.NewRegistry()
	chain := r.stages()[1:]
	return r.together(ctx, chain, func(ctx context.Context) error {
		for _, path := range paths {
			r.Inputs = []string{path}
			var err error
			if r.inputs, err = r.find(ctx); err != nil {
				return err
			}
			if err := r.ingest(ctx); err != nil {
				return err
			}
			if err := r.drain(ctx, chain); err != nil {
				return err
			}
		}
		return nil
	})
}

// A clean month of 30 days, with restarts, raises nothing, though four weeks are enough to compare. A
// day of which four fifths are missing is found.
func TestAMonthWithoutFaultsRaisesNothing(t *testing.T) {
	paths := month(t)
	o := options(t)
	o.Settings.Lake.Partitions = 2
	r, err := open(t.Context(), o)
	require.NoError(t, err)
	defer func() { require.NoError(t, r.close()) }()
	require.NoError(t, r.prepare(t.Context()))
	require.Len(t, paths, historyDays/5+monthDays-historyDays)
	last := len(paths) - 1
	for part := range slices.Chunk(paths[:last], 5) {
		require.NoError(t, r.arrive(t.Context(), part))
	}
	require.NoError(t, r.account(t.Context()))
	require.NoError(t, r.report.Fault())
	require.Empty(t, r.notPassed(t))
	db, err := sql.Open("duckdb", "")
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	ask := func(query string) (n int) {
		require.NoError(t, db.QueryRow(fmt.Sprintf(query, filepath.Join(o.Lake, "dq/*/date=*/p=*/*.parquet"))).Scan(&n))
		return n
	}
	require.Zero(t, ask(`select count(*) from read_parquet('%s', union_by_name = true) where outcome <> 'pass' or residual_rows <> 0 or residual_revenue <> 0`))
	require.Positive(t, ask(`select count(*) from read_parquet('%s', union_by_name = true) where kind = 'volume' and checked >= 12`), "hours were compared")
	require.Positive(t, ask(`select count(*) from read_parquet('%s', union_by_name = true) where kind = 'distribution' and checked > 0`), "shares were compared")

	thin(t, paths[last])
	require.NoError(t, r.arrive(t.Context(), paths[last:]))
	found := r.notPassed(t)
	require.Len(t, found, 1)
	require.Equal(t, "gold/fact_sales/day=2026-01-31", found[0].Key())
	require.Equal(t, lake.Warn, found[0].Outcome)
	require.Equal(t, "orders_volume", failing(found[0].Findings)[0].Rule)
}

// notPassed gives the verdicts, of all versions, that did not pass.
func (r *runner) notPassed(t *testing.T) (verdicts []*lake.Verdict) {
	require.NoError(t, stream.ReadToEnd(t.Context(), r.kafka, sales.TopicVerdicts, nil, func(rec stream.Record) error {
		v, err := lake.DecodeVerdict(rec.Value)
		if err == nil && v.Outcome != lake.Pass {
			verdicts = append(verdicts, v)
		}
		return err
	}))
	return verdicts
}

// thin leaves every fifth line of a file.
func thin(t *testing.T, path string) {
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	var kept []byte
	for i, line := range bytes.SplitAfter(data, []byte("\n")) {
		if i%5 == 0 {
			kept = append(kept, line...)
		}
	}
	require.NoError(t, os.WriteFile(path, kept, 0o600))
}
