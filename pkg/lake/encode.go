package lake

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"github.com/saleslake/saleslake/pkg/column"
)

const (
	magic     = "PAR1"
	createdBy = "saleslake version 1 (build lake)" // application version x (build y), as readers parse it
)

// Encoder writes batches as Parquet files; it keeps its buffers between files.
// It is for one goroutine. The same batches and meta give the same bytes.
//
// The vectors and dictionary codes of a batch are nearly what Parquet pages
// hold, so pages are made here from whole vectors; the library lends the
// codings, the compression and the metadata's structs.
type Encoder struct {
	schema   *column.Schema
	elements []format.SchemaElement
	rowGroup int
	chunks   chunkWriter
}

// rowRange is a part of a row group: rows of one batch.
type rowRange struct {
	batch    *column.Batch
	from, to int
}

// NewEncoder gives an encoder for files of one schema.
func NewEncoder(s *column.Schema, e Encoding) (*Encoder, error) {
	codec, err := e.codec()
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", s.Name, err)
	}
	return &Encoder{schema: s, elements: elementsOf(s), rowGroup: e.rowGroup(), chunks: chunkWriter{codec: codec}}, nil
}

// Encode gives the file that holds the batches' rows in order. The bytes are
// the caller's.
func (e *Encoder) Encode(meta Meta, batches ...*column.Batch) ([]byte, error) {
	file := format.FileMetaData{Version: 1, Schema: e.elements, CreatedBy: createdBy,
		KeyValueMetadata: e.keyValues(meta), ColumnOrders: make([]format.ColumnOrder, len(e.schema.Fields))}
	for i := range file.ColumnOrders {
		file.ColumnOrders[i].Value = new(format.TypeDefinedOrder)
	}
	e.chunks.out = append(e.chunks.out[:0], magic...)
	for _, rows := range e.groups(batches) {
		group, err := e.writeGroup(rows)
		if err != nil {
			return nil, fmt.Errorf("encode %s: %w", e.schema.Name, err)
		}
		group.Ordinal = int16(len(file.RowGroups))
		file.RowGroups = append(file.RowGroups, group)
		file.NumRows += group.NumRows
	}
	footer, err := thrift.Marshal(&thrift.CompactProtocol{}, &file)
	if err != nil {
		return nil, fmt.Errorf("encode footer of %s: %w", e.schema.Name, err)
	}
	out := append(e.chunks.out, footer...)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(footer)))
	e.chunks.out = append(out, magic...)
	return bytes.Clone(e.chunks.out), nil
}

// groups cuts the batches into row groups.
func (e *Encoder) groups(batches []*column.Batch) [][]rowRange {
	var groups [][]rowRange
	var group []rowRange
	room := e.rowGroup
	for _, b := range batches {
		for from, rows := 0, b.Rows(); from < rows; {
			to := min(rows, from+room)
			group = append(group, rowRange{b, from, to})
			room -= to - from
			from = to
			if room == 0 {
				groups, group, room = append(groups, group), nil, e.rowGroup
			}
		}
	}
	if len(group) > 0 {
		groups = append(groups, group)
	}
	return groups
}

func (e *Encoder) writeGroup(rows []rowRange) (format.RowGroup, error) {
	group := format.RowGroup{FileOffset: int64(len(e.chunks.out)), Columns: make([]format.ColumnChunk, len(e.schema.Fields))}
	for _, r := range rows {
		group.NumRows += int64(r.to - r.from)
	}
	for i := range e.schema.Fields {
		meta, err := e.chunks.write(&e.schema.Fields[i], i, rows)
		if err != nil {
			return group, fmt.Errorf("column %s: %w", e.schema.Fields[i].Name, err)
		}
		meta.NumValues = group.NumRows
		group.Columns[i].MetaData = meta
		group.TotalByteSize += meta.TotalUncompressedSize
		group.TotalCompressedSize += meta.TotalCompressedSize
	}
	return group, nil
}

// keyValues gives the file's metadata, ordered by key.
func (e *Encoder) keyValues(meta Meta) []format.KeyValue {
	pairs := []format.KeyValue{{Key: MetaSchema, Value: e.schema.Name}, {Key: MetaVersion, Value: strconv.Itoa(e.schema.Version)}}
	for key, value := range meta {
		pairs = append(pairs, format.KeyValue{Key: key, Value: value})
	}
	slices.SortFunc(pairs, func(a, b format.KeyValue) int { return bytes.Compare([]byte(a.Key), []byte(b.Key)) })
	return pairs
}
