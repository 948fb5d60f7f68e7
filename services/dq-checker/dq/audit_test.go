package dq

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// Restatements of all versions are summed; only what the manifest's own made of cells can be
// held against the day as it is now.
func TestRestatementsOfAllVersionsAreSummed(t *testing.T) {
	b := column.NewBatch(sales.Restatements, 3)
	for i, category := range []string{"Books", "Books", "Toys"} {
		version := int64(i + 2)
		for c, f := range b.Schema.Fields {
			switch to := &b.Columns[c]; {
			case f.Name == "category":
				to.AppendString(category)
			case f.Type == column.Symbol, f.Type == column.String:
				to.AppendString("x")
			case f.Type == column.Date:
				to.I32 = append(to.I32, testDay)
			case f.Name == "version":
				to.I64 = append(to.I64, version)
			case strings.HasSuffix(f.Name, "_net_revenue"): // all of it is refunded
				to.I64 = append(to.I64, 0)
			case strings.HasPrefix(f.Name, "new_"):
				to.I64 = append(to.I64, 100*version)
			default:
				to.I64 = append(to.I64, version)
			}
		}
	}
	const sum = 99 * (2 + 3 + 4)
	data := encode(t, sales.Restatements, b)
	m := &lake.Manifest{Table: sales.TableRestatements, Day: "2026-01-01", Count: lake.Count{Rows: 3, Cents: sum}}
	m.Files = []lake.File{lake.NewFile("gold/restatements/a.parquet", data, m.Count)}
	for version, want := range map[int64]string{
		3: "new_orders of x, Books: found 300, expected 0 (daily_sales.orders); new_gross_revenue of x, Books: found 3.00, expected 0.00 (daily_sales.gross_revenue)",
		4: "new_orders of x, Toys: found 400, expected 0 (daily_sales.orders); new_gross_revenue of x, Toys: found 4.00, expected 0.00 (daily_sales.gross_revenue)",
		5: "rows, new_gross_revenue less old_gross_revenue, new_net_revenue less old_net_revenue, new_orders, new_gross_revenue agree: 3 rows",
	} {
		a := testAuditor(t, objects{m.Files[0].Key: data})
		s, err := a.Audit(t.Context(), m)
		require.NoError(t, err)
		m.Version = version
		findings, _, err := a.Judge(t.Context(), Evidence{Manifest: m, Slice: s, Day: map[string]*Slice{sales.TableDailySales: {}}})
		require.NoError(t, err)
		require.Equal(t, want, findings[len(findings)-1].Message)
	}
}
