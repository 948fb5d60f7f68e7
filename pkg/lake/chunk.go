package lake

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"math/bits"

	"github.com/parquet-go/parquet-go/compress"
	"github.com/parquet-go/parquet-go/encoding/rle"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"github.com/saleslake/saleslake/pkg/column"
)

const (
	pageRows  = 16_384
	pageBytes = 1 << 20 // a page of text ends at the first value that passes it
)

// chunkWriter writes column chunks, each the values of a column in one row
// group, at the end of out.
type chunkWriter struct {
	codec compress.Codec
	out   []byte

	field  *column.Field
	meta   format.ColumnMetaData
	bounds bounds
	dict   *column.Dict // the chunk's dictionary, for a Symbol
	codes  []int32      // the chunk's values as codes of dict, -1 for null

	levels  []byte  // of the page, one a row: 0 for null
	present []int32 // of the page: the codes that are not null
	values  []byte  // of the page
	body    []byte  // of the page: levels and values
	packed  []byte  // scratch: what a coding or the compression gave
}

// write appends the chunk of one column and gives what the footer says of it.
func (w *chunkWriter) write(f *column.Field, index int, rows []rowRange) (format.ColumnMetaData, error) {
	w.field, w.bounds = f, bounds{}
	w.meta = format.ColumnMetaData{Type: *typeOf(f.Type).PhysicalType(), PathInSchema: []string{f.Name}, Codec: w.codec.CompressionCodec(),
		Encoding: []format.Encoding{format.Plain, format.RLE}}
	if f.Type == column.Symbol {
		w.meta.Encoding = append(w.meta.Encoding, format.RLEDictionary)
		w.mapCodes(index, rows)
		if err := w.dictionaryPage(); err != nil {
			return w.meta, err
		}
	}
	w.meta.DataPageOffset = int64(len(w.out))
	done := 0
	for _, r := range rows {
		for from := r.from; from < r.to; {
			to, err := w.fill(&r.batch.Columns[index], done, from, min(r.to, from+pageRows))
			if err != nil {
				return w.meta, err
			}
			if err := w.dataPage(to - from); err != nil {
				return w.meta, err
			}
			done += to - from
			from = to
		}
	}
	w.meta.Statistics.MinValue, w.meta.Statistics.MaxValue = w.bounds.encode(f.Type)
	return w.meta, nil
}

// mapCodes gives the chunk a dictionary of just its values, in the order of
// first sight, from the batches' dictionaries, which may hold more.
func (w *chunkWriter) mapCodes(index int, rows []rowRange) {
	w.dict, w.codes = column.NewDict(), w.codes[:0]
	for _, r := range rows {
		c := &r.batch.Columns[index]
		mapped := make([]int32, c.Dict.Len()) // by code of the batch: 0 when unseen, else the code here + 2, so that null is 1
		for _, code := range c.I32[r.from:r.to] {
			if mapped[code] == 0 {
				mapped[code] = w.codeOf(c.Dict.Value(code)) + 2
			}
			w.codes = append(w.codes, mapped[code]-2)
		}
	}
}

func (w *chunkWriter) codeOf(value string) int32 {
	if value == "" && w.field.Optional {
		return -1
	}
	return w.dict.CodeString(value)
}

func (w *chunkWriter) dictionaryPage() error {
	w.values = w.values[:0]
	for code := range w.dict.Len() {
		value := w.dict.Value(int32(code))
		w.values = binary.LittleEndian.AppendUint32(w.values, uint32(len(value)))
		w.values = append(w.values, value...)
		w.bounds.addText([]byte(value))
	}
	w.meta.DictionaryPageOffset = int64(len(w.out))
	header := format.PageHeader{Type: format.DictionaryPage}
	header.DictionaryPageHeader.Set(format.DictionaryPageHeader{NumValues: int32(w.dict.Len()), Encoding: format.Plain})
	return w.page(&header, w.values)
}

// dataPage writes the page whose values fill prepared.
func (w *chunkWriter) dataPage(rows int) error {
	data := format.DataPageHeader{NumValues: int32(rows), Encoding: format.Plain,
		DefinitionLevelEncoding: format.RLE, RepetitionLevelEncoding: format.RLE}
	if w.field.Type == column.Symbol {
		data.Encoding = format.RLEDictionary
	}
	body := w.values
	if w.field.Optional {
		data.Statistics.NullCount = int64(bytes.Count(w.levels, []byte{0}))
		w.meta.Statistics.NullCount += data.Statistics.NullCount
		if err := w.prependLevels(); err != nil {
			return err
		}
		body = w.body
	}
	header := format.PageHeader{Type: format.DataPage}
	header.DataPageHeader.Set(data)
	return w.page(&header, body)
}

// prependLevels makes the body of a page that may have nulls.
func (w *chunkWriter) prependLevels() (err error) {
	if w.packed, err = (&rle.Encoding{BitWidth: 1}).EncodeLevels(w.packed[:0], w.levels); err != nil {
		return err
	}
	w.body = binary.LittleEndian.AppendUint32(w.body[:0], uint32(len(w.packed)))
	w.body = append(append(w.body, w.packed...), w.values...)
	return nil
}

// page compresses a page's body and appends it behind its header.
func (w *chunkWriter) page(header *format.PageHeader, body []byte) (err error) {
	if w.packed, err = w.codec.Encode(w.packed[:0], body); err != nil {
		return err
	}
	header.UncompressedPageSize, header.CompressedPageSize = int32(len(body)), int32(len(w.packed))
	header.CRC = int32(crc32.ChecksumIEEE(w.packed))
	head, err := thrift.Marshal(&thrift.CompactProtocol{}, header)
	if err != nil {
		return err
	}
	w.out = append(append(w.out, head...), w.packed...)
	w.meta.TotalUncompressedSize += int64(len(head) + len(body))
	w.meta.TotalCompressedSize += int64(len(head) + len(w.packed))
	return nil
}

// fill makes the page of the rows from and up to to of a batch's column, and
// gives where it ended: text may end sooner. done is the number of the chunk's
// rows before.
func (w *chunkWriter) fill(c *column.Column, done, from, to int) (int, error) {
	w.levels, w.values = w.levels[:0], w.values[:0]
	switch c.Type {
	case column.Symbol:
		return to, w.fillCodes(w.codes[done : done+to-from])
	case column.String, column.Binary:
		return w.fillText(&c.Text, from, to), nil
	case column.Int64, column.Decimal, column.Timestamp:
		addNumbers(&w.bounds, c.I64[from:to])
		for _, v := range c.I64[from:to] {
			w.values = binary.LittleEndian.AppendUint64(w.values, uint64(v))
		}
	default:
		addNumbers(&w.bounds, c.I32[from:to])
		for _, v := range c.I32[from:to] {
			w.values = binary.LittleEndian.AppendUint32(w.values, uint32(v))
		}
	}
	return to, nil
}

func (w *chunkWriter) fillText(text *column.Text, from, to int) int {
	for i := from; i < to; i++ {
		if len(w.values) >= pageBytes {
			return i
		}
		value := text.At(i)
		if w.field.Optional {
			w.levels = append(w.levels, byte(min(1, len(value))))
			if len(value) == 0 {
				continue
			}
		}
		w.values = binary.LittleEndian.AppendUint32(w.values, uint32(len(value)))
		w.values = append(w.values, value...)
		w.bounds.addText(value)
	}
	return to
}

func (w *chunkWriter) fillCodes(codes []int32) (err error) {
	if w.field.Optional {
		w.present = w.present[:0]
		for _, code := range codes {
			if code < 0 {
				w.levels = append(w.levels, 0)
				continue
			}
			w.levels = append(w.levels, 1)
			w.present = append(w.present, code)
		}
		codes = w.present
	}
	width := bits.Len32(uint32(max(0, w.dict.Len()-1)))
	w.packed, err = (&rle.Encoding{BitWidth: width}).EncodeInt32(w.packed[:0], codes)
	w.values = append(append(w.values, byte(width)), w.packed...)
	return err
}
