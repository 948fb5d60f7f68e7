package bronze

import (
	"time"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/services/bronze-writer/decode"
)

// batch is what a task has added and not committed: a range of records.
type batch struct {
	set     *dataset
	rows    *column.Batch
	rejects *column.Batch
	first   int64     // offset of the first record
	next    int64     // offset after the last
	day     int32     // of the first record's broker time
	records int64     // rows and rejects
	bytes   int       // of the records, as they came
	since   time.Time // when the first was added
}

func newBatch(d *dataset) *batch {
	return &batch{set: d, rows: column.NewBatch(d.Schema, 0), rejects: column.NewBatch(d.quarantine, 0)}
}

// add decodes one record into the batch.
func (b *batch) add(j *decode.JSON, key, value []byte, o decode.Origin, now time.Time) {
	if b.records == 0 {
		b.first, b.day, b.since = o.Offset, sales.DayOf(o.Time), now
	}
	b.next = o.Offset + 1
	b.records++
	b.bytes += len(key) + len(value)
	if r := j.Decode(value); r != nil {
		quarantine(b.rejects, r, key, value, nil, o)
		return
	}
	j.AppendTo(b.rows, o)
}

// reset empties the batch. The rows' memory is kept for the next one; that of
// the rejects may still be on its way to the dead letters.
func (b *batch) reset() {
	b.rows.Reset()
	if b.rejects.Rows() > 0 {
		b.rejects = column.NewBatch(b.set.quarantine, 0)
	}
	b.records, b.bytes = 0, 0
}

// piece gives the batch as a file to be; it borrows the batch's memory.
func (b *batch) piece(s *source, o decode.Origin) *piece {
	p := &piece{slice: lake.BronzeSlice(b.day, o.Partition, s.id[:8], b.first), rows: []*column.Batch{b.rows}}
	if b.rejects.Rows() > 0 {
		p.rejects = b.rejects
	}
	p.source = lake.Source{Name: o.Source, TopicID: s.id, Partition: o.Partition, First: b.first, Next: b.next,
		Records: b.records, Rejected: rejectedByCode(p.rejects), Replayed: lake.Replayed(b.rows).Rows + replayedRejects(p.rejects)}
	return p
}

// splitAt takes the records from an offset on out of the batch.
func (b *batch) splitAt(offset int64) *batch {
	rest := newBatch(b.set)
	keepRows, moveRows := cutAt(b.rows.Column("_offset").I64, offset)
	keepRejects, moveRejects := cutAt(b.rejects.Columns[qOffset].I64, offset)
	rest.rows.AppendRows(b.rows, moveRows)
	rest.rejects.AppendRows(b.rejects, moveRejects)
	rest.records = int64(len(moveRows) + len(moveRejects))
	if rest.records == 0 {
		return rest
	}
	rest.next, rest.since = b.next, b.since
	rest.bytes = int(int64(b.bytes) * rest.records / b.records)
	rest.begin()
	b.rows.Truncate(keepRows)
	b.rejects.Truncate(keepRejects)
	b.next, b.records = offset, b.records-rest.records
	return rest
}

// cutAt gives how many of the ascending offsets are below one, and the
// positions of the others.
func cutAt(offsets []int64, from int64) (below int, others []int32) {
	for i, o := range offsets {
		if o >= from {
			others = append(others, int32(i))
		}
	}
	return len(offsets) - len(others), others
}

// begin finds the first record of a batch that was split off.
func (b *batch) begin() {
	look := func(offsets, times []int64) {
		if len(offsets) > 0 && (b.first < 0 || offsets[0] < b.first) {
			b.first, b.day = offsets[0], sales.DayOf(times[0])
		}
	}
	b.first = -1
	look(b.rows.Column("_offset").I64, b.rows.Column("_ingest_ts").I64)
	look(b.rejects.Columns[qOffset].I64, b.rejects.Columns[qTime].I64)
}
