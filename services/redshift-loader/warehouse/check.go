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
// else what the ledger says that it had, and what it really lost and gained.
func (t *transaction) checkFacts(ctx context.Context, days []dayLoad, lost map[string]lake.Count) error {
	whole := map[string]*lake.Verdict{}
	for _, d := range days {
		if !d.followed {
			whole[d.verdict.Manifest.Day] = d.verdict
		}
	}
	if len(whole) < len(days) {
		gained, err := t.sums(ctx, "sum_gained", t.now)
		if err != nil {
			return err
		}
		for _, d := range days {
			day := d.verdict.Manifest.Day
			if whole[day] != nil {
				continue
			}
			if err := agree(&d.verdict.Manifest, d.had.Add(gained[day]).Sub(lost[day])); err != nil {
				return err
			}
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

// sumLost answers what days that are followed lose, before it is gone. No other needs it.
func (t *transaction) sumLost(ctx context.Context, days []dayLoad) (map[string]lake.Count, error) {
	var followed []*lake.Verdict
	for _, d := range days {
		if d.followed {
			followed = append(followed, d.verdict)
		}
	}
	if len(followed) == 0 {
		return map[string]lake.Count{}, nil
	}
	span, err := spanOf(followed)
	if err != nil {
		return nil, err
	}
	return t.sums(ctx, "sum_lost", span.from, span.to)
}

// sums answers what a statement adds up by day, or slice.
func (t *transaction) sums(ctx context.Context, statement string, args ...any) (map[string]lake.Count, error) {
	sums := map[string]lake.Count{}
	return sums, t.query(ctx, statement, func(rows *sql.Rows) error {
		var name string
		var sum lake.Count
		err := rows.Scan(&name, &sum.Rows, &sum.Cents)
		sums[name] = sum
		return err
	}, args...)
}
