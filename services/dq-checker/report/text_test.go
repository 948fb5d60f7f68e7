package report

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/services/dq-checker/dq"
)

func TestText(t *testing.T) {
	r := newRig(t)
	r.put(sales.Results, judged(3*time.Hour, "2026-03-01", 2, "files", "fail", "fail"), judged(3*time.Hour, "2026-03-01", 2, kindRowLoss, "warn", "fail").with(row{"value": 12_345, "owner": ""}),
		judged(3*time.Hour, "2026-03-01", 2, dq.RuleDay, "fail", "fail").with(row{"table": sales.TableDailySales}))
	r.put(sales.Results, judged(24*time.Hour, "2026-02-28", 9, "files", "pass", "pass"))
	r.put(sales.Samples, row{"run_ts": at(3 * time.Hour), "table": sales.TableFacts, "slice": "day=2026-03-01", "version": 2, "rule": "files", "sample": 1, "id": "a", "partition": -1, "offset": -1, "file": "x", "row": 1})
	r.put(sales.DQLedger, row{"run_ts": at(time.Hour), "scope": scopeDay, "hop": "gold", "source": sales.TableFacts, "partition": -1, "day": day("2026-03-01"), "version": 2, "next_offset": -1,
		"in_rows": 12, "in_revenue": 123_456, "out_rows": 11, "out_revenue": 120_000, "residual_rows": 1, "residual_revenue": 3_456, "fault": "p=003, offsets 7 to 9"})
	var b bytes.Buffer
	require.NoError(t, r.read(all()).Text(&b, 0))
	require.Equal(t, `1 slices pass, 0 warn, 2 fail. 1 lines of the ledger do not balance.

HELD gold/fact_sales/day=2026-03-01 version 2 since 2026-03-02T06:30:00.000000Z
  fail files: files fail
  warn row_loss: row_loss warn
  with it waits gold/daily_sales
  to load it all the same: dq-checker accept gold/fact_sales/day=2026-03-01 --version 2 --reason "…"

Rules

table             rule      severity  outcome  pass  warn  fail  last breach  owner
────────────────  ────────  ────────  ───────  ────  ────  ────  ───────────  ──────────
gold/daily_sales  day       fail      fail        0     0     1  2026-03-01   sales-data
gold/fact_sales   files     fail      fail        1     0     1  2026-03-01   sales-data
gold/fact_sales   row_loss  fail      warn        0     1     0  2026-03-01   –

Days

day         outcome  rows  revenue  warned  failed  loss %
──────────  ───────  ────  ───────  ──────  ──────  ──────
2026-03-01  fail       11  1200.00       1       1  1.2345
2026-02-28  pass        0     0.00       0       0  0.0000

Breaches

day         table            rule      outcome  message
──────────  ───────────────  ────────  ───────  ─────────────
2026-03-01  gold/fact_sales  files     fail     files fail
2026-03-01  gold/fact_sales  row_loss  warn     row_loss warn

Samples

table            slice           rule   id  source  partition  offset  column  value
───────────────  ──────────────  ─────  ──  ──────  ─────────  ──────  ──────  ─────
gold/fact_sales  day=2026-03-01  files  a   –       –          –       –       –

Ledger, rows

hop   of                          in  out  duplicate  superseded  rejected  residual
────  ──────────────────────────  ──  ───  ─────────  ──────────  ────────  ────────
gold  2026-03-01 gold/fact_sales  12   11          0           0         0         1

Ledger, revenue

hop   of                               in      out  duplicate  superseded  rejected  residual
────  ──────────────────────────  ───────  ───────  ─────────  ──────────  ────────  ────────
gold  2026-03-01 gold/fact_sales  1234.56  1200.00       0.00        0.00      0.00     34.56

gold, 2026-03-01 gold/fact_sales: p=003, offsets 7 to 9
`, b.String())
}

func TestTextOfNothing(t *testing.T) {
	q := all()
	q.From, q.To, q.Table = int32(day("2026-01-05")), int32(day("2026-01-05")), sales.TableFacts
	var b bytes.Buffer
	require.NoError(t, newRig(t).read(q).Text(&b, 0))
	require.Equal(t, "Nothing was judged of gold/fact_sales of 2026-01-05 since 2026-01-31. Older judgements are read with --since DATE.\n", b.String())
}
