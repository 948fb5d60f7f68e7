package warehouse

import (
	"context"
	"fmt"
	"strings"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"

	warehousesql "github.com/saleslake/saleslake/sql"
)

// versionTable is where the applied migrations are noted.
const versionTable = "etl.schema_version"

// Migrate brings the schema to this program's version and answers the migrations that
// it applied, by file name. Two programs may do it at once.
func (w *Warehouse) Migrate(ctx context.Context) ([]string, error) {
	if err := w.dialect.makeSchema(ctx, w.db); err != nil {
		return nil, w.judge(fmt.Errorf("make schema etl: %w", err))
	}
	migrator, err := w.migrator()
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	results, err := migrator.Up(ctx)
	if err != nil {
		return nil, w.judge(fmt.Errorf("migrate: %w", err))
	}
	if err := w.dialect.migrated(ctx, w.db); err != nil {
		return nil, w.judge(fmt.Errorf("end the migration: %w", err))
	}
	applied := make([]string, len(results))
	for i, r := range results {
		applied[i] = r.Source.Path
	}
	return applied, nil
}

// migrator applies the migrations of the dialect.
func (w *Warehouse) migrator() (*goose.Provider, error) {
	files, err := warehousesql.Migrations(w.dialect.name())
	if err != nil {
		return nil, err
	}
	store, err := database.NewStoreFromQuerier(versionTable, standardQueries{now: w.dialect.now()})
	if err != nil {
		return nil, err
	}
	options, err := w.dialect.migration()
	if err != nil {
		return nil, err
	}
	options = append(options, goose.WithStore(store), goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	return goose.NewProvider(goose.DialectCustom, w.db, files, options...)
}

// standardQueries keep the versions in the SQL that all dialects understand; goose
// has no DuckDB of its own.
type standardQueries struct{ now string }

func (q standardQueries) CreateTable(table string) string {
	return "CREATE TABLE " + table + ` (
		version_id BIGINT NOT NULL,
		is_applied BOOLEAN NOT NULL,
		tstamp TIMESTAMP DEFAULT ` + q.now + `
	)`
}

func (standardQueries) InsertVersion(table string) string {
	return "INSERT INTO " + table + " (version_id, is_applied) VALUES ($1, $2)"
}

func (standardQueries) DeleteVersion(table string) string {
	return "DELETE FROM " + table + " WHERE version_id = $1"
}

func (standardQueries) GetMigrationByVersion(table string) string {
	return "SELECT tstamp, is_applied FROM " + table + " WHERE version_id = $1 ORDER BY tstamp DESC LIMIT 1"
}

func (standardQueries) ListMigrations(table string) string {
	return "SELECT version_id, is_applied FROM " + table + " ORDER BY version_id DESC"
}

func (standardQueries) GetLatestVersion(table string) string {
	return "SELECT MAX(version_id) FROM " + table
}

// TableExists lets goose look before it asks, as a failed question is logged.
func (standardQueries) TableExists(table string) string {
	schema, name, _ := strings.Cut(table, ".")
	return fmt.Sprintf("SELECT COUNT(*) > 0 FROM information_schema.tables WHERE table_schema = '%s' AND table_name = '%s'", schema, name)
}
