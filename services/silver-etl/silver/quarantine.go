package silver

import (
	"encoding/json"
	"strconv"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/services/silver-etl/clean"
)

// quarantined keeps rejected bronze rows with the reason, as rows of the
// quarantine schema.
func (d *dataset) quarantined(bronze *column.Batch, rejects []clean.Rejected) *column.Batch {
	q := column.NewBatch(d.quarantine, len(rejects))
	ids, sources := bronze.Column(d.columns.ID), bronze.Column("_source")
	partitions, offsets, arrived := bronze.Column("_partition"), bronze.Column("_offset"), bronze.Column("_ingest_ts")
	replayOf := bronze.Column("_replay_of")
	var raw []byte
	for _, r := range rejects {
		row := int(r.Row)
		raw = d.appendEvent(raw[:0], bronze, row)
		q.Column("code").AppendString(string(r.Code))
		q.Column("field").AppendString(r.Field)
		q.Column("message").AppendString(r.Message)
		q.Column("raw").AppendBytes(raw)
		q.Column("key").AppendBytes(ids.Bytes(row))
		q.Column("_source").AppendString(sources.String(row))
		put32(q, "_partition", partitions.I32[row])
		put64(q, "_offset", offsets.I64[row])
		put64(q, "_ingest_ts", arrived.I64[row])
		q.Column("_replay_of").AppendBytes(replayOf.Bytes(row))
		q.Column("event").AppendBytes(nil) // raw is one
	}
	return q
}

func put32(b *column.Batch, name string, v int32) {
	c := b.Column(name)
	c.I32 = append(c.I32, v)
}

func put64(b *column.Batch, name string, v int64) {
	c := b.Column(name)
	c.I64 = append(c.I64, v)
}

// appendEvent appends a bronze row as an event of the contract, so that it can
// be corrected and sent again: fields in the contract's order, unknown ones as
// they were sent, null ones left out.
func (d *dataset) appendEvent(dst []byte, bronze *column.Batch, row int) []byte {
	dst = append(dst, '{')
	for i := range bronze.Schema.Must("_rescued") { // the columns before it are the event's fields
		f, c := &bronze.Schema.Fields[i], &bronze.Columns[i]
		if f.Optional && len(c.Bytes(row)) == 0 {
			continue
		}
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, '"')
		dst = append(dst, f.Name...)
		dst = append(dst, '"', ':')
		if f.Name == d.flag {
			dst = strconv.AppendBool(dst, c.I32[row] != 0)
			continue
		}
		dst = appendValue(dst, c, row)
	}
	if rescued := bronze.Column("_rescued").Text.At(row); len(rescued) > len("{}") {
		dst = append(dst, ',')
		return append(dst, rescued[1:]...)
	}
	return append(dst, '}')
}

func appendValue(dst []byte, c *column.Column, row int) []byte {
	switch c.Type {
	case column.Timestamp:
		dst = append(dst, '"')
		dst = sales.AppendTimestamp(dst, c.I64[row])
		return append(dst, '"')
	case column.Decimal:
		return sales.AppendCents(dst, c.I64[row])
	case column.Int32:
		return strconv.AppendInt(dst, int64(c.I32[row]), 10)
	default:
		text, err := json.Marshal(c.String(row))
		if err != nil { // a string always has a JSON form
			panic(err)
		}
		return append(dst, text...)
	}
}
