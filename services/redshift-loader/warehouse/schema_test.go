package warehouse_test

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/services/redshift-loader/warehouse"
	warehousesql "github.com/saleslake/saleslake/sql"
)

// tables gives the columns of each table that a dialect's first migration makes.
func tables(t *testing.T, dialect string) map[string][]string {
	files, err := warehousesql.Migrations(dialect)
	require.NoError(t, err)
	text, err := fs.ReadFile(files, "0001_star_schema.sql")
	require.NoError(t, err)
	found := map[string][]string{}
	for _, table := range regexp.MustCompile(`(?s)CREATE TABLE (\S+) \(\n(.*?)\n\)`).FindAllStringSubmatch(string(text), -1) {
		for line := range strings.SplitSeq(table[2], "\n") {
			if name := strings.Fields(line)[0]; name != "PRIMARY" && name != "FOREIGN" {
				found[table[1]] = append(found[table[1]], name)
			}
		}
	}
	return found
}

func TestDialectsHaveTheSameTables(t *testing.T) {
	postgres := tables(t, warehouse.Postgres)
	require.Len(t, postgres, 13)
	require.Equal(t, postgres, tables(t, warehouse.DuckDB))
	require.Equal(t, postgres, tables(t, "redshift"))
}

func TestEveryColumnIsExplained(t *testing.T) {
	for _, dialect := range []string{warehouse.Postgres, warehouse.DuckDB, "redshift"} {
		files, err := warehousesql.Migrations(dialect)
		require.NoError(t, err)
		comments, err := fs.ReadFile(files, "0002_comments.sql")
		require.NoError(t, err)
		for table, columns := range tables(t, dialect) {
			require.Contains(t, string(comments), "COMMENT ON TABLE "+table+" IS")
			for _, name := range columns {
				require.Contains(t, string(comments), "COMMENT ON COLUMN "+table+"."+name+" IS")
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
