package lake

import (
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"

	"github.com/saleslake/saleslake/pkg/column"
)

// FileColumn is a column as the footer of a file declares it, whoever wrote it.
type FileColumn struct {
	Name     string
	Type     string // physical and logical, such as "INT64 TIMESTAMP(isAdjustedToUTC=true,unit=MICROS)"
	Optional bool   // may hold nulls
}

// ParquetType gives the form that a column's type has in files, spelled as in FileColumn.
func ParquetType(t column.Type) string { return spell(typeOf(t)) }

func spell(t parquet.Type) string {
	physical, logical := t.Kind().String(), t.String()
	if logical == physical {
		return physical
	}
	return physical + " " + logical
}

// Columns gives the file's columns in their order. One that is not a single value a row
// has the type "GROUP" or "REPEATED".
func (r *Reader) Columns() []FileColumn {
	var columns []FileColumn
	for _, c := range r.file.Root().Columns() {
		found := FileColumn{Name: c.Name(), Optional: c.Optional()}
		switch {
		case !c.Leaf():
			found.Type = "GROUP"
		case c.Repeated():
			found.Type = "REPEATED"
		default:
			found.Type = spell(c.Type())
		}
		columns = append(columns, found)
	}
	return columns
}

// FirstNull gives the first row, from 0, whose value in the named column is null; -1
// when there is none.
func (r *Reader) FirstNull(name string) (row int64, err error) {
	defer asCorrupt(r.name, &err)
	leaf := r.file.Root().Column(name)
	if leaf == nil || !leaf.Leaf() {
		return 0, fmt.Errorf("no column %s", name)
	}
	if !leaf.Optional() {
		return -1, nil
	}
	row = 0
	for _, g := range r.file.RowGroups() {
		found, err := firstNull(g.ColumnChunks()[leaf.Index()])
		if err != nil || found >= 0 {
			return row + found, err
		}
		row += g.NumRows()
	}
	return -1, nil
}

func firstNull(chunk parquet.ColumnChunk) (row int64, err error) {
	pages := chunk.Pages()
	defer pages.Close() //nolint:errcheck // nothing is open: the file is in memory
	for {
		page, err := pages.ReadPage()
		if errors.Is(err, io.EOF) {
			return -1, nil
		}
		if err != nil {
			return 0, fmt.Errorf("read page: %w", err)
		}
		rows, nulls, levels := page.NumRows(), page.NumNulls(), page.DefinitionLevels()
		for i := 0; nulls > 0 && i < len(levels); i++ {
			if levels[i] == 0 {
				parquet.Release(page)
				return row + int64(i), nil
			}
		}
		parquet.Release(page)
		row += rows
	}
}
