package lake

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/parquet-go/parquet-go"

	"github.com/saleslake/saleslake/pkg/column"
)

// Reader reads one file that is in memory.
type Reader struct {
	name string
	file *parquet.File
}

// Open reads the footer of a file. name is for errors, which wrap ErrCorrupt.
func Open(name string, data []byte) (r *Reader, err error) {
	defer asCorrupt(name, &err)
	if err := checkFooter(data); err != nil {
		return nil, err
	}
	file, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)),
		parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, fmt.Errorf("read footer: %w", err)
	}
	sum := int64(0)
	for _, g := range file.RowGroups() {
		sum += g.NumRows()
	}
	if sum != file.NumRows() {
		return nil, fmt.Errorf("the footer says %d rows, its row groups have %d", file.NumRows(), sum)
	}
	return &Reader{name: name, file: file}, nil
}

// checkFooter guards the library's allocation of the footer by the length that
// the file says.
func checkFooter(data []byte) error {
	n := len(data)
	if n < 12 || string(data[:4]) != "PAR1" || string(data[n-4:]) != "PAR1" {
		return errors.New("no Parquet file: want PAR1 at both ends")
	}
	footer := int(data[n-8]) | int(data[n-7])<<8 | int(data[n-6])<<16 | int(data[n-5])<<24
	if footer > n-12 {
		return fmt.Errorf("the footer's length of %d is more than the file's %d bytes", footer, n)
	}
	return nil
}

// asCorrupt gives every fault the file's name and makes a panic of the library
// an error: no bytes may stop the program.
func asCorrupt(name string, err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("decode: %v", p)
	}
	if *err != nil {
		*err = fmt.Errorf("%s: %w: %w", name, ErrCorrupt, *err)
	}
}

// Name is the one that the file was opened by.
func (r *Reader) Name() string { return r.name }

// Rows is the number of rows.
func (r *Reader) Rows() int64 { return r.file.NumRows() }

// Meta is what the file says of itself.
func (r *Reader) Meta() Meta {
	meta := Meta{}
	for _, kv := range r.file.Metadata().KeyValueMetadata {
		meta[kv.Key] = kv.Value
	}
	return meta
}

// Read appends all rows, of just the columns of dst's schema, found by name. An
// optional column that the file lacks is null, one that was added later has its
// default; another one that it lacks, another type, or a page that does not decode is an error wrapping ErrCorrupt, and dst has
// the rows it had.
func (r *Reader) Read(dst *column.Batch) (err error) {
	before := dst.Rows()
	defer func() {
		if err != nil {
			dst.Truncate(before)
		}
	}()
	defer asCorrupt(r.name, &err)
	for i := range dst.Columns {
		if err := r.readColumn(&dst.Schema.Fields[i], &dst.Columns[i]); err != nil {
			return fmt.Errorf("column %s: %w", dst.Schema.Fields[i].Name, err)
		}
	}
	return nil
}

func (r *Reader) readColumn(f *column.Field, dst *column.Column) error {
	dst.Grow(int(r.Rows()))
	leaf := r.file.Root().Column(f.Name)
	if leaf == nil {
		return r.fillIn(f, dst)
	}
	if want, got := typeOf(f.Type).String(), leaf.Type().String(); !leaf.Leaf() || leaf.Repeated() || want != got {
		return fmt.Errorf("the file has %s, want %s", got, want)
	}
	r.growText(leaf.Index(), dst)
	for _, g := range r.file.RowGroups() {
		before := dst.Len()
		if err := readChunk(g.ColumnChunks()[leaf.Index()], f.Optional, dst); err != nil {
			return err
		}
		if got := dst.Len() - before; int64(got) != g.NumRows() {
			return fmt.Errorf("%d values in a row group of %d rows", got, g.NumRows())
		}
	}
	return nil
}

// fillIn gives the rows of an older file a column that it lacks.
func (r *Reader) fillIn(f *column.Field, dst *column.Column) error {
	switch {
	case f.Optional:
		dst.AppendNulls(int(r.Rows()))
	case f.Added:
		dst.AppendDefaults(f.Default, int(r.Rows()))
	default:
		return errors.New("the file lacks it")
	}
	return nil
}

// maxInflation bounds how much more room than its own bytes a file may ask for.
const maxInflation = 16

// growText makes room for a text column at once, by the size that the footer
// says; growing with each page would copy what is there several times.
func (r *Reader) growText(leaf int, dst *column.Column) {
	if dst.Type != column.String && dst.Type != column.Binary {
		return
	}
	size := int64(0)
	for _, g := range r.file.Metadata().RowGroups {
		size += g.Columns[leaf].MetaData.TotalUncompressedSize - 4*g.NumRows // each value has its length before it
	}
	if size = min(size, maxInflation*r.file.Size()); size > 0 {
		dst.Text.Data = slices.Grow(dst.Text.Data, int(size))
	}
}

func readChunk(chunk parquet.ColumnChunk, optional bool, dst *column.Column) error {
	pages := chunk.Pages()
	defer pages.Close() //nolint:errcheck // nothing is open: the file is in memory
	reader := pageReader{dst: dst, optional: optional}
	for {
		page, err := pages.ReadPage()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read page: %w", err)
		}
		err = reader.append(page)
		parquet.Release(page)
		if err != nil {
			return err
		}
	}
}
