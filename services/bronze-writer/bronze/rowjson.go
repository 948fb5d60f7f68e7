package bronze

import (
	"github.com/go-faster/jx"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/sales"
)

// rowJSON gives a bronze row as the event that would make it again.
func (d *dataset) rowJSON(b *column.Batch, row int) []byte {
	var w jx.Writer
	rescued := b.Column("_rescued").Bytes(row)
	w.Buf = append(w.Buf, '{')
	for i := range b.Schema.Must("_rescued") {
		c := &b.Columns[i]
		if b.Schema.Fields[i].Optional && len(c.Bytes(row)) == 0 {
			continue
		}
		if i > 0 {
			w.Buf = append(w.Buf, ',')
		}
		w.Str(b.Schema.Fields[i].Name)
		w.Buf = append(w.Buf, ':')
		if i < len(d.Fields) && d.Fields[i].Flag {
			w.Bool(c.I32[row] == 1)
			continue
		}
		writeValue(&w, c, row)
	}
	if len(rescued) > 0 {
		w.Buf = append(append(w.Buf, ','), rescued[1:len(rescued)-1]...)
	}
	return append(w.Buf, '}')
}

func writeValue(w *jx.Writer, c *column.Column, row int) {
	switch c.Type {
	case column.Timestamp:
		w.Str(string(sales.AppendTimestamp(nil, c.I64[row])))
	case column.Decimal:
		w.Str(sales.FormatCents(c.I64[row]))
	case column.Int32:
		w.Int32(c.I32[row])
	default:
		w.ByteStr(c.Bytes(row))
	}
}
