package lake

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"github.com/saleslake/saleslake/pkg/column"
)

// ErrCorrupt marks an object that is not what its manifest or footer says: it
// is named, and never read in part.
var ErrCorrupt = errors.New("corrupt")

// DefaultRowGroup is the number of rows of a row group.
const DefaultRowGroup = 65_536

// Encoding is how files are written.
type Encoding struct {
	Compression string // snappy (when empty) or zstd
	RowGroup    int    // rows per row group, DefaultRowGroup when 0
}

// Meta is what a file says of itself in its footer, by key. Every file also
// has the keys MetaSchema and MetaVersion.
type Meta map[string]string

// What the encoder adds to every file's Meta.
const (
	MetaSchema  = "saleslake.schema"         // column.Schema.Name
	MetaVersion = "saleslake.schema_version" // column.Schema.Version
)

func (e Encoding) codec() (compress.Codec, error) {
	switch e.Compression {
	case "", "snappy":
		return &parquet.Snappy, nil
	case "zstd":
		return &zstd.Codec{Level: zstd.SpeedFastest}, nil
	default:
		return nil, fmt.Errorf("compression %q: want snappy or zstd", e.Compression)
	}
}

func (e Encoding) rowGroup() int {
	if e.RowGroup <= 0 {
		return DefaultRowGroup
	}
	return e.RowGroup
}

// leafOf gives the Parquet node of a field. Its type's String identifies the
// logical and physical type, which is how Read compares a file with a schema.
func leafOf(f *column.Field) parquet.Node {
	var node parquet.Node
	switch f.Type {
	case column.Int32:
		node = parquet.Int(32)
	case column.Int64:
		node = parquet.Int(64)
	case column.Decimal:
		node = parquet.Decimal(2, 18, parquet.Int64Type)
	case column.Timestamp:
		node = parquet.Timestamp(parquet.Microsecond)
	case column.Date:
		node = parquet.Date()
	case column.String:
		node = parquet.String()
	case column.Symbol:
		node = parquet.Encoded(parquet.String(), &parquet.RLEDictionary)
	case column.Binary:
		node = parquet.Leaf(parquet.ByteArrayType)
	default:
		panic(fmt.Sprintf("lake: column %s has no Parquet type for %s", f.Name, f.Type))
	}
	if f.Optional {
		node = parquet.Optional(node)
	}
	return parquet.FieldID(node, f.ID)
}

// schemaOf gives the Parquet schema with the columns in their declared order,
// which COPY goes by; parquet.Group alone would sort them by name.
func schemaOf(s *column.Schema) *parquet.Schema {
	root := orderedGroup{fields: make([]parquet.Field, len(s.Fields))}
	for i := range s.Fields {
		root.fields[i] = namedNode{leafOf(&s.Fields[i]), s.Fields[i].Name}
	}
	return parquet.NewSchema("row", root)
}

type orderedGroup struct {
	parquet.Group
	fields []parquet.Field
}

// Fields implements parquet.Node.
func (g orderedGroup) Fields() []parquet.Field { return g.fields }

type namedNode struct {
	parquet.Node
	name string
}

// Name implements parquet.Field.
func (n namedNode) Name() string { return n.name }

// Value implements parquet.Field. It is only for rows that are Go values,
// which never occur here.
func (n namedNode) Value(reflect.Value) reflect.Value { panic("lake: rows are columns") }
