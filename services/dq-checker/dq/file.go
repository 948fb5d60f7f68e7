package dq

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/xitongsys/parquet-go/parquet"
	"github.com/xitongsys/parquet-go/reader"
	"github.com/xitongsys/parquet-go/source"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
)

// errReadOnly is what the library gets when it tries to write.
var errReadOnly = errors.New("file in memory is read only")

// memoryFile is an object's bytes as the library wants a file.
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

// File is an object as the second implementation sees it.
type File struct {
	key    string
	data   []byte
	rows   int64
	footer *parquet.FileMetaData
	leaves []*parquet.SchemaElement // the columns, in the file's order
}

// OpenFile holds the object against its manifest entry (length, SHA-256, rows) and reads its
// footer with xitongsys/parquet-go, which shares no code with the writer. What differs is
// an error that wraps lake.ErrCorrupt and names file, found and expected.
func OpenFile(data []byte, f lake.File) (file *File, err error) {
	if int64(len(data)) != f.Bytes {
		return nil, fmt.Errorf("%s: %w: object has %d bytes, its manifest says %d", f.Key, lake.ErrCorrupt, len(data), f.Bytes)
	}
	sum := sha256.Sum256(data)
	if found := hex.EncodeToString(sum[:]); found != f.SHA256 {
		return nil, fmt.Errorf("%s: %w: object has SHA-256 %s, its manifest says %s", f.Key, lake.ErrCorrupt, found, f.SHA256)
	}
	defer recoverCorrupt(f.Key, &err)
	r := &reader.ParquetReader{PFile: newMemoryFile(data)}
	if err := r.ReadFooter(); err != nil {
		return nil, fmt.Errorf("%s: %w: read footer: %w", f.Key, lake.ErrCorrupt, err)
	}
	file = &File{key: f.Key, data: data, rows: r.GetNumRows(), footer: r.Footer, leaves: r.Footer.GetSchema()[1:]} // the first is the root
	if file.rows != f.Rows {
		return nil, fmt.Errorf("%s: %w: footer says %d rows, the manifest %d", f.Key, lake.ErrCorrupt, file.rows, f.Rows)
	}
	for _, e := range file.leaves {
		if e.GetNumChildren() != 0 {
			return nil, fmt.Errorf("%s: %w: column %s is nested", f.Key, lake.ErrCorrupt, e.GetName())
		}
	}
	var rows int64
	for i, g := range r.Footer.GetRowGroups() {
		if rows += g.GetNumRows(); g.GetNumRows() < 0 || len(g.GetColumns()) != len(file.leaves) {
			return nil, fmt.Errorf("%s: %w: row group %d has %d columns and %d rows, the file %d columns", f.Key, lake.ErrCorrupt, i, len(g.GetColumns()), g.GetNumRows(), len(file.leaves))
		}
	}
	if rows != file.rows {
		return nil, fmt.Errorf("%s: %w: its row groups have %d rows, the footer says %d", f.Key, lake.ErrCorrupt, rows, file.rows)
	}
	return file, nil
}

// recoverCorrupt turns a panic of the library, or of decoding what it gave, into an error
// that names the file.
func recoverCorrupt(name string, err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("%s: %w: reader stopped: %v", name, lake.ErrCorrupt, p)
	}
}

// RowGroup is a row group, decoded: every column, also those that no rule reads.
type RowGroup struct {
	File    string
	First   int64 // row of the file that is the group's first, from 0
	Rows    int
	Columns []Values // in the file's order
	schema  *column.Schema
}

// RowGroup decodes row group i. Each column must have as many values as the footer says.
func (f *File) RowGroup(i int, s *column.Schema) (g *RowGroup, err error) {
	defer recoverCorrupt(f.key, &err)
	meta := f.footer.RowGroups[i]
	g = &RowGroup{File: f.key, Rows: int(meta.NumRows), Columns: make([]Values, len(f.leaves)), schema: s}
	for _, before := range f.footer.RowGroups[:i] {
		g.First += before.NumRows
	}
	for c, chunk := range meta.Columns {
		v := &g.Columns[c]
		v.Name, v.text = f.leaves[c].GetName(), f.leaves[c].GetType() == parquet.Type_BYTE_ARRAY
		if path := strings.Join(chunk.GetMetaData().GetPathInSchema(), "."); path != v.Name {
			return nil, fmt.Errorf("%s: %w: row group %d has column %s in the place of %s", f.key, lake.ErrCorrupt, i, path, v.Name)
		}
		d := decoder{data: f.data, meta: chunk.MetaData, rows: g.Rows, optional: f.leaves[c].GetRepetitionType() == parquet.FieldRepetitionType_OPTIONAL, into: v}
		if err := d.decode(); err != nil {
			return nil, fmt.Errorf("%s: %w: row group %d: column %s: %w", f.key, lake.ErrCorrupt, i, v.Name, err)
		}
	}
	return g, nil
}

// Column gives the values of a column of the declared schema. A file that was written before
// the column was added has its default. Other types than the declared are an error.
func (g *RowGroup) Column(name string) (*Values, error) {
	field := &g.schema.Fields[g.schema.Must(name)]
	for i := range g.Columns {
		v := &g.Columns[i]
		if v.Name != name {
			continue
		}
		if v.text != field.Type.IsText() {
			return nil, fmt.Errorf("%s: %w: column %s is not a %s", g.File, lake.ErrCorrupt, name, field.Type)
		}
		return v, nil
	}
	if !field.Added {
		return nil, fmt.Errorf("%s: %w: no column %s", g.File, lake.ErrCorrupt, name)
	}
	v := &Values{Name: name, text: field.Type.IsText()}
	if v.text {
		v.Codes = make([]int32, g.Rows)
		for i := range v.Codes {
			v.Codes[i] = -1
		}
		return v, nil
	}
	v.Ints = make([]int64, g.Rows)
	for i := range v.Ints {
		v.Ints[i] = field.Default
	}
	return v, nil
}

// Drift says where the file's columns are not those that are declared. Columns that were
// added later may be missing.
func (f *File) Drift(s *column.Schema) (drift []string) {
	at := 0
	for i := range s.Fields {
		want := describe(&s.Fields[i])
		switch {
		case at < len(f.leaves) && f.leaves[at].GetName() == s.Fields[i].Name:
			if found := describeElement(f.leaves[at]); found != want {
				drift = append(drift, fmt.Sprintf("column %s is %s, declared is %s", s.Fields[i].Name, found, want))
			}
			at++
		case !s.Fields[i].Added:
			found := "the end"
			if at < len(f.leaves) {
				found = f.leaves[at].GetName()
			}
			return append(drift, fmt.Sprintf("column %d is %s, declared is %s", at+1, found, s.Fields[i].Name))
		}
	}
	for _, e := range f.leaves[at:] {
		drift = append(drift, "column "+e.GetName()+" is not declared")
	}
	return drift
}

// describe gives what a file must say of a column: type, meaning, nulls and field id.
func describe(f *column.Field) string {
	kinds := map[column.Type]string{column.Int32: "INT32 INT(32)", column.Int64: "INT64 INT(64)", column.Decimal: "INT64 DECIMAL(18,2)", column.Timestamp: "INT64 TIMESTAMP(us, UTC)",
		column.Date: "INT32 DATE", column.String: "BYTE_ARRAY STRING", column.Symbol: "BYTE_ARRAY STRING", column.Binary: "BYTE_ARRAY"}
	nulls := "REQUIRED"
	if f.Optional {
		nulls = "OPTIONAL"
	}
	return fmt.Sprintf("%s %s, field id %d", kinds[f.Type], nulls, f.ID)
}

func describeElement(e *parquet.SchemaElement) string {
	kind := e.GetType().String()
	switch l := e.GetLogicalType(); {
	case l == nil:
	case l.IsSetINTEGER():
		kind += fmt.Sprintf(" INT(%d)", l.INTEGER.BitWidth)
		if !l.INTEGER.IsSigned {
			kind += " unsigned"
		}
	case l.IsSetDECIMAL():
		kind += fmt.Sprintf(" DECIMAL(%d,%d)", l.DECIMAL.Precision, l.DECIMAL.Scale)
	case l.IsSetTIMESTAMP():
		kind += " TIMESTAMP(" + unitOf(l.TIMESTAMP) + ")"
	case l.IsSetDATE():
		kind += " DATE"
	case l.IsSetSTRING():
		kind += " STRING"
	default:
		kind += " " + l.String()
	}
	return fmt.Sprintf("%s %s, field id %d", kind, e.GetRepetitionType(), e.GetFieldID())
}

func unitOf(t *parquet.TimestampType) string {
	unit := "ns"
	switch {
	case t.Unit == nil:
	case t.Unit.IsSetMICROS():
		unit = "us"
	case t.Unit.IsSetMILLIS():
		unit = "ms"
	}
	if t.IsAdjustedToUTC {
		return unit + ", UTC"
	}
	return unit + ", local"
}
