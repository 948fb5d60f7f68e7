package table

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWrite(t *testing.T) {
	columns := []string{"day", "rows", "revenue"}
	rows := [][]any{{"2026-01-01", nil, json.Number("1.50")}, {"Žofín", int64(12_345), json.Number("-20.00")}, {"2026-01-03", 7, nil}}
	for limit, want := range map[int]string{
		0: "day          rows  revenue\n──────────  ─────  ───────\n2026-01-01      –     1.50\nŽofín       12345   -20.00\n2026-01-03      7        –\n",
		1: "day         rows  revenue\n──────────  ────  ───────\n2026-01-01     –     1.50\n… and 2 more rows\n",
	} {
		var out bytes.Buffer
		require.NoError(t, Write(&out, columns, rows, limit))
		require.Equal(t, want, out.String())
	}
}
