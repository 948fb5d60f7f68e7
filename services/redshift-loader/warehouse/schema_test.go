package warehouse_test

import (
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/services/redshift-loader/preflight"
	"github.com/saleslake/saleslake/services/redshift-loader/warehouse"
	warehousesql "github.com/saleslake/saleslake/sql"
)

var dialects = []string{warehouse.Postgres, warehouse.DuckDB, warehouse.Redshift}

// tables gives the names of the columns of each table that a dialect's migrations make.
func tables(t *testing.T, dialect string) map[string][]string {
	files, err := warehousesql.Migrations(dialect)
	require.NoError(t, err)
	all, err := preflight.Tables(files)
	require.NoError(t, err)
	found := map[string][]string{}
	for table, columns := range all {
		for _, c := range columns {
			found[table] = append(found[table], c.Name)
		}
	}
	return found
}

// migrations gives the text of each of a dialect's migrations, by its name.
func migrations(t *testing.T, dialect string) map[string]string {
	files, err := warehousesql.Migrations(dialect)
	require.NoError(t, err)
	names, err := fs.Glob(files, "*.sql")
	require.NoError(t, err)
	texts := map[string]string{}
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		require.NoError(t, err)
		texts[name] = string(text)
	}
	return texts
}

// A database has what its migrations said when they were applied.
func TestMigrationsDoNotChange(t *testing.T) {
	for _, dialect := range dialects {
		hashes := map[string]string{}
		for name, text := range migrations(t, dialect) {
			hashes[name] = lake.Hash([]byte(text))[:16]
		}
		require.Equal(t, released[dialect], hashes, "%s: a migration that databases have applied is not changed, but followed by a new one with the next number; a new one is added to this list", dialect)
	}
}

// released is how each migration's SHA-256 begins.
var released = map[string]map[string]string{
	warehouse.Postgres: {"0001_star_schema.sql": "af6a65759df507a8", "0002_comments.sql": "ff8fd4792e584fcd", "0003_fact_access.sql": "a2950314f0a9a96a"},
	warehouse.DuckDB:   {"0001_star_schema.sql": "8af3474bf5560fc0", "0002_comments.sql": "ff8fd4792e584fcd"},
	warehouse.Redshift: {"0001_star_schema.sql": "8d8d70453da5ff82", "0002_comments.sql": "ff8fd4792e584fcd"},
}

func TestDialectsHaveTheSameTables(t *testing.T) {
	postgres := tables(t, warehouse.Postgres)
	require.Len(t, postgres, 13)
	require.Equal(t, postgres, tables(t, warehouse.DuckDB))
	require.Equal(t, postgres, tables(t, warehouse.Redshift))
}

func TestEveryColumnIsExplained(t *testing.T) {
	for _, dialect := range dialects {
		all := strings.Join(slices.Collect(maps.Values(migrations(t, dialect))), "\n")
		for table, columns := range tables(t, dialect) {
			require.Contains(t, all, "COMMENT ON TABLE "+table+" IS")
			for _, name := range columns {
				require.Contains(t, all, "COMMENT ON COLUMN "+table+"."+name+" IS")
			}
		}
	}
}

func TestTablesHoldTheColumnsOfTheLake(t *testing.T) {
	all := tables(t, warehouse.Postgres)
	for table, schema := range map[string]*column.Schema{
		"sales.fact_sales": sales.Silver, "sales.agg_daily_sales": sales.DailySales, "sales.agg_daily_products": sales.DailyProducts,
		"sales.agg_hourly_sales": sales.HourlySales, "sales.agg_refunds_by_day": sales.RefundsByDay, "sales.restatements": sales.Restatements,
	} {
		for _, f := range schema.Fields {
			require.True(t, slices.Contains(all[table], f.Name), "%s lacks %s", table, f.Name)
		}
	}
}
