package preflight

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
)

// Finding is something about a file that COPY would not take, or not as it is meant.
type Finding struct {
	File    string       `json:"file"`
	Column  string       `json:"column"`        // by the file's name, or the table's where the file lacks it
	Row     int64        `json:"row,omitempty"` // the first at fault, from 1; 0 for all of them
	Outcome lake.Outcome `json:"outcome"`       // Fail, or Warn for what the loader cures
	Problem string       `json:"problem"`
	Remedy  string       `json:"remedy"`
}

// String gives all of it in a line.
func (f Finding) String() string {
	row := "all rows"
	if f.Row > 0 {
		row = fmt.Sprintf("row %d", f.Row)
	}
	return fmt.Sprintf("%s, column %s, %s: %s; %s", f.File, f.Column, row, f.Problem, f.Remedy)
}

// forms are the Parquet types that COPY reads into a type: the first is what our files
// have, the others differ in the annotation only.
// https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-copy-from-columnar.html
func (c Column) forms() []string {
	switch c.Type {
	case "BIGINT":
		return []string{lake.ParquetType(column.Int64), "INT64"}
	case "INTEGER":
		return []string{lake.ParquetType(column.Int32), "INT32"}
	case "TIMESTAMP":
		return []string{lake.ParquetType(column.Timestamp)}
	case "DATE":
		return []string{lake.ParquetType(column.Date)}
	case "DECIMAL":
		return []string{fmt.Sprintf("INT64 DECIMAL(%d,%d)", c.Precision, c.Scale)}
	case "VARCHAR":
		return []string{lake.ParquetType(column.String)}
	default:
		return nil
	}
}

// Check compares a file with the columns that it is copied into. The file's text is
// read, by the way that schema says (the columns that the file has of it), where the
// footer cannot tell how long the longest is. An error means that the file cannot be
// read.
func Check(file string, r *lake.Reader, columns []Column, schema *column.Schema) ([]Finding, error) {
	c := check{file: file, reader: r, schema: schema}
	c.compare(columns)
	for _, want := range c.sound {
		if err := c.values(want); err != nil {
			return nil, fmt.Errorf("column %s: %w", want.Name, err)
		}
	}
	return c.findings, nil
}

type check struct {
	file     string
	reader   *lake.Reader
	schema   *column.Schema
	findings []Finding
	sound    []Column // the columns that the file has as the table wants them
}

func (c *check) add(outcome lake.Outcome, name string, row int64, problem, remedy string) {
	c.findings = append(c.findings, Finding{c.file, name, row, outcome, problem, remedy})
}

// compare judges what the footer says.
func (c *check) compare(columns []Column) {
	var known []lake.FileColumn // those of the file that the table has
	wanted := func(name string) func(Column) bool { return func(w Column) bool { return w.Name == name } }
	for _, f := range c.reader.Columns() {
		if slices.ContainsFunc(columns, wanted(f.Name)) {
			known = append(known, f)
			continue
		}
		c.add(lake.Warn, f.Name, 0, fmt.Sprintf("the table has no such column, COPY takes %d columns by position", len(columns)),
			"the loader copies the file without it; a column of the warehouse needs a migration")
	}
	for i, want := range columns {
		at := slices.IndexFunc(known, func(f lake.FileColumn) bool { return f.Name == want.Name })
		switch {
		case at < 0:
			c.add(lake.Fail, want.Name, 0, "the file lacks it, COPY would fill it from the next column",
				"write the file with all columns of its table, or load it with the program that wrote it")
		case !slices.Contains(want.forms(), known[at].Type):
			c.add(lake.Fail, want.Name, 0, fmt.Sprintf("the file has %s, %s takes %s", known[at].Type, want, strings.Join(want.forms(), " or ")),
				"write the column anew in that type")
		case len(known) == len(columns) && at != i:
			c.add(lake.Fail, want.Name, 0, fmt.Sprintf("the file has it at place %d, the table at %d, and COPY goes by position", at+1, i+1),
				"write the file with the table's order of columns")
		default:
			c.sound = append(c.sound, want)
		}
	}
}

// values judges what is in a column whose type is right.
func (c *check) values(want Column) error {
	if want.NotNull {
		row, err := c.reader.FirstNull(want.Name)
		if err != nil {
			return err
		}
		if row >= 0 {
			c.add(lake.Fail, want.Name, row+1, fmt.Sprintf("null, the table says NOT NULL (%s)", want), "give the row a value, or take NOT NULL from the column")
			return nil
		}
	}
	if want.Type != "VARCHAR" {
		return nil
	}
	return c.texts(want)
}

// texts looks for values that the column does not hold. The statistics of a footer
// leave long values out, so the column is read.
func (c *check) texts(want Column) error {
	field := column.Field{Name: want.Name, Type: column.String, Optional: true}
	if at := c.schema.Index(want.Name); at >= 0 {
		field.Type = c.schema.Fields[at].Type // as it was written: a dictionary is looked through once
	}
	batch := column.NewBatch(&column.Schema{Name: c.schema.Name, Fields: []column.Field{field}}, 0)
	if err := c.reader.Read(batch); err != nil {
		return err
	}
	values := &batch.Columns[0]
	if values.Type == column.Symbol && want.holdsAll(values.Dict) {
		return nil
	}
	longest, row := -1, 0
	for i := range values.Len() {
		if text := values.Bytes(i); !want.holds(text) && len(text) > longest {
			longest, row = len(text), i
		}
	}
	if longest < 0 {
		return nil
	}
	problem := fmt.Sprintf("a text of %d bytes, %s holds %d", longest, want, want.Bytes)
	if longest <= want.Bytes {
		problem = "a text with a NUL, which ends it for Redshift"
	}
	c.add(lake.Warn, want.Name, int64(row+1), problem, "the loader copies the file with a shorter text that ends in a hash of the whole; to have it whole, widen the column")
	return nil
}

func (c Column) holds(text []byte) bool { return len(text) <= c.Bytes && bytes.IndexByte(text, 0) < 0 }

func (c Column) holdsAll(d *column.Dict) bool {
	for code := range d.Len() {
		if !c.holds([]byte(d.Value(int32(code)))) {
			return false
		}
	}
	return true
}
