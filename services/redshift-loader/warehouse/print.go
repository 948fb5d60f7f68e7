package warehouse

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"

	"github.com/saleslake/saleslake/pkg/table"
)

// Table writes the answer for people: aligned columns, numbers to the right, null as a
// dash. At most limit rows are written, all of them if it is 0.
func (a *Answer) Table(out io.Writer, limit int) error {
	return table.Write(out, a.Columns, a.Rows, limit)
}

// CSV writes the answer with a header; null is empty.
func (a *Answer) CSV(out io.Writer) error {
	w := csv.NewWriter(out)
	lines := [][]string{a.Columns}
	for _, row := range a.Rows {
		line := make([]string, len(row))
		for i, v := range row {
			line[i] = cell(v)
		}
		lines = append(lines, line)
	}
	return w.WriteAll(lines)
}

// JSON writes an array with an object for each row, its fields in the columns' order.
func (a *Answer) JSON(out io.Writer) error {
	var text bytes.Buffer
	text.WriteByte('[')
	for i, row := range a.Rows {
		if i > 0 {
			text.WriteByte(',')
		}
		text.WriteString("\n  {")
		for c, v := range row {
			if c > 0 {
				text.WriteString(", ")
			}
			name, err := json.Marshal(a.Columns[c])
			if err != nil {
				return err
			}
			value, err := json.Marshal(v)
			if err != nil {
				return err
			}
			fmt.Fprintf(&text, "%s: %s", name, value)
		}
		text.WriteByte('}')
	}
	text.WriteString("\n]\n")
	_, err := out.Write(text.Bytes())
	return err
}

func cell(value any) string {
	if value == nil {
		return ""
	}
	return fmt.Sprint(value)
}
