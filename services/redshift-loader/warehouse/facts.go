package warehouse

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// factRows and changeRows are the schemas of silver as the contract has them: fact_sales
// has no columns for those that a lake's settings add, which are read in the lake.
var factRows, changeRows = *sales.Silver, *sales.Changes

// loadFacts brings days of fact_sales to the state of their slices. The statements
// say why each is there.
func (t *transaction) loadFacts(ctx context.Context, verdicts []*lake.Verdict, loaded map[string]Slice) error {
	days := planDays(verdicts, loaded)
	if err := t.stageFacts(ctx, days); err != nil {
		return err
	}
	if err := t.findRivals(ctx); err != nil {
		return err
	}
	if err := t.all(ctx, "insert_regions", "infer_products", "infer_customers"); err != nil {
		return err
	}
	if err := t.extendCalendar(ctx); err != nil {
		return err
	}
	lost, err := t.sumLost(ctx, days)
	if err != nil {
		return err
	}
	if err := t.writeFacts(ctx); err != nil {
		return err
	}
	if err := t.checkFacts(ctx, days, lost); err != nil {
		return err
	}
	if err := t.unstage(ctx, "stage_sales", "stage_changes"); err != nil {
		return err
	}
	return t.all(ctx, "drop_stage_rows", "drop_stage_days")
}

// stageFacts reads the files and finds the rows that the days gain and lose.
func (t *transaction) stageFacts(ctx context.Context, days []dayLoad) error {
	whole, err := t.stageWhole(ctx, days)
	if err != nil {
		return err
	}
	var rows, changes []lake.File
	for _, d := range days {
		rows, changes = append(rows, d.rows...), append(changes, d.changes...)
	}
	if err := t.stage(ctx, target{table: "stage_sales", rows: &factRows}, rows); err != nil {
		return err
	}
	if err := t.stage(ctx, target{table: "stage_changes", rows: &changeRows}, changes); err != nil {
		return err
	}
	if err := t.exec(ctx, "create_stage_rows"); err != nil {
		return err
	}
	if err := t.gather(ctx, "stage_known", "find_known"); err != nil {
		return err
	}
	if err := t.gather(ctx, "stage_rows", "diff_facts", whole.from, whole.to); err != nil {
		return err
	}
	return t.refuseDuplicates(ctx)
}

// stageWhole notes what is loaded whole in a table of the session, and answers the range
// of days that it is in.
func (t *transaction) stageWhole(ctx context.Context, days []dayLoad) (timeSpan, error) {
	var rows [][]any
	var verdicts []*lake.Verdict
	for _, d := range days {
		if d.followed && len(d.whole) == 0 {
			continue
		}
		verdicts = append(verdicts, d.verdict)
		if !d.followed {
			rows = append(rows, []any{d.verdict.Manifest.Day, nil})
		}
		for _, partition := range d.whole {
			rows = append(rows, []any{d.verdict.Manifest.Day, partition})
		}
	}
	if err := t.stageDays(ctx, rows); err != nil {
		return noTime, err
	}
	return spanOf(verdicts)
}

// stageDays notes days, each with a partition or nil for all, in a table of the session.
func (t *transaction) stageDays(ctx context.Context, rows [][]any) error {
	if err := t.exec(ctx, "create_stage_days"); err != nil {
		return err
	}
	return t.insert(ctx, "stage_days", []string{"order_date", "_partition"}, rows)
}

// findRivals finds the orders of which the warehouse has, or now gets, rows of several
// days, and ranks these. Nothing is sought of most changes: then no table is read.
func (t *transaction) findRivals(ctx context.Context) error {
	sought, err := t.execCount(ctx, "find_sought")
	if err != nil {
		return err
	}
	if sought > 0 {
		if err := t.dialect.analyze(ctx, t.tx.Tx, "stage_sought"); err != nil {
			return err
		}
		days, err := t.span(ctx, "read_rival_span")
		if err != nil {
			return err
		}
		if err := t.exec(ctx, "find_rivals", days.from, days.to); err != nil {
			return err
		}
	}
	return t.all(ctx, "rank_rivals", "find_touched")
}

// writeFacts makes the changes, in the days that they touch.
func (t *transaction) writeFacts(ctx context.Context) error {
	if err := t.dialect.analyze(ctx, t.tx.Tx, "stage_touched"); err != nil {
		return err
	}
	touched, err := t.span(ctx, "read_fact_span")
	if err != nil {
		return err
	}
	if err := t.exec(ctx, "delete_facts", touched.from, touched.to); err != nil {
		return err
	}
	if err := t.exec(ctx, "insert_facts", t.now); err != nil {
		return err
	}
	return t.all(ctx, "delete_overtaken", "insert_overtaken")
}

// span answers the range of days that a statement finds.
func (t *transaction) span(ctx context.Context, statement string) (timeSpan, error) {
	span := noTime
	err := t.query(ctx, statement, func(rows *sql.Rows) error {
		var first, last sql.NullString
		err := rows.Scan(&first, &last)
		if err == nil && first.Valid {
			span, err = daysFrom(first.String, last.String)
		}
		return err
	})
	return span, err
}

// refuseDuplicates is an error when a day holds an order twice: which of its rows
// is the fact would be chance.
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

// MismatchError says that the loaded totals of a slice are not those of its manifest.
type MismatchError struct {
	Slice    string     // the verdict's key
	Version  int64      // of the slice
	Found    lake.Count // in the warehouse
	Expected lake.Count // by the manifest
}

// Error names the slice, what was found and what was expected.
func (e *MismatchError) Error() string {
	return fmt.Sprintf("slice %s version %d: found %d rows and %s, expected %d rows and %s; nothing was loaded", e.Slice, e.Version,
		e.Found.Rows, sales.FormatCents(e.Found.Cents), e.Expected.Rows, sales.FormatCents(e.Expected.Cents))
}
