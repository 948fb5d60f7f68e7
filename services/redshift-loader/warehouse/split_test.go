package warehouse

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

func TestSplitKeepsDaysWholeAndWithinTheRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var verdicts []*lake.Verdict
		for day := range rapid.IntRange(0, 8).Draw(t, "days") {
			for _, table := range []string{sales.TableDailySales, sales.TableFacts} {
				m := lake.Manifest{Table: table, Day: fmt.Sprintf("2026-01-%02d", day+1), Count: lake.Count{Rows: rapid.Int64Range(0, 9).Draw(t, "rows")}}
				verdicts = append(verdicts, &lake.Verdict{Manifest: m})
			}
		}
		maxRows := rapid.Int64Range(1, 30).Draw(t, "max")
		var joined []*lake.Verdict
		seen := map[string]int{}
		for i, part := range split(verdicts, maxRows, func(v *lake.Verdict) int64 { return v.Manifest.Rows }) {
			rows, days := int64(0), map[string]bool{}
			for _, v := range part {
				rows += v.Manifest.Rows
				days[v.Manifest.Day] = true
				if first, ok := seen[v.Manifest.Day]; ok {
					require.Equal(t, first, i, "a day is in one part")
				}
				seen[v.Manifest.Day] = i
			}
			require.True(t, rows <= maxRows || len(days) == 1)
			joined = append(joined, part...)
		}
		require.Equal(t, verdicts, joined)
	})
}

func TestInsertsAreCutByRowsAndBytes(t *testing.T) {
	text := strings.Repeat("x", bytesPerInsert/4)
	row := func(n int, value any) [][]any { return slices.Repeat([][]any{{int64(1), value}}, n) }
	require.Equal(t, 0, perInsert(nil))
	require.Equal(t, 3, perInsert(row(3, "x")))
	require.Equal(t, rowsPerInsert, perInsert(row(rowsPerInsert+1, nil)))
	require.Equal(t, 4, perInsert(row(9, text)))
	require.Equal(t, 2, perInsert(append(row(2, text), row(1, strings.Repeat(text, 4))...)))
	require.Equal(t, 1, perInsert(row(2, strings.Repeat(text, 5))), "a row that is too long alone is tried alone")
}

func TestTablesWithoutAPlaceArePassedOver(t *testing.T) {
	verdict := func(table string, version int64, outcome lake.Outcome) *lake.Verdict {
		return &lake.Verdict{Outcome: outcome, Manifest: lake.Manifest{Table: table, Slice: "day=2026-01-01", Version: version}}
	}
	newer := verdict(sales.TableDailySales, 2, lake.Warn)
	passed, result := newest([]*lake.Verdict{verdict(sales.TableDailySales, 1, lake.Pass), newer,
		verdict(sales.TableSilver, 2, lake.Pass), verdict("gold/more", 2, lake.Fail)})
	require.Equal(t, []*lake.Verdict{newer}, passed)
	require.Equal(t, Result{Stale: 1}, result)
}
