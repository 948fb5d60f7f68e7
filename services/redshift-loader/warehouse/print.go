package warehouse

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Table writes the answer for people: aligned columns, numbers to the right, null as a
// dash. At most limit rows are written, all of them if it is 0.
func (a *Answer) Table(out io.Writer, limit int) error {
	rows := a.Rows
	if limit > 0 && len(rows) > limit {
		rows = rows[:limit]
	}
	cells := [][]string{a.Columns}
	for _, row := range rows {
		line := make([]string, len(row))
		for i, v := range row {
			line[i] = cell(v, "–")
		}
		cells = append(cells, line)
	}
	widths := make([]int, len(a.Columns))
	for _, line := range cells {
		for i, text := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(text))
		}
	}
	var text bytes.Buffer
	for i, line := range cells {
		a.writeLine(&text, line, widths)
		if i == 0 {
			writeRule(&text, widths)
		}
	}
	if left := len(a.Rows) - len(rows); left > 0 {
		fmt.Fprintf(&text, "… and %d more rows\n", left)
	}
	_, err := out.Write(text.Bytes())
	return err
}

func (a *Answer) writeLine(text *bytes.Buffer, line []string, widths []int) {
	var padded strings.Builder
	for i, cell := range line {
		space := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
		if a.numeric(i) {
			padded.WriteString(space + cell + "  ")
		} else {
			padded.WriteString(cell + space + "  ")
		}
	}
	text.WriteString(strings.TrimRight(padded.String(), " ") + "\n")
}

func writeRule(text *bytes.Buffer, widths []int) {
	rules := make([]string, len(widths))
	for i, w := range widths {
		rules[i] = strings.Repeat("─", w)
	}
	text.WriteString(strings.Join(rules, "  ") + "\n")
}

// numeric tells whether a column's first value is a number.
func (a *Answer) numeric(column int) bool {
	for _, row := range a.Rows {
		switch row[column].(type) {
		case nil:
		case int64, json.Number:
			return true
		default:
			return false
		}
	}
	return false
}

// CSV writes the answer with a header; null is empty.
func (a *Answer) CSV(out io.Writer) error {
	w := csv.NewWriter(out)
	lines := [][]string{a.Columns}
	for _, row := range a.Rows {
		line := make([]string, len(row))
		for i, v := range row {
			line[i] = cell(v, "")
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

func cell(value any, null string) string {
	if value == nil {
		return null
	}
	return fmt.Sprint(value)
}
