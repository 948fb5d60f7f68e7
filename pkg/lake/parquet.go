package lake

import (
	"errors"
	"fmt"

	"github.com/klauspost/compress/s2"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/parquet-go/parquet-go/compress/snappy"
	"github.com/parquet-go/parquet-go/compress/zstd"
	"github.com/parquet-go/parquet-go/format"

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
		return &fastSnappy{}, nil
	case "zstd":
		return &zstd.Codec{Level: zstd.SpeedFastest}, nil
	default:
		return nil, fmt.Errorf("compression %q: want snappy or zstd", e.Compression)
	}
}

// fastSnappy compresses at twice the speed of the library's Snappy, which asks
// for the smaller output; it decompresses as that does.
type fastSnappy struct{ snappy.Codec }

// Encode implements compress.Codec.
func (*fastSnappy) Encode(dst, src []byte) ([]byte, error) { return s2.EncodeSnappy(dst, src), nil }

func (e Encoding) rowGroup() int {
	if e.RowGroup <= 0 {
		return DefaultRowGroup
	}
	return e.RowGroup
}

// typeOf gives the Parquet type, logical and physical. Its String identifies
// it, which is how Read compares a file with a schema.
func typeOf(t column.Type) parquet.Type {
	switch t {
	case column.Int32:
		return parquet.Int(32).Type()
	case column.Int64:
		return parquet.Int(64).Type()
	case column.Decimal:
		return parquet.Decimal(2, 18, parquet.Int64Type).Type()
	case column.Timestamp:
		return parquet.Timestamp(parquet.Microsecond).Type() // adjusted to UTC
	case column.Date:
		return parquet.Date().Type()
	case column.String, column.Symbol:
		return parquet.String().Type()
	case column.Binary:
		return parquet.ByteArrayType
	default:
		panic("lake: no Parquet type for " + t.String())
	}
}

// elementsOf gives the schema as a footer holds it, with the columns in their
// declared order, which COPY goes by.
func elementsOf(s *column.Schema) []format.SchemaElement {
	root := format.SchemaElement{Name: "row"}
	root.NumChildren.Set(int32(len(s.Fields)))
	elements := []format.SchemaElement{root}
	for i := range s.Fields {
		elements = append(elements, elementOf(&s.Fields[i]))
	}
	return elements
}

func elementOf(f *column.Field) format.SchemaElement {
	t := typeOf(f.Type)
	e := format.SchemaElement{Name: f.Name, FieldID: int32(f.ID)}
	e.Type.Set(*t.PhysicalType())
	e.RepetitionType.Set(format.Required)
	if f.Optional {
		e.RepetitionType.Set(format.Optional)
	}
	if logical := t.LogicalType(); logical != nil {
		e.LogicalType = *logical
	}
	if converted := t.ConvertedType(); converted != nil {
		e.ConvertedType.Set(*converted)
	}
	if f.Type == column.Decimal { // older readers look for these here
		e.Precision.Set(18)
		e.Scale.Set(2)
	}
	return e
}
