package warehouse

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// factRows is the schema of silver as the contract has it: fact_sales has no
// columns for those that a lake's settings add, which are read in the lake.
var factRows = *sales.Silver

// stagedFacts is where the rows of fact slices go first.
func stagedFacts() target { return target{table: "stage_sales", rows: &factRows} }

// loadFacts brings days of fact_sales to the state of their slices. The statements
// say why each is there.
func (t *transaction) loadFacts(ctx context.Context, verdicts []*lake.Verdict) error {
	days, err := t.stageDays(ctx, verdicts)
	if err != nil {
		return err
	}
	if err := t.exec(ctx, "create_stage_sales"); err != nil {
		return err
	}
	if err := t.fill(ctx, stagedFacts(), filesOf(verdicts)); err != nil {
		return err
	}
	if err := t.refuseDuplicates(ctx); err != nil {
		return err
	}
	if err := t.all(ctx, "create_stage_skipped", "insert_regions", "infer_products", "infer_customers"); err != nil {
		return err
	}
	if err := t.extendCalendar(ctx); err != nil {
		return err
	}
	if err := t.all(ctx, "delete_removed"); err != nil {
		return err
	}
	if err := t.exec(ctx, "merge_facts", t.now); err != nil {
		return err
	}
	if err := t.check(ctx, "check_facts", days); err != nil {
		return err
	}
	return t.all(ctx, "drop_stage_sales", "drop_stage_days")
}

// stageDays notes the days of the verdicts in a table of the session, and answers the
// verdict of each.
func (t *transaction) stageDays(ctx context.Context, verdicts []*lake.Verdict) (map[string]*lake.Verdict, error) {
	if err := t.exec(ctx, "create_stage_days"); err != nil {
		return nil, err
	}
	days := make(map[string]*lake.Verdict, len(verdicts))
	rows := make([][]any, len(verdicts))
	for i, v := range verdicts {
		days[v.Manifest.Day] = v
		rows[i] = []any{v.Manifest.Day}
	}
	return days, t.insert(ctx, "stage_days", []string{"order_date"}, rows)
}

// refuseDuplicates is an error when a day holds an order twice: a merge would fail, or
// take either.
func (t *transaction) refuseDuplicates(ctx context.Context) error {
	return t.query(ctx, "find_duplicates", func(rows *sql.Rows) error {
		var day, order string
		var copies int64
		if err := rows.Scan(&day, &order, &copies); err != nil {
			return err
		}
		return fmt.Errorf("slice %s/day=%s holds order %q %d times, a slice has one row per order", sales.TableFacts, day, order, copies)
	})
}

// MismatchError says that the loaded totals of a day are not those of its manifest.
type MismatchError struct {
	Slice    string     // the verdict's key
	Version  int64      // of the slice
	Found    lake.Count // in the table
	Expected lake.Count // by the manifest, less what newer versions of other days keep out
}

// Error names the slice, what was found and what was expected.
func (e *MismatchError) Error() string {
	return fmt.Sprintf("slice %s version %d: found %d rows and %s, expected %d rows and %s; nothing was loaded", e.Slice, e.Version,
		e.Found.Rows, sales.FormatCents(e.Found.Cents), e.Expected.Rows, sales.FormatCents(e.Expected.Cents))
}

// check compares what a statement found of each slice with the manifest of that, which
// is in loaded by what the statement names the slice.
func (t *transaction) check(ctx context.Context, statement string, loaded map[string]*lake.Verdict, args ...any) error {
	return t.query(ctx, statement, func(rows *sql.Rows) error {
		var name string
		var found, skipped lake.Count
		if err := rows.Scan(&name, &found.Rows, &found.Cents, &skipped.Rows, &skipped.Cents); err != nil {
			return err
		}
		m := &loaded[name].Manifest
		if expected := m.Count.Sub(skipped); found != expected {
			return &MismatchError{Slice: m.Key(), Version: m.Version, Found: found, Expected: expected}
		}
		return nil
	}, args...)
}
