package preflight

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strconv"
	"strings"
)

// Column is a column of a table of Redshift.
type Column struct {
	Name      string
	Type      string // in capitals, without length: "VARCHAR", "DECIMAL", "BIGINT"
	Bytes     int    // of a VARCHAR: the most that it holds
	Precision int    // of a DECIMAL
	Scale     int    // of a DECIMAL
	NotNull   bool
}

// String spells the type as DDL does.
func (c Column) String() string {
	switch c.Type {
	case "VARCHAR":
		return fmt.Sprintf("VARCHAR(%d)", c.Bytes)
	case "DECIMAL":
		return fmt.Sprintf("DECIMAL(%d,%d)", c.Precision, c.Scale)
	default:
		return c.Type
	}
}

var (
	createTable = regexp.MustCompile(`(?is)\bCREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?(\S+)\s*\((.*?)\n\)`)
	alterTable  = regexp.MustCompile(`(?i)\bALTER\s+TABLE\b`)
	addColumn   = regexp.MustCompile(`(?is)\bALTER\s+TABLE\s+(\S+)\s+ADD\s+COLUMN\s+(.+?)\s*(?:;|$)`)
	statistics  = regexp.MustCompile(`(?i)\bALTER\s+TABLE\s+\S+\s+ALTER\s+COLUMN\s+\w+\s+SET\s+STATISTICS\b`) // of the planner: no change of the table
	comment     = regexp.MustCompile(`--[^\n]*`)
	definition  = regexp.MustCompile(`(?is)^(\w+)\s+(VARCHAR|DECIMAL|\w+)\s*(?:\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\))?(.*)$`)
	constraint  = regexp.MustCompile(`(?i)^(PRIMARY|UNIQUE|FOREIGN)\b`)
	notNull     = regexp.MustCompile(`(?i)\bNOT\s+NULL\b|\bIDENTITY\b`)
)

// Tables gives the columns of each table, by its full name, that the migrations make.
// They are read as they are written in this repository: CREATE TABLE with a column a line,
// and ALTER TABLE … ADD COLUMN.
func Tables(migrations fs.FS) (map[string][]Column, error) {
	names, err := fs.Glob(migrations, "*.sql") // in the order of their numbers
	if err != nil {
		return nil, err
	}
	tables := map[string][]Column{}
	for _, name := range names {
		text, err := fs.ReadFile(migrations, name)
		if err != nil {
			return nil, err
		}
		ddl := comment.ReplaceAllString(string(text), "")
		if err := migrate(tables, ddl); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	if len(tables) == 0 {
		return nil, errors.New("the migrations make no table")
	}
	return tables, nil
}

// migrate makes the changes of a migration.
func migrate(tables map[string][]Column, ddl string) (err error) {
	for _, found := range createTable.FindAllStringSubmatch(ddl, -1) {
		if tables[found[1]], err = columnsOf(found[2]); err != nil {
			return fmt.Errorf("table %s: %w", found[1], err)
		}
	}
	added := addColumn.FindAllStringSubmatch(ddl, -1)
	if len(added)+len(statistics.FindAllString(ddl, -1)) != len(alterTable.FindAllString(ddl, -1)) {
		return errors.New("preflight reads ALTER TABLE … ADD COLUMN, no other change of a table: teach it this one")
	}
	for _, found := range added {
		columns, err := columnsOf(found[2])
		if err != nil {
			return fmt.Errorf("table %s: %w", found[1], err)
		}
		if tables[found[1]] == nil {
			return fmt.Errorf("no migration makes table %s, which gets a column", found[1])
		}
		tables[found[1]] = append(tables[found[1]], columns...)
	}
	return nil
}

func columnsOf(body string) ([]Column, error) {
	var columns []Column
	for line := range strings.SplitSeq(body, "\n") {
		line = strings.TrimSuffix(strings.TrimSpace(line), ",")
		if line == "" || constraint.MatchString(line) {
			continue
		}
		parts := definition.FindStringSubmatch(line)
		if parts == nil {
			return nil, fmt.Errorf("%q is no column", line)
		}
		c := Column{Name: parts[1], Type: strings.ToUpper(parts[2]), NotNull: notNull.MatchString(parts[5])}
		c.size(number(parts[3]), number(parts[4]))
		columns = append(columns, c)
	}
	return columns, nil
}

func number(digits string) int {
	n, _ := strconv.Atoi(digits) // digits, or nothing for 0
	return n
}

// size sets what stands in parentheses behind a type.
func (c *Column) size(first, second int) {
	switch c.Type {
	case "VARCHAR":
		c.Bytes = first
	case "DECIMAL":
		c.Precision, c.Scale = first, second
	}
}

// Columns asks a database for the columns of a table, which is named in full.
func Columns(ctx context.Context, db *sql.DB, table string) (columns []Column, err error) {
	schema, name, _ := strings.Cut(table, ".")
	rows, err := db.QueryContext(ctx, fmt.Sprintf(`SELECT column_name, data_type, COALESCE(character_maximum_length, 0),
       COALESCE(numeric_precision, 0), COALESCE(numeric_scale, 0), is_nullable
FROM information_schema.columns
WHERE table_schema = '%s' AND table_name = '%s'
ORDER BY ordinal_position`, schema, name))
	if err != nil {
		return nil, fmt.Errorf("ask for the columns of %s: %w", table, err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var c Column
		var kind, nullable string
		var length, precision, scale int
		if err := rows.Scan(&c.Name, &kind, &length, &precision, &scale, &nullable); err != nil {
			return nil, fmt.Errorf("read the columns of %s: %w", table, err)
		}
		if c.Type = ddlNames[kind]; c.Type == "" {
			c.Type = strings.ToUpper(kind)
		}
		c.NotNull = strings.TrimSpace(nullable) == "NO"
		c.size(length, 0)
		if c.Type == "DECIMAL" {
			c.size(precision, scale)
		}
		columns = append(columns, c)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read the columns of %s: %w", table, err)
	}
	if len(columns) == 0 {
		return nil, fmt.Errorf("the database has no table %s: run redshift-loader migrate", table)
	}
	return columns, nil
}

// ddlNames is how DDL spells the types of information_schema.
var ddlNames = map[string]string{
	"character varying":           "VARCHAR",
	"numeric":                     "DECIMAL",
	"timestamp without time zone": "TIMESTAMP",
}
