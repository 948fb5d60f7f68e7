package warehouse

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// versionRows and versionChanges are where the history's rows are read into.
var (
	versionRows    = target{table: "stage_customers", rows: sales.SilverCustomers}
	versionChanges = target{table: "stage_customer_changes", rows: sales.CustomerChanges}
)

// loadCustomers brings slices of the customers' history to their versions, derives the intervals of
// whose history that changes, and gives the facts of these the interval that holds
// their order_ts now.
func (t *transaction) loadCustomers(ctx context.Context, verdicts []*lake.Verdict, loaded map[string]Slice) error {
	plan := planSlices(verdicts, loaded)
	if err := t.exec(ctx, "create_stage_customers"); err != nil {
		return err
	}
	rows, changes := plan.files()
	if err := t.fill(ctx, versionRows, rows); err != nil {
		return err
	}
	if err := t.fill(ctx, versionChanges, changes); err != nil {
		return err
	}
	if err := t.writeVersions(ctx, plan); err != nil {
		return err
	}
	if err := t.gather(ctx, "stage_changed", "find_changed_customers"); err != nil {
		return err
	}
	if err := t.gather(ctx, "stage_intervals", "derive_intervals"); err != nil {
		return err
	}
	if err := t.gather(ctx, "stage_moved", "find_moved"); err != nil {
		return err
	}
	moved, err := t.movedBounds(ctx)
	if err != nil {
		return err
	}
	if err := t.all(ctx, "merge_customers", "delete_intervals"); err != nil {
		return err
	}
	if moved.from != "" {
		if err := t.exec(ctx, "move_facts", moved.from, moved.to); err != nil {
			return err
		}
	}
	return t.exec(ctx, "drop_stage_customers")
}

// writeVersions brings the slices in etl.customer_versions to the rows that are staged.
func (t *transaction) writeVersions(ctx context.Context, plan sliceLoads) error {
	whole := plan.whole()
	span, err := spanOf(whole)
	if err != nil {
		return err
	}
	days := make([][]any, len(whole))
	for i, v := range whole {
		days[i] = []any{v.Manifest.Day, v.Manifest.Partition}
	}
	if err := t.stageDays(ctx, days); err != nil {
		return err
	}
	if err := t.gather(ctx, "stage_versions", "diff_customers", span.from, span.to); err != nil {
		return err
	}
	if err := t.refuseDuplicateVersions(ctx); err != nil {
		return err
	}
	more := map[string]lake.Count{}
	if len(whole) < len(plan) {
		if more, err = t.sums(ctx, "sum_versions"); err != nil {
			return err
		}
	}
	if err := t.all(ctx, "delete_versions", "insert_versions"); err != nil {
		return err
	}
	if err := t.checkVersions(ctx, plan, more, span); err != nil {
		return err
	}
	return t.exec(ctx, "drop_stage_days")
}

// checkVersions holds each slice against its manifest: of a whole one, what the history has;
// else what the ledger says that it had, and how many rows more that made.
func (t *transaction) checkVersions(ctx context.Context, plan sliceLoads, more map[string]lake.Count, span timeSpan) error {
	whole := map[string]*lake.Verdict{}
	for _, s := range plan {
		if !s.followed {
			whole[s.verdict.Manifest.Slice] = s.verdict
			continue
		}
		if err := agree(&s.verdict.Manifest, s.had.Add(more[s.verdict.Manifest.Slice])); err != nil {
			return err
		}
	}
	if len(whole) == 0 {
		return nil
	}
	return t.check(ctx, "check_customers", whole, span.from, span.to)
}

// refuseDuplicateVersions is refuseDuplicates for customers.
func (t *transaction) refuseDuplicateVersions(ctx context.Context) error {
	return t.query(ctx, "find_duplicate_versions", func(rows *sql.Rows) error {
		var customer, updated string
		var copies int64
		if err := rows.Scan(&customer, &updated, &copies); err != nil {
			return err
		}
		return fmt.Errorf("%s holds customer %q of %s %d times, it has one row per customer and time", sales.TableSilverCustomers, customer, updated, copies)
	})
}

// movedBounds answers between which times facts may belong to another interval of
// their customer than before.
func (t *transaction) movedBounds(ctx context.Context) (moved timeSpan, err error) {
	err = t.query(ctx, "read_moved_bounds", func(rows *sql.Rows) error {
		var from, to sql.NullString
		err := rows.Scan(&from, &to)
		moved = timeSpan{from.String, to.String}
		return err
	})
	return moved, err
}
