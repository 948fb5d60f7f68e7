package dq

import (
	"fmt"
	"time"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// unknown is a number that a rule or a row does not have.
const unknown = -1

// Entry is a line of the ledger: what went into a hop, and what became of it.
type Entry struct {
	Hop        string // bronze, silver, gold or warehouse
	Source     string // topic, or file: and a content hash; of a day, the table that has Out
	Partition  int32  // of the source; of a day that of the slice, -1 when it has none
	Day        string // YYYY-MM-DD; of a source partition, empty
	Version    int64  // of the slice, or of silver's commit; 0 in bronze
	Next       int64  // offset of the source after the last record counted
	In         lake.Count
	Out        lake.Count
	Duplicate  lake.Count
	Superseded lake.Count
	Rejected   lake.Count
	Fault      string // where the residual is
}

// Residual is what has no account.
func (e *Entry) Residual() lake.Count {
	return e.In.Sub(e.Out).Sub(e.Duplicate).Sub(e.Superseded).Sub(e.Rejected)
}

// notes are the rows that a flush adds to the tables of dq/.
type notes struct {
	run     int64 // µs UTC
	results *column.Batch
	ledger  *column.Batch
	samples *column.Batch
}

func newNotes() *notes {
	return &notes{run: time.Now().UnixMicro(), results: column.NewBatch(sales.Results, 0), ledger: column.NewBatch(sales.DQLedger, 0), samples: column.NewBatch(sales.Samples, 0)}
}

// result notes what a rule found of a version of a slice whose verdict is outcome.
func (n *notes) result(m *lake.Manifest, f *lake.Finding, outcome lake.Outcome) error {
	day, err := sales.ParseDay(m.Day)
	if err != nil {
		return fmt.Errorf("day of manifest %s: %w", m.Key(), err)
	}
	measured := lake.Range{Value: unknown, Low: unknown, High: unknown}
	if f.Measured != nil {
		measured = *f.Measured
	}
	n.results.AppendRow(n.run, m.Table, m.Slice, day, m.Version, f.Rule, f.Kind, string(f.Severity), string(f.Outcome), f.Checked, f.Failed,
		measured.Value, measured.Low, measured.High, measured.Unit, f.Message, f.Owner, string(outcome))
	return nil
}

// verdict notes a verdict's findings, and rows that failed rules of it.
func (n *notes) verdict(v *lake.Verdict, samples []Sample) error {
	m := &v.Manifest
	for i := range v.Findings {
		if err := n.result(m, &v.Findings[i], v.Outcome); err != nil {
			return err
		}
	}
	number := map[string]int32{}
	for _, s := range samples {
		number[s.Rule]++
		partition, offset := s.Record.Partition, s.Record.Offset
		if s.Record == (lake.RecordID{}) {
			partition, offset = unknown, unknown
		}
		n.samples.AppendRow(n.run, m.Table, m.Slice, m.Version, s.Rule, number[s.Rule], s.ID, s.Record.Source, partition, offset, s.File, s.Row, s.Column, s.Value)
	}
	return nil
}

// entries notes lines of the ledger.
func (n *notes) entries(entries ...Entry) error {
	for i := range entries {
		e := &entries[i]
		scope, day, next := "source", int32(0), e.Next
		if e.Day != "" {
			var err error
			if day, err = sales.ParseDay(e.Day); err != nil {
				return fmt.Errorf("day of the ledger of %s: %w", e.Hop, err)
			}
			scope, next = "day", unknown
		}
		values := []any{n.run, scope, e.Hop, e.Source, e.Partition, day, e.Version, next}
		for _, c := range []lake.Count{e.In, e.Out, e.Duplicate, e.Superseded, e.Rejected, e.Residual()} {
			values = append(values, c.Rows, c.Cents)
		}
		n.ledger.AppendRow(append(values, e.Fault)...)
	}
	return nil
}
