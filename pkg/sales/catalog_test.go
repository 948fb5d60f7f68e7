package sales

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/column"
)

var update = flag.Bool("update", false, "write the catalogue's tables.json anew")

// catalogTable is a table as deploy/terraform/modules/catalog has it.
type catalogTable struct {
	PartitionKeys []string        `json:"partition_keys"`
	Columns       []catalogColumn `json:"columns"`
	Newest        string          `json:"newest"` // query of the rows that count, where replaced files may lie beside them
}

type catalogColumn struct {
	Name string `json:"name"`
	Type string `json:"type"`
	Doc  string `json:"doc"`
}

// best takes one row for each key: a replaced file holds it, too, or an older version of it.
func best(table, key, order string) string {
	return fmt.Sprintf(`SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY %s ORDER BY %s) AS _rank FROM %s) WHERE _rank = 1`, key, order, table)
}

// last takes the rows of each day's last file: names begin with the version.
func last(table string) string {
	return fmt.Sprintf(`SELECT * FROM (SELECT *, rank() OVER (PARTITION BY day ORDER BY "$path" DESC) AS _rank FROM %s) WHERE _rank = 1`, table)
}

// Athena and Glue read the lake by the columns that the schemas declare.
func TestCatalog(t *testing.T) {
	types := map[column.Type]string{column.Int32: "int", column.Int64: "bigint", column.Decimal: "decimal(18,2)",
		column.Timestamp: "timestamp", column.Date: "date", column.String: "string", column.Symbol: "string"}
	tables := map[string]catalogTable{}
	add := func(s *column.Schema, newest string, keys ...string) {
		table := catalogTable{PartitionKeys: keys, Newest: newest}
		for _, f := range s.Fields {
			require.NotEmpty(t, types[f.Type], "%s.%s", s.Name, f.Name)
			table.Columns = append(table.Columns, catalogColumn{f.Name, types[f.Type], f.Doc})
		}
		tables[s.Name] = table
	}
	add(Bronze, "", "ingest_date", "p")
	add(BronzeCustomers, "", "ingest_date", "p")
	add(Silver, best("silver_sales", "order_id", `event_ts DESC, event_id DESC, "_offset" DESC`), "day", "p")
	add(SilverCustomers, best("silver_customers", "customer_id, updated_ts", `"_offset" DESC`), "day", "p")
	add(DailySales, last("gold_daily_sales"), "day")
	add(DailyProducts, last("gold_daily_products"), "day")
	add(HourlySales, last("gold_hourly_sales"), "day")
	add(RefundsByDay, last("gold_refunds_by_day"), "day")
	add(Restatements, `SELECT DISTINCT * FROM gold_restatements`, "day")
	want, err := json.MarshalIndent(tables, "", "  ")
	require.NoError(t, err)
	const file = "../../deploy/terraform/modules/catalog/tables.json"
	if *update {
		require.NoError(t, os.WriteFile(file, append(want, '\n'), 0o644))
	}
	got, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want)+"\n", string(got), "run go test ./sales -update in pkg")
}
