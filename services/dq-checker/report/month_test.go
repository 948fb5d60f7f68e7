package report

import (
	"fmt"
	"time"

	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/services/dq-checker/dq"
)

// month is what a test knows of a lake by construction.
type month struct {
	slices  Outcomes
	days    []Day
	samples []row
}

// month fills the lake with 28 days, judged each on the day after. Day 2026-02-27 fails in
// the facts and holds its other tables, 2026-02-21 fails in an aggregate, 2026-02-14 and
// 2026-02-08 warn.
func (r *rig) month() (m month) {
	for i := range 28 {
		date := sales.FormatDay(int32(day("2026-02-01") + i))
		before := now.Sub(time.Date(2026, 2, 2+i, 3, 0, 0, 0, time.UTC))
		d := Day{Day: date, Rows: int64(90_000 + 1_700*(i%7)*(7-i%7) + 300*i), Loss: int64(i % 3 * 40)}
		d.Revenue = d.Rows*17_359 + int64(i)
		results := r.dayResults(before, date, &d, &m)
		r.put(sales.Results, results...)
		m.days = append(m.days, d)
		r.dayLedger(before, date, d)
	}
	r.sources()
	return m
}

var rules = []struct{ name, owner string }{{"files", "platform"}, {"ledger", "platform"}, {"row_loss", "platform"}, {"rejects", "sales-data"}, {"order_id_present", "sales-data"},
	{"order_id_unique", "sales-data"}, {"quantity_in_range", "sales-data"}, {"volume", "analytics"}, {"reconcile", "analytics"}}

// planted are the faults, by day, table and rule.
var planted = map[string]map[string]map[string]string{
	"2026-02-27": {sales.TableFacts: {"files": "silver/sales/day=2026-02-27/p=003/00000007-ab12cd34.parquet: SHA-256 6b1f2c9e… differs from 9d40aa17… of its manifest",
		"reconcile": "files against manifest: found 92,118 rows and 15990763.62, expected 92,121 and 15991274.39"}},
	"2026-02-21": {sales.TableDailySales: {"quantity_in_range": "17 of 104,300 rows have a quantity outside 1 to 1000, such as -4, 0 and 99999"}},
	"2026-02-14": {sales.TableFacts: {"volume": "hour 20 has 11,902 rows, 6.2 deviations above the median of 4,310 of its last 8 Saturdays"}},
	"2026-02-08": {sales.TableFacts: {"rejects": "3.1 % of 96,455 records rejected with a code (warn at 3 %)"}, sales.TableDailySales: {"volume": "a message"}},
}

func (r *rig) dayResults(before time.Duration, date string, d *Day, m *month) (results []row) {
	held := len(planted[date]) > 0 && date > "2026-02-20"
	for _, table := range []string{sales.TableFacts, sales.TableDailySales, sales.TableDailyProducts} {
		faults, verdict, outcome := planted[date][table], "pass", "warn"
		if len(faults) > 0 {
			verdict = "warn"
		}
		if held {
			verdict, outcome = "fail", "fail"
		}
		version := 3
		if date == "2026-02-27" {
			version = 7
		}
		base := judged(before, date, version, "", "pass", verdict).with(row{"table": table, "checked": int(d.Rows)})
		for _, rule := range rules {
			result := base.with(row{"rule": rule.name, "kind": rule.name, "owner": rule.owner, "message": rule.name + " is kept"})
			if rule.name == kindRowLoss {
				result["value"] = int(d.Loss)
			}
			if message := faults[rule.name]; message != "" {
				result["message"], result["outcome"] = message, outcome
				if held {
					d.Failed++
				} else {
					d.Warned++
				}
				if rule.name == "quantity_in_range" {
					result["failed"] = 17
					m.samples = append(m.samples, r.sample(result, 3)...)
				}
			}
			results = append(results, result)
		}
		if held && len(faults) == 0 {
			results = append(results, base.with(row{"rule": dq.RuleDay, "kind": dq.RuleDay, "outcome": "fail", "message": "held with another table"}))
		}
		switch verdict {
		case "pass":
			d.Slices.Pass, m.slices.Pass = d.Slices.Pass+1, m.slices.Pass+1
		case "warn":
			d.Slices.Warn, m.slices.Warn = d.Slices.Warn+1, m.slices.Warn+1
		default:
			d.Slices.Fail, m.slices.Fail = d.Slices.Fail+1, m.slices.Fail+1
		}
	}
	return results
}

func (r *rig) sample(of row, n int) (rows []row) {
	for i := 1; i <= n; i++ {
		rows = append(rows, row{"run_ts": of["run_ts"], "table": of["table"], "slice": of["slice"], "version": of["version"], "rule": of["rule"], "sample": i,
			"id": fmt.Sprintf("ord-%08d", 4_711*i), "source": sales.TopicEvents, "partition": i, "offset": 120_034 + i,
			"file": "silver/sales/day=2026-02-21/p=003/00000003-77aa01ff.parquet", "row": 40 * i, "column": "quantity", "value": fmt.Sprint(-4 * i)})
	}
	r.put(sales.Samples, rows...)
	return rows
}

func (r *rig) dayLedger(before time.Duration, date string, d Day) {
	var rows []row
	for _, hop := range []string{"silver", "gold", "warehouse"} {
		table := map[string]string{"silver": sales.TableSilver}[hop]
		if table == "" {
			table = sales.TableFacts
		}
		e := row{"run_ts": at(before), "scope": scopeDay, "hop": hop, "source": table, "partition": -1, "day": day(date), "version": 3, "next_offset": -1,
			"in_rows": int(d.Rows), "in_revenue": int(d.Revenue), "out_rows": int(d.Rows), "out_revenue": int(d.Revenue)}
		if date == "2026-02-27" && hop == "warehouse" {
			e["out_rows"], e["out_revenue"], e["residual_rows"], e["residual_revenue"] = 0, 0, int(d.Rows), int(d.Revenue)
			e["fault"] = "the warehouse has nothing of version 7"
		}
		rows = append(rows, e)
	}
	r.put(sales.DQLedger, rows...)
}

func (r *rig) sources() {
	var rows []row
	for p := range 4 {
		in := 700_000 + 1_234*p
		bronze := row{"run_ts": at(time.Hour), "scope": scopeSource, "hop": "bronze", "source": sales.TopicEvents, "partition": p, "next_offset": in,
			"in_rows": in, "in_revenue": in * 17_000, "out_rows": in - 900, "out_revenue": in * 17_000, "rejected_rows": 900}
		silver := bronze.with(row{"hop": "silver", "version": 41, "in_rows": in - 900, "out_rows": in - 30_900, "out_revenue": in*17_000 - 510_000_000, "duplicate_rows": 10_000,
			"duplicate_revenue": 170_000_000, "superseded_rows": 19_000, "superseded_revenue": 323_000_000, "rejected_rows": 1_000, "rejected_revenue": 17_000_000})
		if p == 2 {
			silver["out_rows"], silver["residual_rows"], silver["residual_revenue"], silver["out_revenue"] = in-30_903, 3, 51_077, in*17_000-510_051_077
			silver["fault"] = "p=002, offsets 688120 to 691002: 3 rows and 510.77 without an account, such as ord-00004711, ord-00009422"
		}
		rows = append(rows, bronze, silver)
	}
	r.put(sales.DQLedger, rows...)
}
