package gold

import (
	"slices"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/services/gold-aggregator/fold"
)

// table is one of gold's.
type table struct {
	name   string
	schema *column.Schema
	rows   func(*fold.Day) *column.Batch // of a day, nil where they are made otherwise
	money  string                        // the column whose sum is the cents of a manifest
}

// tables are those of gold, in the order in which a day's manifests are published.
var tables = [...]table{
	facts:        {name: sales.TableFacts, schema: sales.Silver}, // its files are silver's
	dailySales:   {sales.TableDailySales, sales.DailySales, (*fold.Day).Sales, "gross_revenue"},
	2:            {sales.TableDailyProducts, sales.DailyProducts, (*fold.Day).Products, "gross_revenue"},
	3:            {sales.TableHourlySales, sales.HourlySales, (*fold.Day).Hours, "gross_revenue"},
	4:            {sales.TableRefundsByDay, sales.RefundsByDay, (*fold.Day).Refunds, "refunded_revenue"},
	restatements: {name: sales.TableRestatements, schema: sales.Restatements}, // made of two versions
}

// The tables that are more than a day's rows.
const (
	facts        = 0
	dailySales   = 1
	restatements = 5
)

// tableAt gives the position of the table with a name, -1 for none.
func tableAt(name string) int {
	return slices.IndexFunc(tables[:], func(t table) bool { return t.name == name })
}

// sum gives the total of a column of money, in cents.
func sum(b *column.Batch, name string) (cents int64) {
	for _, v := range b.Column(name).I64 {
		cents += v
	}
	return cents
}
