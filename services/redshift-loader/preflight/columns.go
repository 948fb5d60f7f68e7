package preflight

import (
	"fmt"
	"regexp"
	"strings"

	warehousesql "github.com/saleslake/saleslake/sql"
)

var (
	staging  = regexp.MustCompile(`(?is)CREATE\s+TEMP\s+TABLE\s+(\w+)(?:\s+/\*.*?\*/)?\s+AS\s+SELECT\s+(.*?)\s+FROM\s+(\S+)\s+WHERE\s+1\s*=\s*0`)
	castItem = regexp.MustCompile(`(?is)^CAST\(.*\s+AS\s+(.+?)\)\s+AS\s+(\w+)$`)
	nameItem = regexp.MustCompile(`(?is)^(\w+)(?:\s+AS\s+(\w+))?$`)
)

// ColumnsOf gives the columns of a table that files are copied into: of a staging table,
// such as "stage_sales", by the statement that makes it; of another one by tables.
func ColumnsOf(table string, tables map[string][]Column) ([]Column, error) {
	if strings.Contains(table, ".") {
		columns, ok := tables[table]
		if !ok {
			return nil, fmt.Errorf("the migrations make no table %s", table)
		}
		return columns, nil
	}
	for _, name := range warehousesql.LoadNames() {
		text, err := warehousesql.Load(name)
		if err != nil {
			return nil, err
		}
		for _, found := range staging.FindAllStringSubmatch(comment.ReplaceAllString(text, ""), -1) {
			if found[1] == table {
				return selection(found[2], tables[found[3]])
			}
		}
	}
	return nil, fmt.Errorf("no statement of a load says CREATE TEMP TABLE %s AS SELECT … FROM … WHERE 1 = 0", table)
}

// selection gives the columns that a select list makes.
func selection(list string, source []Column) ([]Column, error) {
	var columns []Column
	for _, item := range splitItems(list) {
		c, err := selected(item, source)
		if err != nil {
			return nil, err
		}
		columns = append(columns, c)
	}
	return columns, nil
}

// selected gives the column that an item of a select list makes.
func selected(item string, source []Column) (Column, error) {
	if cast := castItem.FindStringSubmatch(item); cast != nil {
		columns, err := columnsOf(cast[2] + " " + cast[1])
		if err != nil {
			return Column{}, err
		}
		return columns[0], nil
	}
	name := nameItem.FindStringSubmatch(item)
	if name == nil {
		return Column{}, fmt.Errorf("%q is neither a column nor a CAST with a name", item)
	}
	for _, c := range source {
		if c.Name == name[1] {
			if name[2] != "" {
				c.Name = name[2]
			}
			return c, nil
		}
	}
	return Column{}, fmt.Errorf("the table has no column %s", name[1])
}

// splitItems cuts a select list at the commas that are not in parentheses.
func splitItems(list string) []string {
	var items []string
	depth, from := 0, 0
	for i, r := range list {
		switch r {
		case '(':
			depth++
		case ')':
			depth--
		case ',':
			if depth == 0 {
				items = append(items, strings.TrimSpace(list[from:i]))
				from = i + 1
			}
		}
	}
	return append(items, strings.TrimSpace(list[from:]))
}
