package clean

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/saleslake/saleslake/pkg/rules"
	"github.com/saleslake/saleslake/pkg/sales"
)

// refusing gives a cleaner with rules, each its name and parameters in YAML.
func refusing(t require.TestingT, declared ...string) *Cleaner {
	text := "rules:\n"
	for _, r := range declared {
		text += "  - {" + r + ", table: silver/sales, severity: quarantine, owner: o, description: d}\n"
	}
	set, err := rules.Parse("dq.yaml", []byte(text), rules.RowKinds)
	require.NoError(t, err)
	require.Len(t, set.Quarantining(), len(declared))
	return ForSales([]string{"Books", "Home & Garden"}, []string{"Europe", "North America"}, set.Quarantining())
}

func TestDeclaredRules(t *testing.T) {
	for _, test := range []struct {
		name    string
		rule    string
		spoil   func(*event)
		field   string // "" passes
		message string
	}{
		{"a value", "name: r, kind: accepted_values, column: category, values: [Books]", func(e *event) { e.category = "Toys" }, "category", `rule r: "Toys" is not an accepted value`},
		{"silver's spelling", "name: r, kind: accepted_values, column: category, values: [Books]", func(e *event) { e.category = " BOOKS" }, "", ""},
		{"a number", "name: r, kind: accepted_values, column: quantity, values: [1, 2]", func(e *event) { e.quantity = 3 }, "quantity", "rule r: 3 is not an accepted value"},
		{"null is no other value", "name: r, kind: accepted_values, column: category, values: [Books]", func(e *event) { e.category = "" }, "", ""},
		{"missing", "name: r, kind: not_null, columns: [region, category]", func(e *event) { e.category = "" }, "category", "rule r: it is missing"},
		{"a number is never missing", "name: r, kind: not_null, columns: [quantity, revenue]", func(*event) {}, "", ""},
		{"a pattern", `name: r, kind: regex, column: category, pattern: "[A-Z][a-z]+"`, func(e *event) { e.category = "Rare Coins" }, "category", `rule r: "Rare Coins" does not match [A-Z][a-z]+`},
		{"the whole value", `name: r, kind: regex, column: category, pattern: "B|Books"`, func(*event) {}, "", ""},
		{"null matches", `name: r, kind: regex, column: category, pattern: "x+"`, func(e *event) { e.category = "" }, "", ""},
		{"under", "name: r, kind: range, column: revenue, min: 0.51", func(e *event) { e.revenue = 50 }, "revenue", "rule r: 0.50 is under 0.51"},
		{"the least", "name: r, kind: range, column: revenue, min: 1.00", func(*event) {}, "", ""},
		{"over", "name: r, kind: range, column: quantity, max: 10", func(e *event) { e.quantity = 11 }, "quantity", "rule r: 11 is over 10"},
		{"the most", "name: r, kind: range, column: quantity, max: 1", func(*event) {}, "", ""},
		{"outside", `name: r, kind: range, column: order_ts, min: "2025-12-31T23:59:59Z", max: "2026-01-02T00:00:00Z"`, func(e *event) { e.orderTS = arrival - 1_000_001 }, "order_ts",
			"rule r: 2025-12-31T23:59:58.999999Z is not from 2025-12-31T23:59:59Z to 2026-01-02T00:00:00Z"},
		{"of the order's day", "name: r, kind: range, column: event_ts, in_day: true", func(e *event) { e.orderTS = arrival }, "", ""},
		{"of the next day", "name: r, kind: range, column: event_ts, in_day: true", func(*event) {}, "event_ts", "rule r: 2026-01-01T00:00:00.000000Z is of another day"},
		{"where", "name: r, kind: range, column: quantity, max: 1, where: {category: [Books], status: [pending]}", func(e *event) { e.quantity = 2 }, "quantity", "rule r: 2 is over 1"},
		{"elsewhere", "name: r, kind: range, column: quantity, max: 1, where: {category: [Books], status: [completed]}", func(e *event) { e.quantity = 2 }, "", ""},
		{"a long value", "name: r, kind: accepted_values, column: category, values: [Books]", func(e *event) { e.category = strings.Repeat("x", 40) }, "category",
			`rule r: "` + strings.Repeat("x", 32) + `…" is not an accepted value`},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := good()
			test.spoil(&e)
			r := refusing(t, test.rule).Clean(bronzeOf(e))
			if test.field == "" {
				require.Empty(t, r.Rejects)
				require.Equal(t, []int32{0}, r.Keep)
				return
			}
			require.Empty(t, r.Keep)
			require.Equal(t, []Rejected{{0, sales.Reject{Code: sales.RuleViolated, Field: test.field, Message: test.message}}}, r.Rejects)
		})
	}
}

// The contract's codes come first, then the rules in their order; more of them than a byte counts.
func TestTheFirstDeclaredRuleCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limits := rapid.SliceOfN(rapid.Int32Range(1, 1000), 1, 300).Draw(t, "limits")
		kinds := []string{"name: r%d, kind: range, column: quantity, max: %d", "name: r%d, kind: range, column: quantity, max: %d, where: {category: [Books]}", "name: r%d, kind: regex, column: category, pattern: '[A-Z].*|%d'"}
		of := rapid.SliceOfN(rapid.IntRange(0, len(kinds)-1), len(limits), len(limits)).Draw(t, "kinds")
		var declared []string
		for i, limit := range limits {
			declared = append(declared, fmt.Sprintf(kinds[of[i]], i, limit))
		}
		var events []event
		for range rapid.IntRange(0, 20).Draw(t, "rows") {
			e := good()
			e.quantity, e.category = rapid.Int32Range(0, 1100).Draw(t, "quantity"), rapid.SampledFrom([]string{"Books", "books", "toys", "Toys", ""}).Draw(t, "category")
			events = append(events, e)
		}
		r := refusing(t, declared...).Clean(bronzeOf(events...))
		require.Len(t, events, len(r.Keep)+len(r.Rejects))
		rejects := map[int32]sales.Reject{}
		for _, x := range r.Rejects {
			rejects[x.Row] = x.Reject
		}
		capital := regexp.MustCompile("^[A-Z]")
		for i, e := range events {
			if e.quantity < 1 {
				require.Equal(t, sales.QuantityNotPositive, rejects[int32(i)].Code)
				continue
			}
			category := map[string]string{"books": "Books"}[e.category]
			if category == "" {
				category = e.category
			}
			first := -1
			for rule, limit := range limits {
				over := e.quantity > limit
				if broken := []bool{over, over && category == "Books", category != "" && !capital.MatchString(category)}[of[rule]]; broken {
					first = rule
					break
				}
			}
			if first < 0 {
				require.Contains(t, r.Keep, int32(i))
				continue
			}
			require.Equal(t, sales.RuleViolated, rejects[int32(i)].Code)
			require.Contains(t, rejects[int32(i)].Message, fmt.Sprintf("rule r%d: ", first))
		}
	})
}
