package dq

import (
	"fmt"
	"slices"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// Balance is the state of a partition's ledger after one silver commit.
type Balance struct {
	Version  int64
	In       lake.Count // what bronze landed and silver took
	Records  int64      // what bronze read
	Rejected int64      // records that bronze or silver rejected
	Replayed int64      // records that are replays of rejects, each of which takes the place of one
	Lost     int64      // rows without an account
	Faults   []string   // what does not balance, with the numbers
}

// add holds one source's silver ledger against what bronze landed up to the
// same offset, and drops the history that has been passed.
func (n *Balance) add(source string, l *lake.Ledger, s *bronzeBook) {
	n.In = n.In.Add(l.In)
	n.Rejected += l.RejectedTotal().Rows
	n.residual("silver", l)
	if s == nil {
		n.Faults = append(n.Faults, fmt.Sprintf("silver took %d rows of %s/%d, bronze knows none", l.In.Rows, source, l.Partition))
		n.Lost += l.In.Rows
		return
	}
	passed := landed{}
	for i, h := range slices.Backward(s.history) {
		if h.topicID == l.TopicID && h.next <= l.Next {
			passed, s.history = h, s.history[i:] // kept as the base of what follows
			break
		}
	}
	if d := passed.sum.Sub(l.In); d != (lake.Count{}) {
		n.Faults = append(n.Faults, fmt.Sprintf("bronze landed %d rows and %s of %s/%d up to offset %d, silver took %d and %s",
			passed.sum.Rows, sales.FormatCents(passed.sum.Cents), source, l.Partition, l.Next, l.In.Rows, sales.FormatCents(l.In.Cents)))
		n.Lost += abs(d.Rows)
	}
	n.Records += s.records
	for _, fault := range []string{s.overlap, s.mismatch} {
		if fault != "" {
			n.Faults = append(n.Faults, fault)
		}
	}
	if s.ledger != nil {
		n.Rejected += s.ledger.RejectedTotal().Rows
		n.Replayed += s.ledger.Replayed.Rows
		n.residual("bronze", s.ledger)
	}
}

func (n *Balance) residual(stage string, l *lake.Ledger) {
	if r := l.Residual(); r != (lake.Count{}) {
		n.Faults = append(n.Faults, fmt.Sprintf("%s has a residual of %d rows and %s on %s/%d up to offset %d",
			stage, r.Rows, sales.FormatCents(r.Cents), l.Source, l.Partition, l.Through))
		n.Lost += abs(r.Rows)
	}
}

func abs(n int64) int64 {
	if n < 0 {
		return -n
	}
	return n
}
