package lake

import (
	"errors"
	"fmt"

	"github.com/parquet-go/parquet-go"

	"github.com/saleslake/saleslake/pkg/column"
)

var errNull = errors.New("null where none may be")

// pageReader appends the pages of one column chunk to a column.
type pageReader struct {
	dst      *column.Column
	optional bool
	dict     parquet.Dictionary
	codes    []int32  // by code of dict: the code in dst.Dict, for a Symbol
	texts    [][]byte // by code of dict: the value, for other text
}

func (r *pageReader) append(page parquet.Page) error {
	nulls := page.NumNulls()
	if nulls > 0 && !r.optional {
		return errNull
	}
	levels := page.DefinitionLevels()
	if nulls == 0 {
		levels = nil
	}
	want := r.dst.Len() + int(page.NumRows())
	if err := r.appendValues(page, levels); err != nil {
		return err
	}
	if r.dst.Len() != want {
		return fmt.Errorf("a page of %d rows gave %d", page.NumRows(), page.NumRows()+int64(r.dst.Len()-want))
	}
	return nil
}

func (r *pageReader) appendValues(page parquet.Page, levels []byte) error {
	data := page.Data()
	switch r.dst.Type {
	case column.Int64, column.Decimal, column.Timestamp:
		r.dst.I64 = append(r.dst.I64, data.Int64()...)
	case column.Int32, column.Date:
		r.dst.I32 = append(r.dst.I32, data.Int32()...)
	default:
		if page.Dictionary() != nil {
			return r.appendCodes(page, levels)
		}
		text, ends := data.ByteArray()
		return r.appendText(text, ends, levels)
	}
	return nil
}

// appendText adds plain text: value i ends at ends[i+1].
func (r *pageReader) appendText(text []byte, ends []uint32, levels []byte) error {
	if len(ends) == 0 {
		return errors.New("a page without offsets")
	}
	if r.dst.Type != column.Symbol && levels == nil {
		r.dst.Text.AppendAll(text[ends[0]:ends[len(ends)-1]], ends)
		return nil
	}
	next := 0
	value := func() []byte { next++; return text[ends[next-1]:ends[next]] }
	if levels == nil {
		for range len(ends) - 1 {
			r.dst.AppendBytes(value())
		}
		return nil
	}
	for _, level := range levels {
		if level == 0 {
			r.dst.AppendBytes(nil)
		} else {
			r.dst.AppendBytes(value())
		}
	}
	return nil
}

// appendCodes adds a dictionary-encoded page.
func (r *pageReader) appendCodes(page parquet.Page, levels []byte) error {
	if r.dict != page.Dictionary() {
		r.remap(page.Dictionary())
	}
	data := page.Data()
	codes := data.Int32()
	if r.dst.Type != column.Symbol {
		return r.appendLookups(codes, levels)
	}
	if levels == nil {
		for _, code := range codes {
			r.dst.I32 = append(r.dst.I32, r.codes[code])
		}
		return nil
	}
	null, next := r.dst.Dict.Code(nil), 0
	for _, level := range levels {
		code := null
		if level != 0 {
			code = r.codes[codes[next]]
			next++
		}
		r.dst.I32 = append(r.dst.I32, code)
	}
	return nil
}

func (r *pageReader) appendLookups(codes []int32, levels []byte) error {
	if levels == nil {
		for _, code := range codes {
			r.dst.Text.Append(r.texts[code])
		}
		return nil
	}
	next := 0
	for _, level := range levels {
		if level == 0 {
			r.dst.Text.Append(nil)
			continue
		}
		r.dst.Text.Append(r.texts[codes[next]])
		next++
	}
	return nil
}

// remap prepares the lookup of a dictionary's codes.
func (r *pageReader) remap(d parquet.Dictionary) {
	r.dict = d
	r.codes, r.texts = r.codes[:0], r.texts[:0]
	for i := range d.Len() {
		value := d.Index(int32(i)).ByteArray()
		if r.dst.Type == column.Symbol {
			r.codes = append(r.codes, r.dst.Dict.Code(value))
		} else {
			r.texts = append(r.texts, value)
		}
	}
}
