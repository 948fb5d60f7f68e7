package dq

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// locate gives some of the records in which faults of the balances were first seen, and
// names them in the faults. An error is only the store's.
func (a *Auditor) locate(ctx context.Context, balances map[int32]Balance) (all []Sample, err error) {
	for p, b := range balances {
		for i := range b.Suspects {
			found, err := a.records(ctx, &b.Suspects[i])
			if err != nil {
				return nil, err
			}
			names := make([]string, len(found))
			for i, s := range found {
				names[i] = s.ID
			}
			if len(names) > 0 {
				b.Faults = append(slices.Clip(b.Faults), fmt.Sprintf("%s hold %s, in %s", &b.Suspects[i], strings.Join(names, ", "), found[0].File))
			}
			all = append(all, found...)
		}
		balances[p] = b
	}
	return all, nil
}

// records gives the first few rows that bronze landed of the place. A file that cannot be
// read has none: other rules tell of it.
func (a *Auditor) records(ctx context.Context, s *Suspect) (found []Sample, err error) {
	for _, file := range s.Files {
		schema := sales.Bronze
		if strings.HasPrefix(file.Key, sales.TableBronzeCustomers+"/") {
			schema = sales.BronzeCustomers
		}
		opened, done, err := a.open(ctx, file)
		switch {
		case errors.Is(err, blob.ErrNotFound) || errors.Is(err, lake.ErrCorrupt):
			continue
		case err != nil:
			return nil, fmt.Errorf("look for a fault of the ledger: %w", err)
		}
		found = append(found, s.first(opened, schema, sampleRows-len(found))...)
		done()
	}
	return found, nil
}

// first gives the first few rows of a file.
func (s *Suspect) first(file *File, schema *column.Schema, most int) (found []Sample) {
	if file.rows == 0 {
		return nil
	}
	g, err := file.RowGroup(0, schema)
	if err != nil {
		return nil
	}
	for i := range min(g.Rows, most) {
		row := g.sample(i, "")
		row.Record.Source, row.Record.Partition = s.Source, s.Partition
		found = append(found, row)
	}
	return found
}
