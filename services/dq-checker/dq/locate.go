package dq

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// locate gives some of the records in which faults of the balances were first seen, and
// names them in the faults. An error is only the store's.
func locate(ctx context.Context, o lake.Objects, balances map[int32]Balance) (all []Sample, err error) {
	for p, b := range balances {
		for i := range b.Suspects {
			found, err := b.Suspects[i].records(ctx, o)
			if err != nil {
				return nil, err
			}
			names := make([]string, len(found))
			for i, s := range found {
				names[i] = s.ID
			}
			if len(names) > 0 {
				b.Faults = append(b.Faults, fmt.Sprintf("%s hold %s, in %s", &b.Suspects[i], strings.Join(names, ", "), found[0].File))
			}
			all = append(all, found...)
		}
		balances[p] = b
	}
	return all, nil
}

// records gives the first few rows that bronze landed of the place. A file that cannot be
// read has none: other rules tell of it.
func (s *Suspect) records(ctx context.Context, o lake.Objects) (found []Sample, err error) {
	for _, file := range s.Files {
		schema := sales.Bronze
		if strings.HasPrefix(file.Key, sales.TableBronzeCustomers+"/") {
			schema = sales.BronzeCustomers
		}
		data, err := o.Get(ctx, file.Key)
		if errors.Is(err, blob.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("look for a fault of the ledger: %w", err)
		}
		opened, err := OpenFile(data, file)
		if err != nil || opened.rows == 0 {
			continue
		}
		g, err := opened.RowGroup(0, schema)
		if err != nil {
			continue
		}
		for i := range min(g.Rows, sampleRows-len(found)) {
			row := g.sample(i, "")
			row.Record.Source, row.Record.Partition = s.Source, s.Partition
			found = append(found, row)
		}
	}
	return found, nil
}
