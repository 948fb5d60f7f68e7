package lake

import (
	"encoding/json"
	"fmt"
)

// Loaded says what the warehouse's own ledger holds of a slice. It is published in the
// transaction that consumes the verdict, in the partition of that.
type Loaded struct {
	Format  int    `json:"format"`
	Table   string `json:"table"`
	Slice   string `json:"slice"`
	Version int64  `json:"version"`
	Count
	Loaded int64 `json:"loaded"` // µs UTC, when the version was found loaded
}

// Key names the slice, as its manifest does.
func (l *Loaded) Key() string { return l.Table + "/" + l.Slice }

// Encode gives the record's JSON.
func (l *Loaded) Encode() []byte { return encode(l) }

// DecodeLoaded reads a Loaded; another format than Format is an error.
func DecodeLoaded(b []byte) (*Loaded, error) {
	l := &Loaded{}
	if err := json.Unmarshal(b, l); err != nil {
		return nil, fmt.Errorf("decode load: %w", err)
	}
	return l, checkFormat("load of "+l.Key(), l.Format)
}
