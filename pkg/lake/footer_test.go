package lake

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/column"
)

func TestFooterTellsTheColumns(t *testing.T) {
	e, err := NewEncoder(allTypes, Encoding{RowGroup: 3})
	require.NoError(t, err)
	batch := column.NewBatch(allTypes, 8)
	for row := range 8 {
		for i := range batch.Columns {
			c := &batch.Columns[i]
			switch c.Type {
			case column.Int64, column.Decimal, column.Timestamp:
				c.I64 = append(c.I64, 1)
			case column.Int32, column.Date:
				c.I32 = append(c.I32, 1)
			default:
				c.AppendString(map[bool]string{true: "", false: "x"}[allTypes.Fields[i].Name == "a_opt_binary" && row == 7])
			}
		}
	}
	data, err := e.Encode(nil, batch)
	require.NoError(t, err)
	r, err := Open("test", data)
	require.NoError(t, err)
	columns := r.Columns()
	require.Len(t, columns, len(allTypes.Fields))
	for i, f := range allTypes.Fields {
		require.Equal(t, FileColumn{Name: f.Name, Type: ParquetType(f.Type), Optional: f.Optional}, columns[i])
	}
	require.Equal(t, "INT64 TIMESTAMP(isAdjustedToUTC=true,unit=MICROS)", ParquetType(column.Timestamp))
	require.Equal(t, "BYTE_ARRAY", ParquetType(column.Binary))
	for name, want := range map[string]int64{"symbol": -1, "opt_string": -1, "a_opt_binary": 7} {
		row, err := r.FirstNull(name)
		require.NoError(t, err)
		require.Equal(t, want, row, name)
	}
	_, err = r.FirstNull("none")
	require.ErrorIs(t, err, ErrCorrupt)
}
