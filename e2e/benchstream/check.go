package main

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"

	_ "github.com/duckdb/duckdb-go/v2" // the driver "duckdb"

	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

// check holds the lake of a finished run against the truth: its rows and their
// money by a plain glob with DuckDB, its rejects and its dead letters.
func (b *bench) check(ctx context.Context, l lake) error {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return fmt.Errorf("open DuckDB: %w", err)
	}
	defer func() { _ = db.Close() }()
	found := truth{Events: b.truth.Events, Bytes: b.truth.Bytes}
	var offsets int64
	err = db.QueryRowContext(ctx, `select count(*), cast(sum(revenue) * 100 as bigint), count(distinct (_partition, _offset)) from `+
		files(l, sales.TableBronze)).Scan(&found.Rows, &found.Cents, &offsets)
	if err == nil && b.truth.Rejects > 0 {
		err = db.QueryRowContext(ctx, `select count(*) from `+files(l, "quarantine")).Scan(&found.Rejects)
	}
	if err != nil {
		return fmt.Errorf("read the lake: %w", err)
	}
	letters := int64(0)
	err = stream.ReadToEnd(ctx, b.kafka, sales.TopicDLQ, nil, func(stream.Record) error { letters++; return nil })
	if err != nil {
		return err
	}
	if found != b.truth || offsets != found.Rows || letters != found.Rejects {
		return fmt.Errorf("the lake holds %+v of %d offsets, with %d dead letters, and must hold %+v", found, offsets, letters, b.truth)
	}
	return nil
}

func files(l lake, prefix string) string {
	return "read_parquet('" + filepath.Join(l.root, prefix, "**", "*.parquet") + "')"
}
