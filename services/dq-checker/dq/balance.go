package dq

import (
	"fmt"
	"maps"
	"slices"
	"strings"

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
	Missing  lake.Count // from silver's slices, as far as the ledger says
	Faults   []string   // what does not balance, with the numbers
	Entries  []Entry    // of bronze and silver, by source
	Suspects []Suspect  // where the faults are
}

// suspectFiles is how many files of a Suspect are kept.
const suspectFiles = 3

// Suspect is where something went out of balance: records that were counted after the
// last balance without a fault, up to the first with one.
type Suspect struct {
	Source    string
	Partition int32
	From      int64       // offset of the first
	Next      int64       // offset after the last
	Files     []lake.File // of bronze that hold them, the first few
}

// String names the place in words.
func (s *Suspect) String() string {
	return fmt.Sprintf("offsets %d to %d of %s/%d", s.From, s.Next-1, s.Source, s.Partition)
}

// suspect gives the records of the source from one place to another.
func (s *bronzeBook) suspect(source string, partition int32, from, to place) *Suspect {
	found := &Suspect{Source: source, Partition: partition, Next: to.next}
	if from.topicID == to.topicID && from.next < to.next { // else it may be anywhere
		found.From = from.next
	}
	for _, h := range s.history {
		if h.topicID == to.topicID && h.next > found.From && h.next <= to.next && len(found.Files) < suspectFiles {
			found.Files = append(found.Files, h.files...)
		}
	}
	return found
}

// addSilver holds one source's silver ledger against what bronze landed up to the
// same offset, and drops the history that has been passed.
func (n *Balance) addSilver(source string, l *lake.Ledger, s *bronzeBook) {
	n.In = n.In.Add(l.In)
	n.Rejected += l.RejectedTotal().Rows
	e := Entry{Hop: "silver", Source: source, Partition: l.Partition, Version: l.Version, Next: l.Next,
		Out: l.Out, Duplicate: l.Duplicate, Superseded: l.Superseded, Rejected: l.RejectedTotal()}
	faults := n.residual("silver", l)
	if s == nil {
		faults = append(faults, fmt.Sprintf("silver took %d rows of %s/%d, bronze knows none", l.In.Rows, source, l.Partition))
		n.Lost += l.In.Rows
		n.note(e, faults)
		return
	}
	at := place{l.TopicID, l.Next}
	passed, behind := landed{}, 0
	for i, h := range slices.Backward(s.history) {
		if h.topicID == at.topicID && h.next <= at.next {
			passed, behind = h, i // kept as the base of what follows
			break
		}
	}
	e.In = passed.sum
	if d := passed.sum.Sub(l.In); d != (lake.Count{}) {
		faults = append(faults, fmt.Sprintf("bronze landed %d rows and %s of %s/%d up to offset %d, silver took %d and %s",
			passed.sum.Rows, sales.FormatCents(passed.sum.Cents), source, l.Partition, l.Next, l.In.Rows, sales.FormatCents(l.In.Cents)))
		n.Lost += abs(d.Rows)
	}
	switch {
	case len(faults) == 0:
		s.taken, s.untaken = at, nil
	case s.untaken == nil:
		s.untaken = s.suspect(source, l.Partition, s.taken, at)
	}
	s.history = s.history[behind:]
	n.note(e, n.locate(faults, s.untaken))
}

// addBronze holds what bronze says of a source against the files that it landed.
func (n *Balance) addBronze(source string, s *bronzeBook) {
	n.Records += s.records
	var faults []string
	if s.overlap != "" {
		faults = append(faults, s.overlap)
	}
	l := s.ledger
	if l == nil {
		n.Faults = append(n.Faults, faults...)
		return
	}
	n.Rejected += l.RejectedTotal().Rows
	n.Replayed += l.Replayed.Rows
	if s.mismatch != "" {
		faults = append(faults, s.mismatch)
	}
	faults = append(faults, n.residual("bronze", l)...)
	n.note(Entry{Hop: "bronze", Source: source, Partition: l.Partition, Next: l.Through, In: l.In, Out: s.counted, Rejected: l.RejectedTotal()},
		n.locate(faults, s.uncounted))
}

func (n *Balance) residual(stage string, l *lake.Ledger) []string {
	r := l.Residual()
	if r == (lake.Count{}) {
		return nil
	}
	n.Lost += abs(r.Rows)
	return []string{fmt.Sprintf("%s has a residual of %d rows and %s on %s/%d up to offset %d",
		stage, r.Rows, sales.FormatCents(r.Cents), l.Source, l.Partition, l.Through)}
}

// locate adds to faults where they are.
func (n *Balance) locate(faults []string, at *Suspect) []string {
	if len(faults) == 0 || at == nil {
		return faults
	}
	n.Suspects = append(n.Suspects, *at)
	faults[len(faults)-1] += ", first seen in " + at.String()
	return faults
}

func (n *Balance) note(e Entry, faults []string) {
	e.Fault = strings.Join(faults, "; ")
	n.Entries = append(n.Entries, e)
	n.Faults = append(n.Faults, faults...)
}

// since names the first few slices that are newer than a version.
func (b *book) since(version int64) (names []string) {
	for _, name := range slices.Sorted(maps.Keys(b.slices)) {
		if b.slices[name].version > version && len(names) < sampleRows {
			names = append(names, name)
		}
	}
	return names
}

func abs(n int64) int64 {
	if n < 0 {
		return -n
	}
	return n
}
