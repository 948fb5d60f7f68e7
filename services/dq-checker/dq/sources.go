package dq

import (
	"fmt"
	"slices"
	"strings"
)

// Identify fills in the sources of samples of a table of silver. A row has its partition and
// offset; several sources may have landed such a one. An event_id made of a file's hash and row
// says which it is. What is not certain is left empty.
func (k *Keeper) Identify(table string, samples []Sample) {
	if !slices.Contains(Tables, table) {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for i := range samples {
		s := &samples[i]
		if s.Record.Source != "" {
			continue
		}
		var fits []string
		for source, b := range k.book(table, s.Record.Partition).bronze {
			hash, file := strings.CutPrefix(source, "file:")
			if file && s.eventID == fmt.Sprintf("%s-%012d", hash, s.Record.Offset) {
				fits = []string{source}
				break
			}
			if s.Record.Offset < b.furthest() {
				fits = append(fits, source)
			}
		}
		if len(fits) == 1 {
			s.Record.Source = fits[0]
		}
	}
}

// furthest is the offset after the last that any topic of this name has landed.
func (s *bronzeBook) furthest() (next int64) {
	for _, reached := range s.reached {
		next = max(next, reached)
	}
	return next
}
