package warehouse

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
	"math/big"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	warehousesql "github.com/saleslake/saleslake/sql"
)

// Ledger answers the version of each slice that is loaded, ordered by table and slice.
func (w *Warehouse) Ledger(ctx context.Context) ([]Slice, error) { return w.ledger(ctx, "read_ledger") }

func (w *Warehouse) ledger(ctx context.Context, statement string, args ...any) (all []Slice, err error) {
	err = w.query(ctx, statement, func(rows *sql.Rows) error {
		s, err := scanSlice(rows)
		all = append(all, s)
		return err
	}, args...)
	return all, err
}

// query runs a statement of package sql outside of any transaction, and gives each row to
// scan.
func (w *Warehouse) query(ctx context.Context, statement string, scan func(*sql.Rows) error, args ...any) error {
	text, err := warehousesql.Load(statement)
	if err != nil {
		return err
	}
	text, args, err = w.dialect.bind(text, args)
	if err != nil {
		return fmt.Errorf("%s: %w", action(statement), err)
	}
	rows, err := w.db.QueryContext(ctx, text, args...)
	if err != nil {
		return w.judge(fmt.Errorf("%s: %w", action(statement), err))
	}
	return w.judge(scanAll(rows, action(statement), scan))
}

// Totals answers rows and money that the ledger holds, by table of the lake. The database
// adds them up, as there is a row of each slice that was ever loaded.
func (w *Warehouse) Totals(ctx context.Context) (map[string]lake.Count, error) {
	totals := map[string]lake.Count{}
	err := w.query(ctx, "sum_ledger", func(rows *sql.Rows) error {
		var table, cents string
		var sum lake.Count
		if err := rows.Scan(&table, &sum.Rows, &cents); err != nil {
			return err
		}
		var err error
		sum.Cents, err = wrapped(cents)
		totals[table] = sum
		return err
	})
	return totals, err
}

// stageSlices notes the slices of the verdicts in a table of the session, and answers
// what is loaded of them, by the slice's key.
func (t *transaction) stageSlices(ctx context.Context, verdicts []*lake.Verdict) (map[string]Slice, error) {
	if err := t.exec(ctx, "create_stage_slices"); err != nil {
		return nil, err
	}
	rows := make([][]any, len(verdicts))
	for i, v := range verdicts {
		m := &v.Manifest
		if _, err := sales.ParseDay(m.Day); err != nil {
			return nil, fmt.Errorf("day of verdict %s: %w", v.Key(), err)
		}
		rows[i] = []any{m.Table, m.Slice, m.Version, m.Rows, m.Cents, string(v.Outcome), inputsOf(m), m.Day, m.Partition}
	}
	err := t.insert(ctx, "stage_slices",
		[]string{"table_name", "slice", "version", "rows", "cents", "outcome", "inputs", "slice_day", "_partition"}, rows)
	if err != nil {
		return nil, err
	}
	loaded := map[string]Slice{}
	return loaded, t.query(ctx, "read_loaded", func(rows *sql.Rows) error {
		s, err := scanSlice(rows)
		loaded[s.Key()] = s
		return err
	})
}

// maxInputs is how many bytes the ledger's column of inputs holds.
const maxInputs = 65_535

// inputsOf gives the versions that facts are made of, as the ledger has them: a JSON
// object, or nil, also when it does not fit: such a day is loaded whole each time.
func inputsOf(m *lake.Manifest) any {
	if m.Table != sales.TableFacts || len(m.Inputs) == 0 {
		return nil
	}
	versions := make(map[string]int64, len(m.Inputs))
	for _, in := range m.Inputs {
		versions[in.Slice] = in.Version
	}
	text, err := json.Marshal(versions)
	if err != nil {
		panic(err) // of texts and numbers
	}
	if len(text) > maxInputs {
		return nil
	}
	return string(text)
}

func scanSlice(rows *sql.Rows) (Slice, error) {
	var s Slice
	var inputs sql.NullString
	err := rows.Scan(&s.Table, &s.Slice, &s.Version, &s.Count.Rows, &s.Count.Cents, &s.Outcome, &inputs)
	if err == nil && inputs.Valid {
		err = json.Unmarshal([]byte(inputs.String), &s.inputs)
	}
	return s, err
}

// writeLedger notes the versions that this transaction loads.
func (t *transaction) writeLedger(ctx context.Context) error {
	if err := t.exec(ctx, "delete_ledger"); err != nil {
		return err
	}
	if err := t.exec(ctx, "insert_ledger", t.now); err != nil {
		return err
	}
	return t.exec(ctx, "drop_stage_slices")
}

// CustomerVersions counts the versions of customers of which dim_customer is derived.
func (w *Warehouse) CustomerVersions(ctx context.Context) (c lake.Count, err error) {
	if err = w.db.QueryRowContext(ctx, "select count(*) from etl.customer_versions").Scan(&c.Rows); err != nil {
		err = w.judge(fmt.Errorf("count customer_versions: %w", err))
	}
	return c, err
}

// Facts counts the rows and the revenue that fact_sales really holds. Money beyond an
// int64 wraps, as the sums of the lake's ledger do.
func (w *Warehouse) Facts(ctx context.Context) (c lake.Count, err error) {
	const count = `select count(*), cast(cast(coalesce(sum(revenue), 0) * 100 as decimal(38, 0)) as varchar(40)) from sales.fact_sales`
	var cents string
	if err = w.db.QueryRowContext(ctx, count).Scan(&c.Rows, &cents); err != nil {
		return c, w.judge(fmt.Errorf("count fact_sales: %w", err))
	}
	c.Cents, err = wrapped(cents)
	return c, err
}

// wrapped reads a sum of cents, of which what is beyond an int64 wraps.
func wrapped(text string) (int64, error) {
	sum, ok := new(big.Int).SetString(text, 10)
	if !ok {
		return 0, fmt.Errorf("%q is no sum of cents", text)
	}
	low := new(big.Int).And(sum, new(big.Int).SetUint64(math.MaxUint64))
	return int64(low.Uint64()), nil //nolint:gosec // meant to wrap
}
