// Package registry keeps what must not change in the life of a lake: the schemas
// that its files were written with, to which columns may only be added, and the
// number of partitions. A service that does not agree is refused before it reads
// or writes.
//
// A schema's path: at start a service brings its own to [Register] → they are held
// against every version under _schemas/<table>/ → a version that is new is
// written there, only if nobody else did. A command that writes no rows leaves it
// at [Check], so that settings can be tried on a lake without binding it to them.
package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/column"
)

// ErrIncompatible says that a service cannot work on this lake as it is.
var ErrIncompatible = errors.New("incompatible schema")

// Bucket is where the lake is: a blob.Bucket.
type Bucket interface {
	Get(ctx context.Context, key string) ([]byte, error)
	PutNew(ctx context.Context, key string, body []byte) error
	List(ctx context.Context, prefix string) iter.Seq2[blob.Object, error]
}

// entry is a version of a table's schema as it is kept.
type entry struct {
	Table   string  `json:"table"`
	Version int     `json:"version"`
	Fields  []field `json:"fields"`
}

type field struct {
	ID       int    `json:"id"`
	Name     string `json:"name"`
	Type     string `json:"type"`
	Optional bool   `json:"optional,omitempty"`
	Default  int64  `json:"default,omitempty"` // of an added column: what older files' rows have
}

func entryOf(s *column.Schema) *entry {
	e := &entry{Table: s.Name, Version: s.Version}
	for _, f := range s.Fields {
		e.Fields = append(e.Fields, field{f.ID, f.Name, kindOf(f.Type), f.Optional, f.Default})
	}
	return e
}

// kindOf gives the type as files show it: how a text is held in memory may change.
func kindOf(t column.Type) string {
	if t == column.Symbol {
		t = column.String
	}
	return t.String()
}

// Check holds the schemas against those of the lake, and writes nothing. What
// does not fit is an error wrapping ErrIncompatible that names all of it.
func Check(ctx context.Context, b Bucket, schemas ...*column.Schema) error {
	return each(schemas, func(s *column.Schema) error {
		_, err := check(ctx, b, entryOf(s), addedTo(s))
		return err
	})
}

// Register is Check, and adds the schemas that are new to the lake: from then on
// no service without their columns works on it.
func Register(ctx context.Context, b Bucket, schemas ...*column.Schema) error {
	return each(schemas, func(s *column.Schema) error { return register(ctx, b, s) })
}

func each(schemas []*column.Schema, do func(*column.Schema) error) error {
	var faults []error
	for _, s := range schemas {
		err := do(s)
		if err != nil && !errors.Is(err, ErrIncompatible) {
			return fmt.Errorf("check the schema of %s: %w", s.Name, err)
		}
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}

// addedTo names the columns that older files may lack.
func addedTo(s *column.Schema) map[string]bool {
	added := map[string]bool{}
	for _, f := range s.Fields {
		added[f.Name] = f.Added || f.Optional
	}
	return added
}

func register(ctx context.Context, b Bucket, s *column.Schema) error {
	mine := entryOf(s)
	known, err := check(ctx, b, mine, addedTo(s))
	if err != nil || known {
		return err
	}
	body, err := json.MarshalIndent(mine, "", " ")
	if err != nil {
		return err
	}
	err = b.PutNew(ctx, fmt.Sprintf("%s%06d.json", prefix(mine.Table), mine.Version), body)
	if errors.Is(err, blob.ErrExists) { // another instance has just started
		return register(ctx, b, s)
	}
	return err
}

// check tells whether the lake has this version already.
func check(ctx context.Context, b Bucket, mine *entry, added map[string]bool) (known bool, err error) {
	var faults []error
	for object, err := range b.List(ctx, prefix(mine.Table)) {
		if err != nil {
			return false, err
		}
		theirs, err := read(ctx, b, object.Key)
		if err != nil {
			return false, err
		}
		known = known || theirs.Version == mine.Version
		faults = append(faults, compare(mine, theirs, added))
	}
	return known, errors.Join(faults...)
}

func prefix(table string) string { return "_schemas/" + table + "/" }

func read(ctx context.Context, b Bucket, key string) (*entry, error) {
	body, err := b.Get(ctx, key)
	if err != nil {
		return nil, err
	}
	e := &entry{}
	if err := json.Unmarshal(body, e); err != nil {
		return nil, fmt.Errorf("%s is no schema: %w", key, err)
	}
	return e, nil
}

// compare tells what of an earlier version does not fit the present one.
func compare(mine, theirs *entry, added map[string]bool) error {
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("%w: %s, whose version %d is in this lake: "+format,
			append([]any{ErrIncompatible, theirs.Table, theirs.Version}, args...)...))
	}
	for _, f := range theirs.Fields {
		now := slices.IndexFunc(mine.Fields, func(m field) bool { return m.Name == f.Name })
		switch {
		case now < 0:
			fault("it has column %s of type %s and this service does not: add it to schema.columns, or start the version that wrote it", f.Name, f.Type)
		case mine.Fields[now] != f:
			fault("column %s is %s there and %s here: take the setting back, and give what is new another name", f.Name, f, mine.Fields[now])
		}
	}
	for _, f := range mine.Fields {
		lacks := !slices.ContainsFunc(theirs.Fields, func(t field) bool { return t.Name == f.Name })
		switch {
		case lacks && theirs.Version >= mine.Version:
			fault("it lacks column %s, which this service has in version %d: declare the columns of schema.columns in the order in which they were added, the same for all services", f.Name, mine.Version)
		case lacks && !added[f.Name]:
			fault("its files lack column %s, for which they have no value: start a new lake", f.Name)
		}
	}
	return errors.Join(faults...)
}

// String words a field for a fault.
func (f field) String() string {
	text := fmt.Sprintf("%s (field id %d, default %d)", f.Type, f.ID, f.Default)
	if f.Optional {
		text = fmt.Sprintf("%s (field id %d, null when not sent)", f.Type, f.ID)
	}
	return text
}
