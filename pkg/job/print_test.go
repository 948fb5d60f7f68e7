package job_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/job"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

func printed(t *testing.T, kind lake.Kind, days []lake.DayChange, asJSON bool) string {
	var out bytes.Buffer
	require.NoError(t, job.Print(&out, kind, days, asJSON))
	return out.String()
}

func TestDaysArePrintedWithTheirSum(t *testing.T) {
	days := []lake.DayChange{
		{Day: "2026-01-01", Before: lake.Count{Rows: 2, Cents: 300}, After: lake.Count{Rows: 1, Cents: 50}, Removed: lake.Count{Rows: 1, Cents: 250},
			Rejected: map[sales.Code]lake.Count{sales.UnknownStatus: {Rows: 3}}, Accepted: map[sales.Code]lake.Count{sales.NegativePrice: {Rows: 1}, sales.NegativeRevenue: {Rows: 1}}},
		{Day: "2026-01-02", After: lake.Count{Rows: 1, Cents: 1}, Added: lake.Count{Rows: 1, Cents: 1}, Changed: 4},
	}
	require.Equal(t, `day         rows  revenue  added  removed  changed  rejected  accepted  rows then  revenue then  difference
──────────  ────  ───────  ─────  ───────  ───────  ────────  ────────  ─────────  ────────────  ──────────
2026-01-01     2     3.00      0        1        0         3         2          1          0.50       -2.50
2026-01-02     0     0.00      1        0        4         0         0          1          0.01        0.01
all            2     3.00      1        1        4         3         2          2          0.51       -2.49
`, printed(t, lake.Reprocess, days, false))
	require.Equal(t, "Nothing changes.\n", printed(t, lake.Reprocess, nil, false))
}

func TestARebuildNamesTheTables(t *testing.T) {
	one := lake.Count{Rows: 1, Cents: 100}
	days := []lake.DayChange{{Day: "2026-01-01", Before: one, After: one, Tables: []string{"gold/daily_products", "gold/hourly_sales"}}}
	require.Equal(t, `day         rows  revenue  added  removed  changed  rows then  revenue then  difference  tables that differ
──────────  ────  ───────  ─────  ───────  ───────  ─────────  ────────────  ──────────  ──────────────────────────────────────
2026-01-01     1     1.00      0        0        0          1          1.00        0.00  gold/daily_products, gold/hourly_sales
`, printed(t, lake.Rebuild, days, false))
	require.JSONEq(t, `{"day":"2026-01-01","before":{"rows":1,"cents":100},"after":{"rows":1,"cents":100},"added":{"rows":0,"cents":0},"removed":{"rows":0,"cents":0},"changed":0,"tables":["gold/daily_products","gold/hourly_sales"]}
`, printed(t, lake.Rebuild, days, true))
}
