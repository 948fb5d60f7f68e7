package silver

import (
	"slices"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// appends tells whether the slice only gains rows of new orders.
func (ch *change) appends() bool { return ch.prev == nil && len(ch.lost) == 0 }

// listed tells whether the manifest lists the change: not when that would be
// about as much to read as the slice, half of it or more. New orders in a file
// of their own cost nothing.
func (ch *change) listed() bool {
	if ch.before == nil {
		return false
	}
	rows := ch.before.manifest.Rows + ch.newRows() - ch.lostRows()
	return ch.appends() || 2*(ch.newRows()+ch.lostRows()) < rows
}

// list gives the manifest its base and changes, those of the version before
// included.
func (ch *change) list(m *lake.Manifest, entry lake.Change) {
	if !ch.listed() {
		m.Base = m.Version
		return
	}
	m.Base, m.Changes = ch.before.manifest.Base, append(slices.Clone(ch.before.manifest.Changes), entry)
	if m.Base == 0 { // the version before was made by a program that did not write changes
		m.Base = ch.before.manifest.Version
	}
	if n := len(m.Changes) - lake.MaxChanges; n > 0 {
		m.Base, m.Changes = m.Changes[n-1].Version, m.Changes[n:]
	}
}

// lostRows are rows as they were, and what became of them.
type lostRows struct {
	rows *column.Batch  // of the silver schema
	ops  *column.Column // by row: sales.OpBefore or sales.OpDelete
}

func newLostRows(silver *column.Schema) lostRows {
	return lostRows{column.NewBatch(silver, 0), &column.Column{Type: column.Symbol, Dict: column.NewDict()}}
}

func (l *lostRows) reset() {
	l.rows.Reset()
	l.ops.I32 = l.ops.I32[:0]
}

// changesOf gives rows of the schema of changes, which share the vectors of rows.
func (d *dataset) changesOf(rows *column.Batch, ops column.Column, prev []int32) *column.Batch {
	return &column.Batch{Schema: d.changes, Columns: append(slices.Clone(rows.Columns),
		ops, column.Column{Type: column.Date, I32: prev})}
}

// batches gives the rows of the file of changes: upserts, then what was lost.
func (ch *change) batches(d *dataset, lost *lostRows) []*column.Batch {
	own := func(n int) []int32 { return slices.Repeat([]int32{ch.day}, n) }
	batches := []*column.Batch{d.changesOf(lost.rows, *lost.ops, own(lost.rows.Rows()))}
	if ch.rows == nil {
		return batches
	}
	prev := ch.prev
	if prev == nil {
		prev = own(ch.rows.Rows())
	}
	dict := column.NewDict()
	upserts := column.Column{Type: column.Symbol, Dict: dict, I32: slices.Repeat([]int32{dict.CodeString(sales.OpUpsert)}, ch.rows.Rows())}
	return append([]*column.Batch{d.changesOf(ch.rows, upserts, prev)}, batches...)
}
