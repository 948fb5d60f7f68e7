package dedup

import (
	"bytes"
	"context"
	"fmt"

	"github.com/saleslake/saleslake/pkg/column"
)

// inMerge in Order.File says that the current version is a row of the running
// merge.
const inMerge = uint32(1) << 31

// MaxFile is the greatest number that a file may have.
const MaxFile = inMerge - 1

// NoFile as Row.Old says that the order was new.
const NoFile = ^uint32(0)

// Row is an order that a merge has changed: where its new version is, and
// which file held the old one.
type Row struct {
	Batch int32 // of the merge, in the order of Add
	Row   int32 // in that batch
	Ref   Ref
	Old   uint32 // file that loses a row, or NoFile
}

// Outcome counts what became of a batch's rows: as many as were added are in
// Rows + Duplicates + Superseded, and so are their cents.
type Outcome struct {
	Rows, Cents                 int64 // net change of the current rows
	Duplicates, DuplicateCents  int64
	Superseded, SupersededCents int64
	Ties                        int64 // versions of one time and different content, decided by event_id or offset
}

// EventIDs gives the event_ids of the orders' current versions, which are in
// files.
type EventIDs func(ctx context.Context, orders []Ref) (map[Ref][]byte, error)

// Merge takes batches into an index. What it changes belongs to the commit in
// the making: when that fails, the index must be dropped.
type Merge struct {
	index   *Index
	columns *Columns
	ask     EventIDs
	batches []*column.Batch
	rows    []Row
	taken   []Row
	asked   map[Ref][]byte
}

// NewMerge starts a merge of about rows rows into the index.
// ask is not needed for a table without events.
func NewMerge(x *Index, c *Columns, rows int, ask EventIDs) *Merge {
	return &Merge{index: x, columns: c, ask: ask, rows: make([]Row, 0, rows), asked: map[Ref][]byte{}}
}

// Rows are the orders changed so far. Their order is that of first change.
func (m *Merge) Rows() []Row { return m.rows }

// Batches are those that were added. Once no more are, they may be emptied.
func (m *Merge) Batches() []*column.Batch { return m.batches }

// Add takes the rows of a batch of schema sales.Silver that keep names, with
// their keys. The batch must not change until the merge is done.
func (m *Merge) Add(ctx context.Context, b *column.Batch, keep []int32, keys Keys) (Outcome, error) {
	a := adding{Merge: m, batch: b, number: int32(len(m.batches)), keep: keep, keys: keys,
		times: b.Column(m.columns.Time).I64, cents: m.columns.Cents(b), offsets: b.Column("_offset").I64}
	m.batches = append(m.batches, b)
	for i, row := range keep {
		if err := a.add(ctx, i, row); err != nil {
			return a.out, fmt.Errorf("compare versions: %w", err)
		}
	}
	return a.out, nil
}

// adding is the state of one Add.
type adding struct {
	*Merge
	batch   *column.Batch
	number  int32
	keep    []int32
	keys    Keys
	times   []int64
	cents   []int64
	offsets []int64
	out     Outcome
}

func (a *adding) add(ctx context.Context, i int, row int32) error {
	ref, known := a.index.Find(a.keys.Orders[row])
	if !known {
		o := a.version(row)
		o.File = a.remember(row, Ref(a.index.Len()), NoFile)
		a.index.Insert(o)
		a.out.Rows++
		a.out.Cents += o.Cents
		return nil
	}
	current, arrived := a.index.At(ref), a.version(row)
	wins, err := a.wins(ctx, i, row, ref)
	if err != nil {
		return err
	}
	loser := &arrived
	if wins {
		loser = current
	}
	a.count(current, &arrived, loser.Cents)
	if wins {
		a.out.Cents += arrived.Cents - current.Cents
		arrived.File = a.replace(row, ref, current.File)
		*current = arrived
	}
	return nil
}

func (a *adding) version(row int32) Order {
	return Order{Key: a.keys.Orders[row], EventTS: a.times[row], Event: a.keys.Events[row],
		Cents: a.cents[row], Offset: a.offsets[row], Content: a.keys.Content[row]}
}

// count books the loser under the arriving source.
func (a *adding) count(x, y *Order, cents int64) {
	if x.Content == y.Content || a.columns.Event != "" && x.Event == y.Event {
		a.out.Duplicates++
		a.out.DuplicateCents += cents
		return
	}
	a.out.Superseded++
	a.out.SupersededCents += cents
	if x.EventTS == y.EventTS {
		a.out.Ties++
	}
}

// remember notes a row as its order's current version and gives its Order.File.
func (a *adding) remember(row int32, ref Ref, old uint32) uint32 {
	a.rows = append(a.rows, Row{Batch: a.number, Row: row, Ref: ref, Old: old})
	return inMerge | uint32(len(a.rows)-1)
}

// replace notes a row as the new current version of a known order.
func (a *adding) replace(row int32, ref Ref, file uint32) uint32 {
	if file&inMerge == 0 {
		return a.remember(row, ref, file)
	}
	r := &a.rows[file&^inMerge]
	r.Batch, r.Row = a.number, row
	return file
}

// wins compares the arriving row with its order's current version.
func (a *adding) wins(ctx context.Context, i int, row int32, ref Ref) (bool, error) {
	o := a.index.At(ref)
	switch {
	case a.times[row] != o.EventTS:
		return a.times[row] > o.EventTS, nil
	case a.keys.Events[row] != o.Event:
		id, err := a.eventID(ctx, i, ref)
		return bytes.Compare(a.batch.Column(a.columns.Event).Text.At(int(row)), id) > 0, err
	case a.offsets[row] != o.Offset:
		return a.offsets[row] > o.Offset, nil
	default:
		return a.keys.Content[row] > o.Content, nil
	}
}

// eventID gives the event_id of an order's current version.
func (a *adding) eventID(ctx context.Context, i int, ref Ref) ([]byte, error) {
	if file := a.index.At(ref).File; file&inMerge != 0 {
		r := a.rows[file&^inMerge]
		return a.batches[r.Batch].Column(a.columns.Event).Text.At(int(r.Row)), nil
	}
	if id, ok := a.asked[ref]; ok {
		return id, nil
	}
	ids, err := a.ask(ctx, a.tied(i))
	if err != nil {
		return nil, err
	}
	for r, id := range ids {
		a.asked[r] = id
	}
	id, ok := a.asked[ref]
	if !ok {
		return nil, fmt.Errorf("order %x is not in the file that the index has it in", a.index.At(ref).Key.Bytes())
	}
	return id, nil
}

// tied gives the orders in files that the rows from keep[i] on cannot be
// compared with by hash, so that a file is read once for all of them.
func (a *adding) tied(i int) []Ref {
	var refs []Ref
	seen := map[Ref]bool{}
	for _, row := range a.keep[i:] {
		ref, known := a.index.Find(a.keys.Orders[row])
		if !known || seen[ref] {
			continue
		}
		o := a.index.At(ref)
		if o.File&inMerge == 0 && o.EventTS == a.times[row] && o.Event != a.keys.Events[row] {
			seen[ref] = true
			refs = append(refs, ref)
		}
	}
	return refs
}

// Include adds a batch of which Put may name rows, and gives its number.
func (m *Merge) Include(b *column.Batch) int32 {
	m.batches = append(m.batches, b)
	return int32(len(m.batches) - 1)
}

// Put makes a row its order's current version, whatever that is now. The index
// must hold the order's version in a file, or none.
func (m *Merge) Put(batch, row int32, o Order) {
	ref, known := m.index.Find(o.Key)
	if !known {
		ref = m.index.Insert(o)
	}
	r := Row{Batch: batch, Row: row, Ref: ref, Old: NoFile}
	if known {
		r.Old = m.index.At(ref).File
	}
	o.File = inMerge | uint32(len(m.rows))
	m.rows = append(m.rows, r)
	*m.index.At(ref) = o
}

// Take takes an order's version in a file away. The order is left in the index,
// in NoFile, for [Index.Retain] to leave out.
func (m *Merge) Take(ref Ref) {
	o := m.index.At(ref)
	m.taken = append(m.taken, Row{Batch: -1, Row: -1, Ref: ref, Old: o.File})
	o.File = NoFile
}

// Taken are the orders taken away.
func (m *Merge) Taken() []Row { return m.taken }

// Changed gives the position in Rows of an order's new version, if the merge
// has changed the order.
func (m *Merge) Changed(o *Order) (int, bool) {
	return int(o.File &^ inMerge), o.File != NoFile && o.File&inMerge != 0
}

// Settle says which file the row at each position of Rows is in now. It ends
// the merge.
func (m *Merge) Settle(fileOf func(i int) uint32) {
	for i, r := range m.rows {
		m.index.At(r.Ref).File = fileOf(i)
	}
}
