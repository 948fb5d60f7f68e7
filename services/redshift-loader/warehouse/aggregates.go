package warehouse

import (
	"context"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// aggregate is a table that is replaced day by day.
type aggregate struct {
	lake   string // its table in the lake
	table  string // its table in schema sales
	name   string // of its statements
	schema *column.Schema
}

// aggregates in the order in which they are loaded; a constant.
var aggregates = []aggregate{
	{sales.TableDailySales, "agg_daily_sales", "daily_sales", sales.DailySales},
	{sales.TableDailyProducts, "agg_daily_products", "daily_products", sales.DailyProducts},
	{sales.TableHourlySales, "agg_hourly_sales", "hourly_sales", sales.HourlySales},
	{sales.TableRefundsByDay, "agg_refunds_by_day", "refunds_by_day", sales.RefundsByDay},
	{sales.TableRestatements, "restatements", "restatements", sales.Restatements},
}

// replaceDays deletes the days of the verdicts and inserts the rows of their files.
func (t *transaction) replaceDays(ctx context.Context, a aggregate, verdicts []*lake.Verdict) error {
	days, byDay := make([]dayLoad, len(verdicts)), map[string]*lake.Verdict{}
	for i, v := range verdicts {
		days[i], byDay[v.Manifest.Day] = dayLoad{verdict: v, whole: true}, v
	}
	if err := t.stageDays(ctx, days); err != nil {
		return err
	}
	if err := t.exec(ctx, "delete_"+a.name); err != nil {
		return err
	}
	to := target{schema: "sales", table: a.table, rows: a.schema}
	if err := t.fill(ctx, to, filesOf(verdicts)); err != nil {
		return err
	}
	if err := t.check(ctx, "check_"+a.name, byDay); err != nil {
		return err
	}
	return t.exec(ctx, "drop_stage_days")
}
