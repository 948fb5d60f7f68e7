package bronze

import (
	"strconv"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/services/bronze-writer/decode"
)

// The positions of sales.Quarantine's columns.
const (
	qCode = iota
	qField
	qMessage
	qRaw
	qKey
	qSource
	qPartition
	qOffset
	qTime
	qReplayOf
	qEvent
)

// quarantine adds a reject with its original bytes, and for a row of a CSV file with
// what it is as an event.
func quarantine(b *column.Batch, r *sales.Reject, key, raw, event []byte, o decode.Origin) {
	c := b.Columns
	c[qCode].AppendString(string(r.Code))
	c[qField].AppendString(r.Field)
	c[qMessage].AppendString(r.Message)
	c[qRaw].AppendBytes(raw)
	c[qKey].AppendBytes(key)
	c[qSource].AppendString(o.Source)
	c[qPartition].I32 = append(c[qPartition].I32, o.Partition)
	c[qOffset].I64 = append(c[qOffset].I64, o.Offset)
	c[qTime].I64 = append(c[qTime].I64, o.Time)
	c[qReplayOf].AppendString(o.ReplayOf)
	c[qEvent].AppendBytes(event)
}

// rejectedByCode counts the rejects; nil when there are none.
func rejectedByCode(rejects *column.Batch) map[sales.Code]int64 {
	if rejects == nil || rejects.Rows() == 0 {
		return nil
	}
	out := map[sales.Code]int64{}
	for i := range rejects.Rows() {
		out[sales.Code(rejects.Columns[qCode].String(i))]++
	}
	return out
}

// What a dead letter may hold of a record, so that it goes through with its
// headers. The quarantine file has all of it.
const (
	maxLetter    = stream.MaxRecordBytes - 64<<10
	maxLetterKey = 64 << 10
)

// deadLetters gives the records that tell of the rejects: original key and
// value, and why and from where as headers. Header "cut" has the value's length
// where it did not fit.
func (l *landed) deadLetters() []stream.Record {
	if l.rejects == nil {
		return nil
	}
	c := l.rejects.Columns
	letters := make([]stream.Record, l.rejects.Rows())
	for i := range letters {
		key, value := c[qKey].Bytes(i), c[qRaw].Bytes(i)
		headers := []stream.Header{
			{Key: "code", Value: c[qCode].Bytes(i)},
			{Key: "field", Value: c[qField].Bytes(i)},
			{Key: "message", Value: c[qMessage].Bytes(i)},
			{Key: "topic", Value: c[qSource].Bytes(i)},
			{Key: "partition", Value: strconv.AppendInt(nil, int64(c[qPartition].I32[i]), 10)},
			{Key: "offset", Value: strconv.AppendInt(nil, c[qOffset].I64[i], 10)},
			{Key: "time", Value: sales.AppendTimestamp(nil, c[qTime].I64[i])},
		}
		if of := c[qReplayOf].Bytes(i); len(of) > 0 {
			headers = append(headers, stream.Header{Key: lake.HeaderReplayOf, Value: of})
		}
		key = key[:min(len(key), maxLetterKey)]
		if room := maxLetter - len(key); len(value) > room {
			headers = append(headers, stream.Header{Key: "cut", Value: strconv.AppendInt(nil, int64(len(value)), 10)})
			value = value[:room]
		}
		letters[i] = stream.Record{Topic: l.set.dlq, Partition: l.source.Partition, Key: key, Value: value, Headers: headers}
	}
	return letters
}
