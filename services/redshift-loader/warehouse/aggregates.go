package warehouse

import (
	"context"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// aggregate is a table whose days are replaced, or where their manifests tell what they
// gained, which is for restatements only, added to.
type aggregate struct {
	lake   string // its table in the lake
	table  string // its table in schema sales
	time   string // its column that tells the day
	money  string // what of a row goes into the money of its manifest
	schema *column.Schema
}

// aggregates in the order in which they are loaded; a constant.
var aggregates = []aggregate{
	{sales.TableDailySales, "agg_daily_sales", "order_date", "gross_revenue", sales.DailySales},
	{sales.TableDailyProducts, "agg_daily_products", "order_date", "gross_revenue", sales.DailyProducts},
	{sales.TableHourlySales, "agg_hourly_sales", "order_hour", "gross_revenue", sales.HourlySales},
	{sales.TableRefundsByDay, "agg_refunds_by_day", "order_date", "refunded_revenue", sales.RefundsByDay},
	{sales.TableRestatements, "restatements", "order_date", "new_gross_revenue - old_gross_revenue", sales.Restatements},
}

// names are those of its statements.
func (a aggregate) names() names {
	return names{"ITS_TABLE", a.table, "ITS_TIME", a.time, "ITS_MONEY", a.money}
}

func (a aggregate) target() target {
	return target{schema: "sales", table: a.table, rows: a.schema}
}

// followedDay is the partition beside a day of stage_days that is not loaded whole; no slice has it.
const followedDay = -1

// loadDays deletes the days that are loaded whole, inserts the rows of the files, and holds
// what each day has then against its manifest.
func (t *transaction) loadDays(ctx context.Context, a aggregate, verdicts []*lake.Verdict, loaded map[string]Slice) error {
	plan, days, byDay := planSlices(verdicts, loaded), make([][]any, len(verdicts)), map[string]*lake.Verdict{}
	for i, v := range verdicts {
		days[i], byDay[v.Manifest.Day] = []any{v.Manifest.Day, nil}, v
		if plan[i].followed {
			days[i][1] = followedDay
		}
	}
	span, err := spanOf(verdicts)
	if err != nil {
		return err
	}
	if err := t.stageDays(ctx, days); err != nil {
		return err
	}
	if err := t.exec(ctx, "delete_aggregate", a.names(), span.from, span.to); err != nil {
		return err
	}
	rows, _ := plan.files()
	if err := t.fill(ctx, a.target(), rows); err != nil {
		return err
	}
	if err := t.check(ctx, "check_aggregate", byDay, a.names(), span.from, span.to); err != nil {
		return err
	}
	return t.exec(ctx, "drop_stage_days")
}
