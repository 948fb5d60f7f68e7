package warehouse

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// extendCalendar makes dim_date hold every day of the months from the first order to
// the last, so that days and months without orders can be joined, too.
func (t *transaction) extendCalendar(ctx context.Context) error {
	var first, last, firstStaged, lastStaged sql.NullString
	err := t.query(ctx, "read_calendar", func(rows *sql.Rows) error {
		return rows.Scan(&first, &last, &firstStaged, &lastStaged)
	})
	if err != nil || !firstStaged.Valid {
		return err
	}
	from, to, err := span(firstStaged.String, lastStaged.String)
	if err != nil {
		return err
	}
	if !first.Valid {
		return t.insertDays(ctx, from, to)
	}
	begin, end, err := span(first.String, last.String)
	if err != nil {
		return err
	}
	if err := t.insertDays(ctx, from, begin); err != nil {
		return err
	}
	return t.insertDays(ctx, end, to)
}

// span widens two dates to whole months: the first day, and the one after the last.
func span(first, last string) (from, to time.Time, err error) {
	if from, err = time.Parse(time.DateOnly, first); err != nil {
		return from, to, fmt.Errorf("read calendar: %w", err)
	}
	if to, err = time.Parse(time.DateOnly, last); err != nil {
		return from, to, fmt.Errorf("read calendar: %w", err)
	}
	return monthStart(from), monthStart(to).AddDate(0, 1, 0), nil
}

func monthStart(day time.Time) time.Time { return day.AddDate(0, 0, 1-day.Day()) }

// insertDays adds the days from one up to another, which is not included.
func (t *transaction) insertDays(ctx context.Context, from, to time.Time) error {
	var rows [][]any
	for day := from; day.Before(to); day = day.AddDate(0, 0, 1) {
		isoYear, isoWeek := day.ISOWeek()
		weekday := (int(day.Weekday())+6)%7 + 1 // ISO: Monday is 1
		rows = append(rows, []any{
			day.Format(time.DateOnly), day.Year(), (int(day.Month())-1)/3 + 1, int(day.Month()), day.Day(),
			weekday, day.Weekday().String(), isoYear, isoWeek, monthStart(day).Format(time.DateOnly),
		})
	}
	return t.insert(ctx, "sales.dim_date", []string{"order_date", "year", "quarter", "month", "day",
		"weekday", "weekday_name", "iso_year", "iso_week", "month_start"}, rows)
}
