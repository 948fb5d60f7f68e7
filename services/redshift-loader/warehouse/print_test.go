package warehouse_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/services/redshift-loader/warehouse"
)

var answer = &warehouse.Answer{
	Columns: []string{"day", "region", "revenue", "orders"},
	Rows: [][]any{
		{"2026-01-01", "Zürich, \"old\"", nil, int64(3)},
		{"2026-01-02", "Bern", json.Number("-1234567.80"), int64(12)},
		{"2026-01-03", nil, json.Number("0.05"), int64(0)},
	},
}

func TestAnswerAsTable(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, answer.Table(&out, 2))
	require.Equal(t, `day         region             revenue  orders
──────────  ─────────────  ───────────  ──────
2026-01-01  Zürich, "old"            –       3
2026-01-02  Bern           -1234567.80      12
… and 1 more rows
`, out.String())
}

func TestAnswerAsCSV(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, answer.CSV(&out))
	require.Equal(t, `day,region,revenue,orders
2026-01-01,"Zürich, ""old""",,3
2026-01-02,Bern,-1234567.80,12
2026-01-03,,0.05,0
`, out.String())
}

func TestAnswerAsJSON(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, answer.JSON(&out))
	require.Equal(t, []string{
		"[",
		`  {"day": "2026-01-01", "region": "Zürich, \"old\"", "revenue": null, "orders": 3},`,
		`  {"day": "2026-01-02", "region": "Bern", "revenue": -1234567.80, "orders": 12},`,
		`  {"day": "2026-01-03", "region": null, "revenue": 0.05, "orders": 0}`,
		"]", "",
	}, strings.Split(out.String(), "\n"), "money keeps its digits")
	require.True(t, json.Valid(out.Bytes()))
	out.Reset()
	require.NoError(t, (&warehouse.Answer{}).JSON(&out))
	require.JSONEq(t, "[]", out.String())
}
