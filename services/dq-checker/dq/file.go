package dq

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/xitongsys/parquet-go/reader"
	"github.com/xitongsys/parquet-go/source"

	"github.com/saleslake/saleslake/pkg/lake"
)

// chunkRows bounds the memory of reading a column, which the library gives as
// boxed values.
const chunkRows = 65_536

// errReadOnly is what the library gets when it tries to write.
var errReadOnly = errors.New("file in memory is read only")

// memoryFile is an object's bytes as the library wants a file. Open gives an
// independent view, because each column has its own position.
type memoryFile struct {
	*bytes.Reader
	data []byte
}

func newMemoryFile(data []byte) memoryFile { return memoryFile{bytes.NewReader(data), data} }

func (f memoryFile) Open(string) (source.ParquetFile, error)   { return newMemoryFile(f.data), nil }
func (f memoryFile) Create(string) (source.ParquetFile, error) { return nil, errReadOnly }
func (f memoryFile) Write([]byte) (int, error)                 { return 0, errReadOnly }
func (f memoryFile) Close() error                              { return nil }

var _ io.ReadSeeker = memoryFile{}

// Table is a file as the second implementation reads it.
type Table struct {
	name    string
	rows    int64
	reader  *reader.ParquetReader
	columns map[string]int64
}

// ReadFile holds the object against its manifest entry (length, SHA-256, rows)
// and opens it with xitongsys/parquet-go, which shares no code with the writer.
// What differs is an error that wraps lake.ErrCorrupt and names file, found and
// expected.
func ReadFile(data []byte, f lake.File) (t *Table, err error) {
	if int64(len(data)) != f.Bytes {
		return nil, fmt.Errorf("%s: %w: object has %d bytes, its manifest says %d", f.Key, lake.ErrCorrupt, len(data), f.Bytes)
	}
	sum := sha256.Sum256(data)
	if found := hex.EncodeToString(sum[:]); found != f.SHA256 {
		return nil, fmt.Errorf("%s: %w: object has SHA-256 %s, its manifest says %s", f.Key, lake.ErrCorrupt, found, f.SHA256)
	}
	defer recoverCorrupt(f.Key, &err)
	r, err := reader.NewParquetColumnReader(newMemoryFile(data), 1)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: read footer: %w", f.Key, lake.ErrCorrupt, err)
	}
	t = &Table{name: f.Key, rows: r.GetNumRows(), reader: r, columns: map[string]int64{}}
	if t.rows != f.Rows {
		return nil, fmt.Errorf("%s: %w: footer says %d rows, the manifest %d", f.Key, lake.ErrCorrupt, t.rows, f.Rows)
	}
	for i, e := range r.Footer.GetSchema()[1:] { // the first is the root
		t.columns[r.SchemaHandler.GetExName(i+1)] = int64(i)
		if e.GetNumChildren() != 0 {
			return nil, fmt.Errorf("%s: %w: column %s is nested", f.Key, lake.ErrCorrupt, e.GetName())
		}
	}
	return t, nil
}

// recoverCorrupt turns a panic of the library into an error that names the file.
func recoverCorrupt(name string, err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("%s: %w: reader stopped: %v", name, lake.ErrCorrupt, p)
	}
}

// each calls fn for each value of a column, in row order; nil is null. The
// library swallows page errors, so a column that is shorter than the footer
// says is one.
func (t *Table) each(column string, fn func(row int64, value any)) (err error) {
	index, ok := t.columns[column]
	if !ok {
		return fmt.Errorf("%s: %w: no column %s", t.name, lake.ErrCorrupt, column)
	}
	defer recoverCorrupt(t.name, &err)
	row := int64(0)
	for row < t.rows {
		values, _, _, err := t.reader.ReadColumnByIndex(index, min(chunkRows, t.rows-row))
		if err != nil {
			return fmt.Errorf("%s: %w: read column %s: %w", t.name, lake.ErrCorrupt, column, err)
		}
		if len(values) == 0 {
			return fmt.Errorf("%s: %w: column %s ends after %d of %d rows", t.name, lake.ErrCorrupt, column, row, t.rows)
		}
		for _, v := range values {
			fn(row, v)
			row++
		}
	}
	return nil
}

// Ints calls fn for each value of an INT32 or INT64 column.
func (t *Table) Ints(column string, fn func(row, value int64, null bool)) error {
	wrong := ""
	err := t.each(column, func(row int64, v any) {
		switch n := v.(type) {
		case nil:
			fn(row, 0, true)
		case int64:
			fn(row, n, false)
		case int32:
			fn(row, int64(n), false)
		default:
			wrong = fmt.Sprintf("%T", v)
		}
	})
	return t.typed(column, "a whole number", wrong, err)
}

// Strings calls fn for each value of a string column; null and empty are "".
func (t *Table) Strings(column string, fn func(row int64, value string)) error {
	wrong := ""
	err := t.each(column, func(row int64, v any) {
		switch s := v.(type) {
		case nil:
			fn(row, "")
		case string:
			fn(row, s)
		default:
			wrong = fmt.Sprintf("%T", v)
		}
	})
	return t.typed(column, "text", wrong, err)
}

func (t *Table) typed(column, want, wrong string, err error) error {
	if err == nil && wrong != "" {
		return fmt.Errorf("%s: %w: column %s holds %s, want %s", t.name, lake.ErrCorrupt, column, wrong, want)
	}
	return err
}
