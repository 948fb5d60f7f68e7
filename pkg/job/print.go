package job

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/table"
)

// Print shows what a command of a kind changes of days: a line for each and one of
// their sums, or a JSON object for each.
func Print(out io.Writer, kind lake.Kind, days []lake.DayChange, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(out)
		for _, d := range days {
			if err := e.Encode(d); err != nil {
				return fmt.Errorf("print: %w", err)
			}
		}
		return nil
	}
	if len(days) == 0 {
		_, err := fmt.Fprintln(out, "Nothing changes.")
		return err
	}
	var rows [][]any
	sum := lake.DayChange{}
	for _, d := range days {
		rows = append(rows, line(kind, d))
		sum.Add(d)
	}
	if sum.Day, sum.Tables = "all", nil; len(days) > 1 {
		rows = append(rows, line(kind, sum))
	}
	return table.Write(out, columns(kind), rows, 0)
}

func columns(kind lake.Kind) []string {
	head := []string{"day", "rows", "revenue", "added", "removed", "changed"}
	tail := []string{"rows then", "revenue then", "difference"}
	if kind == lake.Rebuild {
		return append(append(head, tail...), "tables that differ")
	}
	return append(append(head, "rejected", "accepted"), tail...)
}

func line(kind lake.Kind, d lake.DayChange) []any {
	head := []any{d.Day, d.Before.Rows, money(d.Before.Cents), d.Added.Rows, d.Removed.Rows, d.Changed}
	tail := []any{d.After.Rows, money(d.After.Cents), money(d.After.Cents - d.Before.Cents)}
	if kind == lake.Rebuild {
		return append(append(head, tail...), strings.Join(d.Tables, ", "))
	}
	return append(append(head, total(d.Rejected), total(d.Accepted)), tail...)
}

func total(byCode map[sales.Code]lake.Count) (rows int64) {
	for _, n := range byCode {
		rows += n.Rows
	}
	return rows
}

func money(cents int64) any { return json.Number(sales.FormatCents(cents)) }
