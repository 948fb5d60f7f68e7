// Package column holds rows as columns: a schema, and batches of typed vectors
// that follow it.
//
// The data path works on batches from the decoder to the Parquet writer; a row
// is a position in them. One [Schema] per dataset drives decoding, Parquet, the
// warehouse preflight and the docs.
package column

import "fmt"

// Type is a column's type, logical and physical at once.
type Type uint8

// The types. Each names its vector in a [Column] and its Parquet form.
const (
	Int32     Type = iota + 1 // Column.I32; INT32
	Int64                     // Column.I64; INT64
	Decimal                   // Column.I64 in hundredths (cents); DECIMAL(18,2) on INT64
	Timestamp                 // Column.I64 in microseconds UTC; TIMESTAMP(MICROS, UTC)
	Date                      // Column.I32 in days since 1970-01-01; DATE
	String                    // Column.Text; BYTE_ARRAY, UTF8, plain
	Symbol                    // Column.I32 codes into Column.Dict; BYTE_ARRAY, UTF8, dictionary
	Binary                    // Column.Text; BYTE_ARRAY, any bytes
)

// String gives the type's name as docs and error messages show it.
func (t Type) String() string {
	names := [...]string{"", "INT32", "INT64", "DECIMAL(18,2)", "TIMESTAMP", "DATE", "STRING", "SYMBOL", "BINARY"}
	if int(t) < len(names) && t > 0 {
		return names[t]
	}
	return fmt.Sprintf("Type(%d)", t)
}

// IsText tells whether a column of the type holds text, or any bytes.
func (t Type) IsText() bool { return t == String || t == Symbol || t == Binary }

// Field declares one column.
//
// Only String, Symbol and Binary columns may be Optional; their empty value is null.
type Field struct {
	ID       int    // Parquet field id: never reused, never changed
	Name     string // the column's name in every layer
	Type     Type
	Optional bool
	Doc      string // one line, for docs and warehouse comments
	Added    bool   // older files lack it: their rows have Default, or null when it is Optional
	Default  int64  // of a column that is not text
}

// Schema is an ordered list of columns.
type Schema struct {
	Name    string // the dataset, such as "silver/sales"
	Version int    // raised when fields are added
	Fields  []Field
}

// Index gives the position of the named column, or -1.
func (s *Schema) Index(name string) int {
	for i := range s.Fields {
		if s.Fields[i].Name == name {
			return i
		}
	}
	return -1
}

// Must gives the position of the named column. It panics when there is none,
// which is a fault of the program and not of data.
func (s *Schema) Must(name string) int {
	i := s.Index(name)
	if i < 0 {
		panic(fmt.Sprintf("column: schema %s has no column %q", s.Name, name))
	}
	return i
}

// Project gives the schema of just the named columns, in the order named.
func (s *Schema) Project(names ...string) *Schema {
	p := &Schema{Name: s.Name, Version: s.Version}
	for _, name := range names {
		p.Fields = append(p.Fields, s.Fields[s.Must(name)])
	}
	return p
}
