// Package table writes rows for people: aligned columns, numbers to the right.
package table

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Write writes a table with a header; a nil value is a dash. At most limit rows
// are written, all of them if it is 0, and how many are left out.
func Write(out io.Writer, columns []string, rows [][]any, limit int) error {
	shown := rows
	if limit > 0 && len(rows) > limit {
		shown = rows[:limit]
	}
	cells := [][]string{columns}
	for _, row := range shown {
		line := make([]string, len(row))
		for i, v := range row {
			line[i] = cell(v)
		}
		cells = append(cells, line)
	}
	widths, right := make([]int, len(columns)), make([]bool, len(columns))
	for i := range columns {
		right[i] = numeric(rows, i)
		for _, line := range cells {
			widths[i] = max(widths[i], utf8.RuneCountInString(line[i]))
		}
	}
	var text bytes.Buffer
	for i, line := range cells {
		writeLine(&text, line, widths, right)
		if i == 0 {
			writeRule(&text, widths)
		}
	}
	if left := len(rows) - len(shown); left > 0 {
		fmt.Fprintf(&text, "… and %d more rows\n", left)
	}
	_, err := out.Write(text.Bytes())
	return err
}

func writeLine(text *bytes.Buffer, line []string, widths []int, right []bool) {
	var padded strings.Builder
	for i, cell := range line {
		space := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
		if right[i] {
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
func numeric(rows [][]any, column int) bool {
	for _, row := range rows {
		switch row[column].(type) {
		case nil:
		case int, int64, json.Number:
			return true
		default:
			return false
		}
	}
	return false
}

func cell(value any) string {
	if value == nil {
		return "–"
	}
	return fmt.Sprint(value)
}
