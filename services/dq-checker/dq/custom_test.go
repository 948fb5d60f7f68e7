package dq

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/rules"
	"github.com/saleslake/saleslake/pkg/sales"
)

func customRule(sql string) string {
	return fmt.Sprintf("rules:\n  - {name: mine, kind: custom, table: silver/sales, severity: fail, owner: o, description: d, sql: %q}\n", sql)
}

func TestCustomSQL(t *testing.T) {
	d := newDay(t, 50, nil)
	second := facts(t, 3, set("region", 2, "Atlantis"))
	m := d.manifests[sales.TableSilver]
	m.Files = append(m.Files, lake.NewFile("silver/sales/b'.parquet", second, lake.Count{Rows: 3, Cents: cents(3)}))
	d.objects["silver/sales/b'.parquet"] = second
	for sql, want := range map[string]string{
		"SELECT * FROM rows WHERE region = 'Atlantis'":                                "1 of 53 rows are at fault, such as silver/sales/b'.parquet row 3",
		"SELECT file, row FROM rows WHERE revenue >= 48.00 -- two\n;":                 "2 of 53 rows are at fault, such as silver/sales/a.parquet row 49, silver/sales/a.parquet row 50",
		"SELECT order_id FROM rows GROUP BY order_id HAVING count(*) > 1":             "3 of 53 rows are at fault",
		"SELECT * FROM rows WHERE order_ts >= '2026-01-02' OR payment_method IS NULL": "0 of 53 rows are at fault",
		"SELECT a.range FROM range(1_000_000_000) a, range(1_000_000) b":              "the statement could not be run in 10s",
	} {
		started := time.Now()
		a := auditorOf(t, d, customRule(sql))
		a.CustomTimeout = 10 * time.Second
		findings, samples := d.judge(t, a, sales.TableSilver)
		require.Contains(t, findings["mine"].Message, want, sql)
		require.Equal(t, want[0] == '0', findings["mine"].Outcome == lake.Pass, sql)
		for _, s := range samples {
			require.Equal(t, s.Row-1, s.Record.Offset/100)
			require.NotEmpty(t, s.ID)
		}
		require.Less(t, time.Since(started), time.Minute)
	}
}

func TestCustomSQLIsPreparedAtTheStart(t *testing.T) {
	for sql, want := range map[string]string{
		"SELEC 1":                                  "dq.yaml:2:100: rule mine: the statement cannot be prepared: Parser Error: syntax error at or near \"1\"; write a SELECT from rows",
		"SELECT colour FROM rows":                  `Referenced column "colour" not found`,
		"SELECT 1); DROP TABLE rows; --":           "rule mine: the statement cannot be prepared",
		"SELECT * FROM read_text('/etc/hostname')": "Permission Error: Cannot access file \"/etc/hostname\"",
		"DELETE FROM rows":                         "rule mine: the statement cannot be prepared",
	} {
		_, err := rules.Parse("dq.yaml", []byte(customRule(sql)), declared())
		require.ErrorContains(t, err, want)
	}
}
