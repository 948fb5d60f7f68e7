package dq

import (
	"strconv"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/sales"
)

// sampleRows is how many of the failing rows a message names.
const sampleRows = 3

// Sample is a row that failed a rule: a row of sales.Samples, but for run, table, slice and
// version.
type Sample struct {
	Rule      string
	Number    int32  // within the rule, from 1
	ID        string // order_id or customer_id, "" when the table has neither
	Source    string // topic, or file: and a content hash; "" when it is not known
	Partition int32  // -1 when the table has none
	Offset    int64  // -1 when the table has none
	File      string
	Row       int64 // from 1
	Column    string
	Value     string

	eventID string // tells sources apart
}

// place names the row: "silver/sales/….parquet row 8".
func (s *Sample) place() string { return s.File + " row " + strconv.FormatInt(s.Row, 10) }

// sample takes row i of a group, with the column at fault.
func (g *RowGroup) sample(i int, column string) Sample {
	s := Sample{File: g.File, Row: g.First + int64(i) + 1, Partition: -1, Offset: -1, Column: column}
	id := "order_id"
	if g.schema.Index(id) < 0 {
		id = memberKey
	}
	for c := range g.Columns {
		switch v := &g.Columns[c]; v.Name {
		case id:
			if v.text {
				s.ID = string(v.At(i))
			}
		case "event_id":
			if v.text {
				s.eventID = string(v.At(i))
			}
		case "_partition":
			if !v.text {
				s.Partition = int32(v.Ints[i])
			}
		case "_offset":
			if !v.text {
				s.Offset = v.Ints[i]
			}
		}
		if column != "" && g.Columns[c].Name == column {
			s.Value = g.format(&g.Columns[c], i)
		}
	}
	return s
}

// format gives a value as text: an amount, a date, a time, a number; null is "".
func (g *RowGroup) format(v *Values, i int) string {
	if v.text {
		return string(v.At(i))
	}
	if v.Null != nil && v.Null[i] {
		return ""
	}
	of := column.Int64
	if c := g.schema.Index(v.Name); c >= 0 {
		of = g.schema.Fields[c].Type
	}
	return formatNumber(of, v.Ints[i])
}

func formatNumber(of column.Type, n int64) string {
	switch of {
	case column.Decimal:
		return sales.FormatCents(n)
	case column.Date:
		return sales.FormatDay(int32(n))
	case column.Timestamp:
		return string(sales.AppendTimestamp(nil, n))
	default:
		return strconv.FormatInt(n, 10)
	}
}
