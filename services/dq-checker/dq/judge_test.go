package dq

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

func good() Evidence {
	c := lake.Count{Rows: 10, Cents: 1000}
	return Evidence{
		Manifest: &lake.Manifest{Table: sales.TableFacts, Count: c, Inputs: []lake.Input{{Count: lake.Count{Rows: 4, Cents: 400}}, {Count: lake.Count{Rows: 6, Cents: 600}}}},
		Balances: map[int32]Balance{0: {Records: 100_000, Rejected: 4_999}},
		Facts:    &Facts{Count: c, Sold: lake.Count{Rows: 7, Cents: 800}, Refunded: lake.Count{Rows: 1, Cents: 100}, openOrders: 3},
	}
}

func goodCells() Evidence {
	e := good()
	e.Manifest = &lake.Manifest{Table: sales.TableDailySales, Count: lake.Count{Rows: 2, Cents: 800}}
	e.Cells = &Cells{Rows: 2, Orders: 7, Open: 3, Gross: 800, Refunded: 100, Net: 700}
	return e
}

func goodRefunds() Evidence {
	e := good()
	e.Manifest = &lake.Manifest{Table: sales.TableRefundsByDay, Count: lake.Count{Rows: 1, Cents: 100}}
	e.Cells = &Cells{Rows: 1, Refunds: 1, Refunded: 100}
	return e
}

func goodRestatements() Evidence {
	e := goodCells()
	e.Daily = &Cells{Sold: map[cell]lake.Count{{"Europe", "Books"}: {Rows: 4, Cents: 500}, {"Europe", "Toys"}: {Rows: 3, Cents: 300}}}
	e.Manifest = &lake.Manifest{Table: sales.TableRestatements, Count: lake.Count{Rows: 3, Cents: -20}}
	e.Cells = &Cells{Rows: 3, Gross: -20, Refunded: 5, Net: -25, Sold: map[cell]lake.Count{{"Europe", "Books"}: {Rows: 4, Cents: 500}, {"Europe", "Gone"}: {}}}
	return e
}

func TestJudge(t *testing.T) {
	limits := Thresholds{RowLossWarn: 0.01, RowLossFail: 0.05, RejectFail: 0.05}
	for _, e := range []Evidence{good(), goodCells(), goodRefunds(), goodRestatements()} {
		findings := Judge(e, limits)
		require.Equal(t, lake.Pass, Worst(findings), "%v", findings)
		require.Len(t, findings, len(Rules))
	}
	cases := map[string]struct {
		from func() Evidence
		edit func(*Evidence)
		rule string
		want lake.Outcome
	}{
		"unreadable file":      {good, func(e *Evidence) { e.Facts.Unreadable = []string{"a.parquet: corrupt"} }, RuleFiles, lake.Fail},
		"unreadable aggregate": {goodCells, func(e *Evidence) { e.Cells.Unreadable = []string{"a.parquet: corrupt"} }, RuleFiles, lake.Fail},
		"ledger":               {good, func(e *Evidence) { e.Balances[1] = Balance{Faults: []string{"x"}} }, RuleLedger, lake.Fail},
		"loss to warn of":      {good, func(e *Evidence) { e.Balances[0] = Balance{Records: 100, Lost: 1} }, RuleRowLoss, lake.Warn},
		"loss to fail for":     {good, func(e *Evidence) { e.Balances[0] = Balance{Records: 100, Lost: 5} }, RuleRowLoss, lake.Fail},
		"rejects":              {good, func(e *Evidence) { e.Balances[0] = Balance{Records: 1000, Rejected: 50} }, RuleRejects, lake.Fail},
		"first rejects":        {good, func(e *Evidence) { e.Balances[0] = Balance{Records: 999, Rejected: 999} }, RuleRejects, lake.Pass},
		"replayed rejects":     {good, func(e *Evidence) { e.Balances[0] = Balance{Records: 1050, Rejected: 50, Replayed: 50} }, RuleRejects, lake.Pass},
		"elsewhere replayed": {good, func(e *Evidence) {
			e.Balances = map[int32]Balance{0: {Records: 1000, Rejected: 50}, 1: {Records: 50, Replayed: 50}}
		}, RuleRejects, lake.Pass},
		"rejected again":       {good, func(e *Evidence) { e.Balances[0] = Balance{Records: 1050, Rejected: 100, Replayed: 50} }, RuleRejects, lake.Fail},
		"no order_id":          {good, func(e *Evidence) { e.Facts.NoOrderID.add("f row 1") }, RuleNotNull, lake.Fail},
		"no revenue":           {good, func(e *Evidence) { e.Facts.NoRevenue.add("f row 1") }, RuleNotNull, lake.Fail},
		"order twice":          {good, func(e *Evidence) { e.Facts.Duplicates.add("f row 1") }, RuleUnique, lake.Fail},
		"stray day":            {good, func(e *Evidence) { e.Facts.Strays.add("f row 1") }, RuleReconcile, lake.Fail},
		"files off by a cent":  {good, func(e *Evidence) { e.Facts.Cents++ }, RuleReconcile, lake.Fail},
		"silver off by a row":  {good, func(e *Evidence) { e.Manifest.Inputs[0].Rows++ }, RuleReconcile, lake.Fail},
		"too much money":       {goodCells, func(e *Evidence) { e.Facts.Excess = "f row 1" }, RuleReconcile, lake.Fail},
		"no facts":             {goodCells, func(e *Evidence) { e.Facts = nil }, RuleReconcile, lake.Fail},
		"gross off by a cent":  {goodCells, func(e *Evidence) { e.Cells.Gross++; e.Manifest.Cents++ }, RuleReconcile, lake.Fail},
		"net off by a cent":    {goodCells, func(e *Evidence) { e.Cells.Net-- }, RuleReconcile, lake.Fail},
		"an open order less":   {goodCells, func(e *Evidence) { e.Cells.Open-- }, RuleReconcile, lake.Fail},
		"refund off by a cent": {goodCells, func(e *Evidence) { e.Cells.Refunded++; e.Cells.Net-- }, RuleReconcile, lake.Fail},
		"a refund too many":    {goodRefunds, func(e *Evidence) { e.Cells.Refunds++ }, RuleReconcile, lake.Fail},
		"refunds off a cent":   {goodRefunds, func(e *Evidence) { e.Cells.Refunded++; e.Manifest.Cents++ }, RuleReconcile, lake.Fail},
		"a cell of refunds":    {goodRefunds, func(e *Evidence) { e.Manifest.Rows++ }, RuleReconcile, lake.Fail},
		"a restatement more":   {goodRestatements, func(e *Evidence) { e.Manifest.Rows-- }, RuleReconcile, lake.Fail},
		"restated off a cent":  {goodRestatements, func(e *Evidence) { e.Cells.Gross++; e.Cells.Net++ }, RuleReconcile, lake.Fail},
		"restated net":         {goodRestatements, func(e *Evidence) { e.Cells.Net++ }, RuleReconcile, lake.Fail},
		"another cell":         {goodRestatements, func(e *Evidence) { e.Daily.Sold[cell{"Europe", "Books"}] = lake.Count{Rows: 4, Cents: 501} }, RuleReconcile, lake.Fail},
		"a cell that stayed":   {goodRestatements, func(e *Evidence) { e.Daily.Sold[cell{"Europe", "Gone"}] = lake.Count{Rows: 1} }, RuleReconcile, lake.Fail},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			e := c.from()
			c.edit(&e)
			outcomes := map[string]lake.Outcome{}
			for _, f := range Judge(e, limits) {
				outcomes[f.Rule] = f.Outcome
				require.NotEmpty(t, f.Message)
			}
			require.Equal(t, c.want, outcomes[c.rule])
			for rule, outcome := range outcomes {
				if rule != c.rule {
					require.Equal(t, lake.Pass, outcome, rule)
				}
			}
		})
	}
}
