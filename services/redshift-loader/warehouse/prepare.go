package warehouse

import (
	"context"
	"fmt"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// prepare has nothing to do where the files are read inside the transaction, each once.
func (postgres) prepare(_ context.Context, files Files, _ []need) (Files, func(), error) {
	return files, func() {}, nil
}

func (duckDB) prepare(_ context.Context, files Files, _ []need) (Files, func(), error) {
	return files, func() {}, nil
}

// Loaded answers what the ledger has of the days of the verdicts, by the slice's key. Nobody
// holds a lock, so another loader may change that.
func (w *Warehouse) Loaded(ctx context.Context, verdicts []*lake.Verdict) (map[string]Slice, error) {
	days, err := spanOf(verdicts)
	if err != nil {
		return nil, fmt.Errorf("days of the verdicts: %w", err)
	}
	ledger, err := w.ledger(ctx, "read_ledger_of_days", "day="+days.from, "day="+days.to)
	if err != nil {
		return nil, err
	}
	loaded := make(map[string]Slice, len(ledger))
	for _, s := range ledger {
		loaded[s.Key()] = s
	}
	return loaded, nil
}

// plan answers what a load of the verdicts reads, onto what is loaded.
func plan(verdicts []*lake.Verdict, loaded map[string]Slice) (all []need) {
	for _, v := range verdicts {
		all = append(all, needs(v, loaded)...)
	}
	return all
}

// needs answers what the load of a verdict reads, which is nothing when that is loaded.
func needs(v *lake.Verdict, loaded map[string]Slice) []need {
	before, known := loaded[v.Key()]
	if known && v.Manifest.Version <= before.Version {
		return nil
	}
	return needsOf(v, before)
}

func rowsOf(needs []need) (rows int64) {
	for _, n := range needs {
		for _, f := range n.files {
			rows += f.Rows
		}
	}
	return rows
}

// needsOf answers what the load of a verdict reads, onto what is loaded of its slice.
func needsOf(v *lake.Verdict, loaded Slice) []need {
	switch m := &v.Manifest; m.Table {
	case sales.TableSilverCustomers:
		s := planSlice(v, loaded)
		return []need{{versionRows, s.rows}, {versionChanges, s.changes}}
	case sales.TableFacts:
		rows := target{table: "stage_sales", rows: &factRows}
		if d, ok := follow(v, loaded); ok {
			return []need{{rows, d.rows}, {target{table: "stage_changes", rows: &changeRows}, d.changes}}
		}
		return []need{{rows, m.Files}}
	default:
		for _, a := range aggregates {
			if a.lake == m.Table {
				return []need{{a.target(), planSlice(v, loaded).rows}}
			}
		}
		return nil
	}
}
