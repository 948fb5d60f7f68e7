package warehouse

import (
	"context"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// prepare has nothing to do where the files are read inside the transaction, each once.
func (postgres) prepare(_ context.Context, files Files, _ func(context.Context) ([]need, error)) (Files, func(), error) {
	return files, func() {}, nil
}

func (duckDB) prepare(_ context.Context, files Files, _ func(context.Context) ([]need, error)) (Files, func(), error) {
	return files, func() {}, nil
}

// plan answers what a load of the verdicts reads, as the ledger is now: nobody holds it
// yet, so another loader may change that until the load begins. It also answers what is
// loaded.
func (w *Warehouse) plan(ctx context.Context, verdicts []*lake.Verdict) ([]need, map[string]Slice, error) {
	ledger, err := w.Ledger(ctx)
	if err != nil {
		return nil, nil, err
	}
	loaded := make(map[string]Slice, len(ledger))
	for _, s := range ledger {
		loaded[s.Table+"/"+s.Slice] = s
	}
	var needs []need
	for _, v := range verdicts {
		before, known := loaded[v.Key()]
		if known && v.Manifest.Version <= before.Version {
			continue
		}
		needs = append(needs, needsOf(v, before)...)
	}
	return needs, loaded, nil
}

// needsOf answers what the load of a verdict reads, onto what is loaded of its slice.
func needsOf(v *lake.Verdict, loaded Slice) []need {
	switch m := &v.Manifest; m.Table {
	case sales.TableSilverCustomers:
		return []need{{target{table: "stage_customers", rows: sales.SilverCustomers}, m.Files}}
	case sales.TableFacts:
		rows := target{table: "stage_sales", rows: &factRows}
		if d, ok := follow(v, loaded); ok {
			return []need{{rows, d.rows}, {target{table: "stage_changes", rows: &changeRows}, d.changes}}
		}
		return []need{{rows, m.Files}}
	default:
		for _, a := range aggregates {
			if a.lake == m.Table {
				return []need{{target{schema: "sales", table: a.table, rows: a.schema}, m.Files}}
			}
		}
		return nil
	}
}
