package dq

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/apache/thrift/lib/go/thrift"
	"github.com/xitongsys/parquet-go/compress"
	"github.com/xitongsys/parquet-go/parquet"

	"github.com/saleslake/saleslake/pkg/column"
)

// Values are a column of a row group. One of Ints, Codes and Text has its values.
type Values struct {
	Name  string
	text  bool
	Ints  []int64     // INT32 and INT64
	Codes []int32     // text in a dictionary: positions in Dict, -1 for null
	Dict  []string    // of Codes
	Text  column.Text // other text; null is empty
	Null  []bool      // of Ints, nil when none is null
}

// At gives text value i; null is "".
func (v *Values) At(i int) []byte {
	if v.Codes == nil {
		return v.Text.At(i)
	}
	if code := v.Codes[i]; code >= 0 {
		return []byte(v.Dict[code])
	}
	return nil
}

// decoder reads the pages of a column chunk. Footer, page headers and compression are the
// library's; the values are taken from the pages here, as the library would box each.
type decoder struct {
	data     []byte // of the file
	meta     *parquet.ColumnMetaData
	rows     int
	optional bool
	into     *Values

	dict   []string
	levels []int32 // of the page, 0 is null
}

var errShort = errors.New("a page ends early")

func (d *decoder) decode() error {
	from := d.meta.GetDataPageOffset()
	if d.meta.IsSetDictionaryPageOffset() && d.meta.GetDictionaryPageOffset() > 0 {
		from = d.meta.GetDictionaryPageOffset()
	}
	to := from + d.meta.GetTotalCompressedSize()
	if from < 4 || to < from || to > int64(len(d.data)) {
		return fmt.Errorf("its pages are at bytes %d to %d of %d", from, to, len(d.data))
	}
	if d.meta.GetNumValues() != int64(d.rows) {
		return fmt.Errorf("the footer says %d values of %d rows", d.meta.GetNumValues(), d.rows)
	}
	pages := &thrift.TMemoryBuffer{Buffer: bytes.NewBuffer(d.data[from:to])}
	protocol := thrift.NewTCompactProtocolConf(pages, nil)
	done := 0
	for pages.Len() > 0 {
		header := parquet.NewPageHeader()
		if err := header.Read(context.Background(), protocol); err != nil {
			return fmt.Errorf("read page header: %w", err)
		}
		size := int(header.GetCompressedPageSize())
		if size < 0 || size > pages.Len() {
			return errShort
		}
		n, err := d.page(header, pages.Next(size), done)
		if err != nil {
			return err
		}
		done += n
	}
	if done != d.rows {
		return fmt.Errorf("has %d of %d values", done, d.rows)
	}
	return nil
}

// page decodes one page and gives the number of its values; done have been before.
func (d *decoder) page(h *parquet.PageHeader, packed []byte, done int) (int, error) {
	if h.IsSetCrc() && uint32(h.GetCrc()) != crc32.ChecksumIEEE(packed) {
		return 0, errors.New("the CRC of a page differs")
	}
	body, err := compress.Uncompress(packed, d.meta.GetCodec())
	if err != nil {
		return 0, fmt.Errorf("uncompress a page: %w", err)
	}
	if len(body) != int(h.GetUncompressedPageSize()) {
		return 0, fmt.Errorf("a page has %d bytes, its header says %d", len(body), h.GetUncompressedPageSize())
	}
	switch {
	case h.GetType() == parquet.PageType_DICTIONARY_PAGE && h.IsSetDictionaryPageHeader():
		return 0, d.dictionary(body, int(h.GetDictionaryPageHeader().GetNumValues()))
	case h.GetType() == parquet.PageType_DATA_PAGE && h.IsSetDataPageHeader():
		n := int(h.GetDataPageHeader().GetNumValues())
		if n < 0 || n > d.rows-done {
			return 0, fmt.Errorf("has more than %d values", d.rows)
		}
		return n, d.values(body, n, h.GetDataPageHeader().GetEncoding())
	default:
		return 0, fmt.Errorf("a page of type %s is not read here", h.GetType())
	}
}

func (d *decoder) dictionary(body []byte, n int) error {
	d.dict = make([]string, 0, min(max(n, 0), len(body)/4))
	for len(d.dict) < n {
		value, rest, err := byteArray(body)
		if err != nil {
			return err
		}
		d.dict, body = append(d.dict, string(value)), rest
	}
	return nil
}

// values decodes the n values of a data page.
func (d *decoder) values(body []byte, n int, encoding parquet.Encoding) error {
	present := n
	d.levels = d.levels[:0]
	if d.optional {
		var err error
		if body, present, err = d.definition(body, n); err != nil {
			return err
		}
	}
	plain, coded := encoding == parquet.Encoding_PLAIN, encoding == parquet.Encoding_RLE_DICTIONARY || encoding == parquet.Encoding_PLAIN_DICTIONARY
	switch kind := d.meta.GetType(); {
	case kind == parquet.Type_INT64 && plain:
		return d.integers(body, n, present, 8)
	case kind == parquet.Type_INT32 && plain:
		return d.integers(body, n, present, 4)
	case kind == parquet.Type_BYTE_ARRAY && plain && d.into.Codes == nil:
		return d.text(body, n)
	case kind == parquet.Type_BYTE_ARRAY && coded && d.into.Text.Len() == 0:
		return d.codes(body, n, present)
	default:
		return fmt.Errorf("%s in encoding %s is not read here", d.meta.GetType(), encoding)
	}
}

// definition reads the levels that say which values are null, and gives what follows them.
func (d *decoder) definition(body []byte, n int) (rest []byte, present int, err error) {
	if len(body) < 4 {
		return nil, 0, errShort
	}
	size := int(binary.LittleEndian.Uint32(body))
	if size > len(body)-4 {
		return nil, 0, errShort
	}
	if d.levels, err = hybrid(d.levels, body[4:4+size], n, 1); err != nil {
		return nil, 0, err
	}
	for _, level := range d.levels {
		present += int(level)
	}
	return body[4+size:], present, nil
}

func (d *decoder) integers(body []byte, n, present, width int) error {
	if len(body) != present*width {
		return fmt.Errorf("a page has %d bytes for %d values", len(body), present)
	}
	v := d.into
	if v.Ints == nil {
		v.Ints = make([]int64, 0, d.rows)
	}
	if present == n {
		if v.Ints = appendIntegers(v.Ints, body, width); v.Null != nil {
			v.Null = append(v.Null, make([]bool, n)...)
		}
		return nil
	}
	for len(v.Null) < len(v.Ints) {
		v.Null = append(v.Null, false)
	}
	for _, level := range d.levels {
		if v.Null = append(v.Null, level == 0); level == 0 {
			v.Ints = append(v.Ints, 0)
			continue
		}
		v.Ints, body = appendIntegers(v.Ints, body[:width], width), body[width:]
	}
	return nil
}

func appendIntegers(to []int64, body []byte, width int) []int64 {
	if width == 8 {
		for ; len(body) >= 8; body = body[8:] {
			to = append(to, int64(binary.LittleEndian.Uint64(body)))
		}
		return to
	}
	for ; len(body) >= 4; body = body[4:] {
		to = append(to, int64(int32(binary.LittleEndian.Uint32(body))))
	}
	return to
}

func (d *decoder) text(body []byte, n int) error {
	t := &d.into.Text
	if t.Ends == nil { // with room for all pages, unless the footer claims too much
		t.Ends = make([]uint32, 0, d.rows)
		t.Data = make([]byte, 0, min(int(d.meta.GetTotalUncompressedSize()), 64*d.rows))
	}
	for i := range n {
		if len(d.levels) > 0 && d.levels[i] == 0 {
			t.Append(nil)
			continue
		}
		value, rest, err := byteArray(body)
		if err != nil {
			return err
		}
		t.Append(value)
		body = rest
	}
	if len(body) > 0 {
		return fmt.Errorf("a page has %d bytes behind its values", len(body))
	}
	return nil
}

func (d *decoder) codes(body []byte, n, present int) error {
	v := d.into
	if v.Dict = d.dict; v.Codes == nil {
		v.Codes = make([]int32, 0, d.rows)
	}
	if len(body) == 0 {
		return errShort
	}
	width := int(body[0])
	if width > 32 {
		return fmt.Errorf("codes of %d bits", width)
	}
	start := len(v.Codes)
	var err error
	if v.Codes, err = hybrid(v.Codes, body[1:], present, width); err != nil {
		return err
	}
	for _, code := range v.Codes[start:] {
		if int(code) >= len(v.Dict) || code < 0 {
			return fmt.Errorf("code %d of a dictionary of %d", code, len(v.Dict))
		}
	}
	if present == n {
		return nil
	}
	v.Codes = append(v.Codes, make([]int32, n-present)...) // spread from behind
	for i, from := n-1, present-1; i >= 0; i-- {
		if d.levels[i] == 0 {
			v.Codes[start+i] = -1
			continue
		}
		v.Codes[start+i] = v.Codes[start+from]
		from--
	}
	return nil
}

func byteArray(body []byte) (value, rest []byte, err error) {
	if len(body) < 4 {
		return nil, nil, errShort
	}
	n := int(binary.LittleEndian.Uint32(body))
	if n > len(body)-4 {
		return nil, nil, errShort
	}
	return body[4 : 4+n], body[4+n:], nil
}

// hybrid appends n values of Parquet's RLE and bit-packing hybrid.
func hybrid(to []int32, body []byte, n, width int) ([]int32, error) {
	for end := len(to) + n; len(to) < end; {
		header, size := binary.Uvarint(body)
		if size <= 0 || header>>1 == 0 {
			return nil, errShort
		}
		body = body[size:]
		if header&1 == 0 {
			bytes := (width + 7) / 8
			if len(body) < bytes {
				return nil, errShort
			}
			value := uint32(0)
			for i, b := range body[:bytes] {
				value |= uint32(b) << (8 * i)
			}
			for range min(int(header>>1), end-len(to)) {
				to = append(to, int32(value))
			}
			body = body[bytes:]
			continue
		}
		if header>>1 > uint64(len(body)) && width > 0 {
			return nil, errShort
		}
		bytes := int(header>>1) * width
		if bytes > len(body) {
			return nil, errShort
		}
		to = unpack(to, body[:bytes], min(int(header>>1)*8, end-len(to)), width)
		body = body[bytes:]
	}
	return to, nil
}

// unpack appends n values of width bits each, the lowest bits first.
func unpack(to []int32, body []byte, n, width int) []int32 {
	var window uint64
	held, mask := 0, uint64(1)<<width-1
	for range n {
		for held < width {
			window |= uint64(body[0]) << held
			body, held = body[1:], held+8
		}
		to = append(to, int32(window&mask))
		window, held = window>>width, held-width
	}
	return to
}
