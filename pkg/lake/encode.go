package lake

import (
	"bytes"
	"fmt"
	"sort"
	"strconv"

	"github.com/parquet-go/parquet-go"

	"github.com/saleslake/saleslake/pkg/column"
)

// valuesPerWrite is how many values go to a column writer at once: few enough
// to stay in the processor's cache.
const valuesPerWrite = 4096

// Encoder writes batches as Parquet files; it keeps its buffers between files.
// It is for one goroutine. The same batches and meta give the same bytes.
type Encoder struct {
	schema   *column.Schema
	options  []parquet.WriterOption
	rowGroup int
	writer   *parquet.Writer
	values   []parquet.Value // scratch
	symbols  []parquet.Value // scratch: a dictionary's values
}

// NewEncoder gives an encoder for files of one schema.
func NewEncoder(s *column.Schema, e Encoding) (*Encoder, error) {
	codec, err := e.codec()
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", s.Name, err)
	}
	options := []parquet.WriterOption{
		schemaOf(s),
		parquet.Compression(codec),
		parquet.CreatedBy("saleslake", strconv.Itoa(Format), s.Name),
		parquet.DataPageVersion(1), // read everywhere
		parquet.DataPageStatistics(false),
		parquet.PageBufferSize(1 << 20),
		parquet.MaxRowsPerRowGroup(int64(e.rowGroup())),
	}
	for i := range s.Fields {
		if s.Fields[i].Type == column.Symbol {
			options = append(options, parquet.SkipPageBounds(s.Fields[i].Name))
		}
	}
	return &Encoder{schema: s, options: options, rowGroup: e.rowGroup(),
		values: make([]parquet.Value, valuesPerWrite)}, nil
}

// Encode gives the file that holds the batches' rows in order. The bytes are
// the caller's.
func (e *Encoder) Encode(meta Meta, batches ...*column.Batch) ([]byte, error) {
	out := &bytes.Buffer{}
	e.begin(out, meta)
	inGroup := 0
	for _, b := range batches {
		for from, rows := 0, b.Rows(); from < rows; {
			to := min(rows, from+e.rowGroup-inGroup)
			if err := e.write(b, from, to); err != nil {
				return nil, fmt.Errorf("encode %s: %w", e.schema.Name, err)
			}
			inGroup += to - from
			from = to
			if inGroup == e.rowGroup {
				if err := e.writer.Flush(); err != nil {
					return nil, fmt.Errorf("encode row group of %s: %w", e.schema.Name, err)
				}
				inGroup = 0
			}
		}
	}
	if err := e.writer.Close(); err != nil {
		return nil, fmt.Errorf("encode footer of %s: %w", e.schema.Name, err)
	}
	return out.Bytes(), nil
}

// begin makes a writer for a new file. The library's Reset would keep state of
// the file before, so that the same rows gave other bytes.
func (e *Encoder) begin(out *bytes.Buffer, meta Meta) {
	all := Meta{MetaSchema: e.schema.Name, MetaVersion: strconv.Itoa(e.schema.Version)}
	for k, v := range meta {
		all[k] = v
	}
	e.writer = parquet.NewWriter(out, e.options...)
	names := make([]string, 0, len(all))
	for k := range all {
		names = append(names, k)
	}
	sort.Strings(names)
	for _, k := range names {
		e.writer.SetKeyValueMetadata(k, all[k])
	}
}

func (e *Encoder) write(b *column.Batch, from, to int) error {
	writers := e.writer.ColumnWriters()
	for i := range b.Columns {
		c, f := &b.Columns[i], &e.schema.Fields[i]
		if c.Type == column.Symbol {
			e.fillSymbols(c.Dict, f.Optional)
		}
		for at := from; at < to; at += valuesPerWrite {
			end := min(to, at+valuesPerWrite)
			if _, err := writers[i].WriteRowValues(e.fill(c, f.Optional, at, end)); err != nil {
				return fmt.Errorf("column %s: %w", f.Name, err)
			}
		}
	}
	return nil
}

// fill gives the column's values from and up to to.
func (e *Encoder) fill(c *column.Column, optional bool, from, to int) []parquet.Value {
	values := e.values[:to-from]
	switch c.Type {
	case column.Int64, column.Decimal, column.Timestamp:
		for i, v := range c.I64[from:to] {
			values[i] = parquet.Int64Value(v)
		}
	case column.Symbol:
		for i, code := range c.I32[from:to] {
			values[i] = e.symbols[code]
		}
	case column.String, column.Binary:
		for i := range values {
			values[i] = textValue(c.Text.At(from+i), optional)
		}
	default:
		for i, v := range c.I32[from:to] {
			values[i] = parquet.Int32Value(v)
		}
	}
	return values
}

func (e *Encoder) fillSymbols(d *column.Dict, optional bool) {
	e.symbols = e.symbols[:0]
	for code := range d.Len() {
		e.symbols = append(e.symbols, textValue([]byte(d.Value(int32(code))), optional))
	}
}

// textValue gives a value at its definition level; empty is null where null may be.
func textValue(v []byte, optional bool) parquet.Value {
	switch {
	case !optional:
		return parquet.ByteArrayValue(v)
	case len(v) == 0:
		return parquet.NullValue()
	default:
		return parquet.ByteArrayValue(v).Level(0, 1, 0)
	}
}
