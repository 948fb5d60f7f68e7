package warehouse

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// loadCustomers replaces slices of the customers' history, derives the intervals of
// whose history that changes, and gives the facts of these the interval that holds
// their order_ts now.
func (t *transaction) loadCustomers(ctx context.Context, verdicts []*lake.Verdict) error {
	days, err := spanOf(verdicts)
	if err != nil {
		return err
	}
	if err := t.exec(ctx, "create_stage_customers"); err != nil {
		return err
	}
	if err := t.fill(ctx, target{table: "stage_customers", rows: sales.SilverCustomers}, filesOf(verdicts)); err != nil {
		return err
	}
	if err := t.replaceVersions(ctx, verdicts, days); err != nil {
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

// replaceVersions brings the slices in etl.customer_versions to the rows that are staged.
func (t *transaction) replaceVersions(ctx context.Context, verdicts []*lake.Verdict, days timeSpan) error {
	if err := t.gather(ctx, "stage_versions", "diff_customers", days.from, days.to); err != nil {
		return err
	}
	if err := t.refuseDuplicateVersions(ctx); err != nil {
		return err
	}
	if err := t.all(ctx, "delete_versions", "insert_versions"); err != nil {
		return err
	}
	bySlice := make(map[string]*lake.Verdict, len(verdicts))
	for _, v := range verdicts {
		bySlice[v.Manifest.Slice] = v
	}
	return t.check(ctx, "check_customers", bySlice, days.from, days.to)
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
