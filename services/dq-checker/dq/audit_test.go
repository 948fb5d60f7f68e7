package dq

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// Restatements of all versions are summed; only what the manifest's own made of cells can be
// held against the day as it is now.
func TestAuditCellsOfRestatements(t *testing.T) {
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
			case strings.HasPrefix(f.Name, "new_"):
				to.I64 = append(to.I64, 100*version)
			default:
				to.I64 = append(to.I64, version)
			}
		}
	}
	encoder, err := lake.NewEncoder(sales.Restatements, lake.Encoding{})
	require.NoError(t, err)
	data, err := encoder.Encode(nil, b)
	require.NoError(t, err)
	const sum = 99 * (2 + 3 + 4)
	f := lake.NewFile("gold/restatements/a.parquet", data, lake.Count{Rows: 3, Cents: sum})
	for version, sold := range map[int64]map[cell]lake.Count{
		3: {{"x", "Books"}: {Rows: 300, Cents: 300}},
		4: {{"x", "Toys"}: {Rows: 400, Cents: 400}},
		5: {},
	} {
		c, err := AuditCells(context.Background(), objects{f.Key: data}, &lake.Manifest{Table: sales.TableRestatements, Version: version, Files: []lake.File{f}})
		require.NoError(t, err)
		require.Equal(t, &Cells{Rows: 3, Orders: sum, Gross: sum, Refunded: sum, Net: sum, Sold: sold}, c)
	}
}
