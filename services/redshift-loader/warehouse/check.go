package warehouse

import (
	"context"
	"database/sql"
	"maps"
	"slices"

	"github.com/saleslake/saleslake/pkg/lake"
)

// check compares what a statement found of each slice with the manifest of that, which
// is in loaded by what the statement names the slice.
func (t *transaction) check(ctx context.Context, statement string, loaded map[string]*lake.Verdict, args ...any) error {
	return t.query(ctx, statement, func(rows *sql.Rows) error {
		var name string
		var found lake.Count
		if err := rows.Scan(&name, &found.Rows, &found.Cents); err != nil {
			return err
		}
		return agree(&loaded[name].Manifest, found)
	}, args...)
}

func agree(m *lake.Manifest, found lake.Count) error {
	if found != m.Count {
		return &MismatchError{Slice: m.Key(), Version: m.Version, Found: found, Expected: m.Count}
	}
	return nil
}

// checkFacts holds each day against its manifest: of a whole day, what the warehouse has;
// else what the ledger says that it had, and what really became of the rows that changed.
func (t *transaction) checkFacts(ctx context.Context, days []dayLoad, before map[string]lake.Count) error {
	after, err := t.sumTouched(ctx, days)
	if err != nil {
		return err
	}
	whole := map[string]*lake.Verdict{}
	for _, d := range days {
		day := d.verdict.Manifest.Day
		if !d.followed {
			whole[day] = d.verdict
		} else if err := agree(&d.verdict.Manifest, d.had.Add(after[day]).Sub(before[day])); err != nil {
			return err
		}
	}
	if len(whole) == 0 {
		return nil
	}
	span, err := spanOf(slices.Collect(maps.Values(whole)))
	if err != nil {
		return err
	}
	return t.check(ctx, "check_facts", whole, span.from, span.to)
}

// sumTouched answers what the warehouse has of the orders that change, by day, of days
// that are followed. No other needs it.
func (t *transaction) sumTouched(ctx context.Context, days []dayLoad) (map[string]lake.Count, error) {
	var followed []*lake.Verdict
	for _, d := range days {
		if d.followed {
			followed = append(followed, d.verdict)
		}
	}
	sums := map[string]lake.Count{}
	if len(followed) == 0 {
		return sums, nil
	}
	span, err := spanOf(followed)
	if err != nil {
		return nil, err
	}
	return sums, t.query(ctx, "sum_touched", func(rows *sql.Rows) error {
		var day string
		var sum lake.Count
		err := rows.Scan(&day, &sum.Rows, &sum.Cents)
		sums[day] = sum
		return err
	}, span.from, span.to)
}
