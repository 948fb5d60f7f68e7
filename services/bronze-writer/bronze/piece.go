package bronze

import (
	"encoding/json"
	"fmt"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// metaSource is the key under which a bronze file says which records it is made
// of: a lake.Source as JSON.
const metaSource = "saleslake.source"

// piece is what one bronze file and its quarantine file are made of.
type piece struct {
	slice   string
	source  lake.Source
	rows    []*column.Batch // of the dataset's schema, in the order of their offsets
	rejects *column.Batch   // of its quarantine, nil when there are none
}

// landed is a bronze file that stands, and the rejects beside it.
type landed struct {
	set       *dataset
	slice     string
	source    lake.Source
	file      lake.File
	eventTime int64         // newest of the events' own times, µs UTC, 0 without rows
	replayed  lake.Count    // rows that are replays of rejects
	rejects   *column.Batch // nil when there are none
	adopted   bool          // the file stood already
}

func (p *piece) meta() lake.Meta { return lake.Meta{metaSource: string(mustJSON(p.source))} }

func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil { // the types hold nothing that JSON lacks
		panic(fmt.Sprintf("bronze: encode %T: %v", v, err))
	}
	return b
}

// land describes the piece's file once it is written.
func (d *dataset) land(p *piece, data []byte) landed {
	l := landed{set: d, slice: p.slice, source: p.source, rejects: p.rejects}
	var count lake.Count
	for _, b := range p.rows {
		count = count.Add(d.count(b))
		l.eventTime = max(l.eventTime, d.newest(b))
		l.replayed = l.replayed.Add(lake.Replayed(b))
	}
	l.file = lake.NewFile(d.key(p.slice), data, count)
	return l
}

// replayedRejects counts the rejects that are replays of rejects.
func replayedRejects(rejects *column.Batch) (n int64) {
	if rejects == nil {
		return 0
	}
	of := &rejects.Columns[qReplayOf].Text
	for i := range of.Len() {
		n += int64(min(1, len(of.At(i))))
	}
	return n
}

// manifest says of the file what later stages need.
func (l *landed) manifest(cluster string, now int64) *lake.Manifest {
	return &lake.Manifest{
		Format: lake.Format, Table: l.set.Schema.Name, Slice: l.slice, Partition: l.source.Partition, Version: 1,
		Schema: l.set.Schema.Version, Cluster: cluster, Files: []lake.File{l.file}, Count: l.file.Count,
		Source: &l.source, EventTime: l.eventTime, Created: now,
	}
}

// stageName is the bronze stage's in its ledgers.
const stageName = "bronze"

// account adds the file to the ledger of its source partition.
func (l *landed) account(ledger *lake.Ledger) {
	account(ledger, &l.source, l.file.Count, l.replayed.Cents)
}

// account adds a file's records and rows, and the money on those that are replays, to
// the ledger of their source partition.
func account(ledger *lake.Ledger, source *lake.Source, rows lake.Count, replayedCents int64) {
	ledger.Format, ledger.Stage = lake.Format, stageName
	ledger.Source, ledger.Partition = source.Name, source.Partition
	ledger.Through = source.Next
	ledger.In = ledger.In.Add(lake.Count{Rows: source.Records, Cents: rows.Cents})
	ledger.Out = ledger.Out.Add(rows)
	ledger.Replayed = ledger.Replayed.Add(lake.Count{Rows: source.Replayed, Cents: replayedCents})
	if ledger.Rejected == nil {
		ledger.Rejected = map[sales.Code]lake.Count{}
	}
	for code, n := range source.Rejected {
		ledger.Rejected[code] = ledger.Rejected[code].Add(lake.Count{Rows: n})
	}
}
