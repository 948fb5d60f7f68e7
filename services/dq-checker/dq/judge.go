package dq

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// The rules, by the name that a finding carries.
const (
	RuleFiles     = "files"     // every object is what its manifest says
	RuleLedger    = "ledger"    // every row and cent has an account
	RuleRowLoss   = "row_loss"  // rows without an account, as a share
	RuleRejects   = "rejects"   // rejected records, as a share
	RuleNotNull   = "not_null"  // identity and what is summed are populated
	RuleUnique    = "unique"    // one row an order, or a customer and time
	RuleReconcile = "reconcile" // sums of silver, facts and aggregates agree
	RuleDay       = "day"       // the other tables of the day pass, too
)

// Rules lists the rules of Judge in the order of its findings.
var Rules = []string{RuleFiles, RuleLedger, RuleRowLoss, RuleRejects, RuleNotNull, RuleUnique, RuleReconcile}

// Thresholds are shares between 0 and 1.
type Thresholds struct {
	RowLossWarn float64
	RowLossFail float64
	RejectFail  float64
}

// minRecords is how many records there must be before the share of rejects is
// judged: a lake's first bad record is not a bad day.
const minRecords = 1_000

// Evidence is all that a verdict rests on.
type Evidence struct {
	Manifest  *lake.Manifest
	Balances  map[int32]Balance // of the partitions that went in
	Facts     *Facts            // of the same day and version; nil when there was no fact manifest
	Cells     *Cells            // aggregates only
	Daily     *Cells            // of gold/daily_sales of the same day and version, for what is held against it
	Customers *Customers        // customers only
}

// Judge applies every rule to the evidence.
func Judge(e Evidence, t Thresholds) []lake.Finding {
	loss, rejects := judgeShares(e.Balances, t)
	findings := []lake.Finding{judgeFiles(e), judgeLedger(e.Balances), loss, rejects}
	if e.Facts != nil {
		findings = append(findings,
			judgeNotNull(e.Facts.Rows, required{"order_id", e.Facts.NoOrderID}, required{"revenue", e.Facts.NoRevenue}),
			judgeUnique(e.Facts.Rows, e.Facts.Duplicates, "an order_id"))
	}
	if e.Customers != nil {
		return append(findings, judgeCustomers(e)...)
	}
	return append(findings, judgeReconcile(e))
}

// Worst gives the outcome that the findings add up to.
func Worst(findings []lake.Finding) lake.Outcome {
	worst := lake.Pass
	for _, f := range findings {
		if f.Outcome == lake.Fail || worst == lake.Pass {
			worst = f.Outcome
		}
	}
	return worst
}

func finding(rule string, faults []string, fine string, args ...any) lake.Finding {
	if len(faults) > 0 {
		return lake.Finding{Rule: rule, Outcome: lake.Fail, Message: strings.Join(faults, "; ")}
	}
	return lake.Finding{Rule: rule, Outcome: lake.Pass, Message: fmt.Sprintf(fine, args...)}
}

func judgeFiles(e Evidence) lake.Finding {
	var faults []string
	if e.Facts != nil {
		faults = append(faults, e.Facts.Unreadable...)
	}
	if e.Cells != nil {
		faults = append(faults, e.Cells.Unreadable...)
	}
	if e.Customers != nil {
		faults = append(faults, e.Customers.Unreadable...)
	}
	return finding(RuleFiles, faults, "%d files read again, length, SHA-256 and every column's count as declared", len(e.Manifest.Files))
}

func judgeLedger(balances map[int32]Balance) lake.Finding {
	var faults []string
	var in lake.Count
	for _, p := range sortedKeys(balances) {
		in = in.Add(balances[p].In)
		for _, fault := range balances[p].Faults {
			faults = append(faults, fmt.Sprintf("p=%03d: %s", p, fault))
		}
	}
	return finding(RuleLedger, faults, "%d rows and %s of %d partitions are accounted for", in.Rows, sales.FormatCents(in.Cents), len(balances))
}

// judgeShares gives the findings on lost and on rejected records. A replay takes
// the place of the reject that it replays, which may be of another partition:
// so a reject counts until it is accepted, and once however often it is tried.
func judgeShares(balances map[int32]Balance, t Thresholds) (loss, rejects lake.Finding) {
	var records, lost, rejected, replayed int64
	for _, b := range balances {
		records, lost, rejected, replayed = records+b.Records, lost+b.Lost, rejected+b.Rejected, replayed+b.Replayed
	}
	loss = lake.Finding{Rule: RuleRowLoss, Outcome: lake.Pass, Message: fmt.Sprintf("%d of %d records lost (warn at %g, fail at %g of them)",
		lost, records, t.RowLossWarn, t.RowLossFail)}
	switch share := ratio(lost, records); {
	case share >= t.RowLossFail && lost > 0:
		loss.Outcome = lake.Fail
	case share >= t.RowLossWarn && lost > 0:
		loss.Outcome = lake.Warn
	}
	left, first := max(0, rejected-replayed), records-replayed
	rejects = lake.Finding{Rule: RuleRejects, Outcome: lake.Pass, Message: fmt.Sprintf("%d of %d records rejected with a code (fail at %g of them), %d replays taken off",
		left, first, t.RejectFail, replayed)}
	if first >= minRecords && ratio(left, first) >= t.RejectFail {
		rejects.Outcome = lake.Fail
	}
	return loss, rejects
}

// required is a column that must have a value, and the rows that have none.
type required struct {
	name string
	samples
}

func judgeNotNull(rows int64, columns ...required) lake.Finding {
	var faults, names []string
	for _, c := range columns {
		if names = append(names, c.name); c.n > 0 {
			faults = append(faults, fmt.Sprintf("%s is missing in %d of %d rows, such as %s", c.name, c.n, rows, strings.Join(c.samples.names, ", ")))
		}
	}
	return finding(RuleNotNull, faults, "%s are there in all %d rows", strings.Join(names, " and "), rows)
}

// judgeUnique takes the rows that repeat the key of another.
func judgeUnique(rows int64, repeated samples, key string) lake.Finding {
	var faults []string
	if repeated.n > 0 {
		faults = append(faults, fmt.Sprintf("%d rows repeat %s, such as %s", repeated.n, key, strings.Join(repeated.names, ", ")))
	}
	return finding(RuleUnique, faults, "none of %d rows repeats %s", rows, key)
}

func judgeReconcile(e Evidence) lake.Finding {
	m, f := e.Manifest, e.Facts
	if f == nil {
		return finding(RuleReconcile, []string{"no fact_sales manifest of this version to hold it against"}, "")
	}
	if f.Excess != "" {
		return finding(RuleReconcile, []string{fmt.Sprintf("the revenue of the day is over %s, the most that DECIMAL(18,2) holds; the greatest is %s",
			sales.FormatCents(maxCents), f.Excess)}, "")
	}
	var faults []string
	same := func(what string, found, want lake.Count) {
		if found != want {
			faults = append(faults, fmt.Sprintf("%s: found %d rows and %s, expected %d and %s", what,
				found.Rows, sales.FormatCents(found.Cents), want.Rows, sales.FormatCents(want.Cents)))
		}
	}
	if e.Cells == nil {
		var inputs lake.Count
		for _, in := range m.Inputs {
			inputs = inputs.Add(in.Count)
		}
		same("files against manifest", f.Count, m.Count)
		same("manifest against silver slices", m.Count, inputs)
		if f.Strays.n > 0 {
			faults = append(faults, fmt.Sprintf("%d rows are of another day, such as %s", f.Strays.n, strings.Join(f.Strays.names, ", ")))
		}
		return finding(RuleReconcile, faults, "facts, manifest and silver slices agree on %d rows and %s", m.Rows, sales.FormatCents(m.Cents))
	}
	c := e.Cells
	if m.Table == sales.TableRefundsByDay {
		same("cells and refunded revenue against manifest", lake.Count{Rows: c.Rows, Cents: c.Refunded}, m.Count)
		same("refunds against facts", lake.Count{Rows: c.Refunds, Cents: c.Refunded}, f.Refunded)
		return finding(RuleReconcile, faults, "%d cells agree with the facts: %d refunds of %s", c.Rows, c.Refunds, sales.FormatCents(c.Refunded))
	}
	same("cells and gross revenue against manifest", lake.Count{Rows: c.Rows, Cents: c.Gross}, m.Count)
	same("net against gross less refunds", lake.Count{Cents: c.Net}, lake.Count{Cents: c.Gross - c.Refunded})
	if m.Table == sales.TableRestatements {
		for _, k := range slices.SortedFunc(maps.Keys(c.Sold), func(a, b cell) int { return slices.Compare(a[:], b[:]) }) {
			same("restated cell "+k[0]+", "+k[1]+" against daily_sales", c.Sold[k], e.Daily.Sold[k])
		}
		return finding(RuleReconcile, faults, "%d restatements add %s gross; the %d of this version agree with daily_sales", c.Rows, sales.FormatCents(c.Gross), len(c.Sold))
	}
	same("orders and gross revenue against facts", lake.Count{Rows: c.Orders, Cents: c.Gross}, f.Sold)
	same("pending and cancelled orders against facts", lake.Count{Rows: c.Open}, lake.Count{Rows: f.openOrders})
	same("refunds against facts", lake.Count{Cents: c.Refunded}, lake.Count{Cents: f.Refunded.Cents})
	return finding(RuleReconcile, faults, "%d cells agree with the facts: %d orders and %s gross", c.Rows, c.Orders, sales.FormatCents(c.Gross))
}

func ratio(part, whole int64) float64 {
	if whole == 0 {
		return float64(part) // a loss out of nothing is total
	}
	return float64(part) / float64(whole)
}

func sortedKeys(m map[int32]Balance) []int32 {
	keys := make([]int32, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
