package dq

import (
	"strconv"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// sampleRows is how many of the failing rows a message names.
const sampleRows = 3

// Sample is a row that failed a rule.
type Sample struct {
	Rule   string
	ID     string        // order_id or customer_id
	Record lake.RecordID // that the row came from; without a Source when that is not known
	File   string        // object that the row is in
	Row    int64         // from 1
	Column string        // at fault
	Value  string        // that it holds

	eventID string // tells sources apart
}

// place names the row: "silver/sales/….parquet row 8".
func (s *Sample) place() string { return s.File + " row " + strconv.FormatInt(s.Row, 10) }

// sample takes row i of a group, with the column at fault.
func (g *RowGroup) sample(i int, column string) Sample {
	s := Sample{File: g.File, Row: g.First + int64(i) + 1, Column: column}
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
				s.Record.Partition = int32(v.Ints[i])
			}
		case "_offset":
			if !v.text {
				s.Record.Offset = v.Ints[i]
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
	return sales.FormatNumber(of, v.Ints[i])
}
