package inventory

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

// topics holds entries by topic, as a stream.Reader gives them.
type topics map[string][]lake.Entry

func (all topics) read(_ context.Context, topic string, _ []int32, fn func(stream.Record) error) error {
	for _, e := range all[topic] {
		if err := fn(stream.Record{Key: []byte(e.Key()), Value: e.Encode()}); err != nil {
			return err
		}
	}
	return nil
}

func manifest(table, slice string, version, rows int64, source *lake.Source) *lake.Manifest {
	return &lake.Manifest{Format: lake.Format, Table: table, Slice: slice, Version: version, Count: lake.Count{Rows: rows}, Source: source}
}

func TestTake(t *testing.T) {
	bucket, err := blob.Open(t.Context(), blob.Options{URL: "file://" + t.TempDir()})
	require.NoError(t, err)
	for key, size := range map[string]int{
		"bronze/sales_events/ingest_date=2026-01-31/p=000/a-1.parquet":            10,
		"bronze/sales_events/ingest_date=2026-01-31/p=001/a-1.parquet":            20,
		"quarantine/sales_events/bronze/ingest_date=2026-01-31/p=000/a-1.parquet": 5,
		"silver/sales/day=2026-01-31/p=000/00000001-a.parquet":                    7, // replaced, not deleted yet
		"silver/sales/day=2026-01-31/p=000/00000002-b.parquet":                    8,
		"gold/daily_sales/day=2026-01-31/00000001-a.parquet":                      9,
		"_manifests/silver/sales/day=2026-01-31/p=000.json":                       3,
		"dq/results/run_date=2026-01-31/a.parquet":                                4,
	} {
		require.NoError(t, bucket.Put(t.Context(), key, make([]byte, size)))
	}
	ledger := func(through, rejected int64) *lake.Ledger {
		return &lake.Ledger{Format: lake.Format, Stage: "silver", Source: sales.TopicEvents, Through: through,
			Rejected: map[sales.Code]lake.Count{sales.BronzeCodes[0]: {Rows: rejected}, sales.BronzeCodes[1]: {Rows: 1}}}
	}
	published := topics{
		sales.TopicBronze: {
			manifest(sales.TableBronze, "a", 1, 100, &lake.Source{Rejected: map[sales.Code]int64{sales.BronzeCodes[0]: 2, sales.BronzeCodes[1]: 1}}),
			manifest(sales.TableBronze, "b", 1, 50, &lake.Source{}),
			&lake.Ledger{Format: lake.Format, Stage: "bronze", Source: sales.TopicEvents, Rejected: map[sales.Code]lake.Count{sales.BronzeCodes[0]: {Rows: 99}}},
		},
		sales.TopicSilver: {
			manifest(sales.TableSilver, "day=2026-01-31/p=000", 1, 90, nil), ledger(1, 3),
			manifest(sales.TableSilver, "day=2026-01-31/p=000", 2, 120, nil), ledger(2, 4),
		},
		sales.TopicGold: {manifest(sales.TableFacts, "day=2026-01-31", 1, 120, nil)},
	}
	tables, err := Take(t.Context(), bucket, published.read)
	require.NoError(t, err)
	var found []Table
	for _, one := range tables {
		found = append(found, *one)
	}
	require.Equal(t, []Table{
		{Name: "bronze/sales_events", Files: 2, Bytes: 30, Rows: 150, Counted: true},
		{Name: "silver/sales", Files: 2, Bytes: 15, Rows: 120, Counted: true},
		{Name: "gold/daily_sales", Files: 1, Bytes: 9},
		{Name: "gold/fact_sales", Rows: 120, Counted: true},
		{Name: "_manifests", Files: 1, Bytes: 3},
		{Name: "dq/results", Files: 1, Bytes: 4},
		{Name: "quarantine/sales_events/bronze", Files: 1, Bytes: 5, Rows: 3, Counted: true},
		{Name: "quarantine/sales_events/silver", Rows: 5, Counted: true},
	}, found)

	gone := errors.New("no broker")
	_, err = Take(t.Context(), bucket, func(context.Context, string, []int32, func(stream.Record) error) error { return gone })
	require.ErrorIs(t, err, gone)
}
