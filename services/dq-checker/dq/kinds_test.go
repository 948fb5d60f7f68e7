package dq

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/config"
	"github.com/saleslake/saleslake/pkg/rules"
)

func TestTheSchemaKnowsEveryKind(t *testing.T) {
	var schema struct {
		Defs struct {
			Rule struct {
				Properties struct {
					Kind struct{ Enum []string }
				}
				AllOf []struct {
					If struct {
						Properties struct{ Kind struct{ Const string } }
					}
				}
			}
		} `json:"$defs"`
	}
	require.NoError(t, json.Unmarshal(config.DQSchema, &schema))
	require.ElementsMatch(t, slices.Collect(maps.Keys(kinds)), schema.Defs.Rule.Properties.Kind.Enum)
	for i, of := range schema.Defs.Rule.AllOf {
		require.Equal(t, schema.Defs.Rule.Properties.Kind.Enum[i], of.If.Properties.Kind.Const)
	}
}

func TestRulesOfTheRepository(t *testing.T) {
	set, err := LoadRules("")
	require.NoError(t, err)
	require.NotEmpty(t, set.Rules)
	for _, table := range rules.Tables() {
		names := []string{}
		for _, r := range set.Of(table) {
			names = append(names, r.Name)
		}
		require.Subset(t, names, []string{"files", "schema"}, table)
		require.Equal(t, slices.Contains(withLedger, table), slices.Contains(names, "ledger"), table)
	}
	path := filepath.Join(t.TempDir(), "dq.yaml")
	require.NoError(t, os.WriteFile(path, config.DQ, 0o600))
	same, err := LoadRules(path)
	require.NoError(t, err)
	require.Len(t, same.Rules, len(set.Rules))
	_, err = LoadRules(path + "x")
	require.ErrorIs(t, err, os.ErrNotExist)
}

const faultyFile = `rules:
  - name: a
    kind: not_null
    table: silver/sales
    columns: [order_id, colour]
    severity: fatal
    owner: o
    description: d
    pattern: x
  - {name: a b, kind: unique, table: silver/sales, columns: [], severity: fail, owner: o, description: d}
  - {name: c, kind: uniq, severity: fail, owner: o, description: d, owner: p}
  - name: d
    kind: not_null
    table: silver/sales
    columns: [order_id, colour]
    severity: fail
    owner: o
    description: d
  - {name: d, kind: regex, table: silver/sales, column: quantity, pattern: '(', severity: fail, owner: o, description: d}
  - {name: e, kind: range, table: silver/sales, column: revenue, min: 2.001, max: "1", severity: fail, owner: o, description: d}
  - {name: f, kind: range, table: silver/sales, column: revenue, min: 3, max: 2.50, severity: fail, owner: o, description: d}
  - {name: g, kind: range, table: silver/sales, column: revenue, in_day: true, severity: fail, owner: o, description: d}
  - {name: h, kind: range, table: silver/sales, column: order_ts, severity: fail, owner: o, description: d}
  - {name: i, kind: row_loss, severity: fail, owner: o, description: d, warn_share: 0.05, fail_share: 0.0500001}
  - {name: j, kind: row_loss, severity: fail, owner: o, description: d, warn_share: 0.06, fail_share: 0.05}
  - {name: k, kind: ledger, table: gold/daily_sales, severity: fail, owner: o, description: d}
  - {name: l, kind: schema, table: gold/weekly_sales, severity: fail, owner: o, description: d}
  - name: m
    kind: reconcile
    table: gold/restatements
    equal:
      - {left: [rows, region], right: [facts.orders, sales.rows, manifest.cents]}
      - {left: [new_orders], right: [daily_sales.orders], by: [colour], this_version: true, where: {shape: [round]}}
    severity: fail
    owner: o
    description: d
  - {name: n, kind: reconcile, table: silver/sales, severity: fail, owner: o, description: d}
  - {name: p, kind: reconcile, table: silver/sales, product: {of: [quantity, unit_price], column: revenue}, tolerance: x, severity: warn, owner: o, description: d}
  - {name: q, kind: accepted_values, table: silver/sales, column: quantity, values: [1, two], where: {colour: [red]}, severity: warn, owner: o, description: d}
  - {name: r, kind: foreign_key, table: silver/sales, column: quantity, references: shops, severity: warn, owner: o, description: d}
  - {name: s, kind: rejects, severity: fail, owner: o, description: d, fail_share: 1.5}
  - text
  - {name: day, kind: schema, severity: fail, owner: o, description: d}
`

var faultsOfFile = []string{
	"dq.yaml:6:15: rule a: severity: value must be one of 'warn', 'fail'; want: What a breach means",
	"dq.yaml:9:5: rule a: pattern is nothing that a rule of kind not_null has; take it out",
	"dq.yaml:10:12: rule a b: name: 'a b' does not match pattern",
	"dq.yaml:10:61: rule a b: columns: minItems: got 0, want 1; want: Columns of the table.",
	"dq.yaml:11:21: rule c: kind: value must be one of 'files'",
	"dq.yaml:11:69: owner comes twice; keep one",
	"dq.yaml:15:25: rule d: silver/sales has no column \"colour\"; name one of order_id,",
	"dq.yaml:19:12: rule d: is also the name of the rule at line 12; give it another",
	"dq.yaml:19:57: rule d: column quantity of silver/sales is a INT32; name one of another type",
	"dq.yaml:19:76: rule d: the pattern does not compile: error parsing regexp: missing closing ): `(`; write it in Go's syntax",
	"dq.yaml:20:71: rule e: min \"2.001\" is not an amount such as 0.00, but column revenue is a DECIMAL(18,2); write a value of the column",
	"dq.yaml:21:71: rule f: min is above max; use a min that is not",
	"dq.yaml:22:57: rule g: column revenue of silver/sales is a DECIMAL(18,2); name one of another type",
	"dq.yaml:23:5: rule h: has neither min nor max nor in_day, or in_day beside the others; give",
	"dq.yaml:24:103: rule i: 0.0500001 is not a part of 1 with at most six decimals; see config/dq.schema.json",
	"dq.yaml:25:85: rule j: warn_share 0.06 is above fail_share 0.05; use a value that is not",
	"dq.yaml:26:36: rule k: a rule of kind ledger cannot be about gold/daily_sales; name one of silver/sales, silver/customers",
	"dq.yaml:27:36: rule l: there is no table \"gold/weekly_sales\"; name one of silver/sales,",
	"dq.yaml:32:23: rule m: column region of gold/restatements is a SYMBOL; name one of another type",
	"dq.yaml:32:40: rule m: silver/sales has no column \"orders\"; name one of",
	"dq.yaml:32:54: rule m: \"sales\" is no source of sums; name one of manifest, inputs, daily_sales, facts",
	"dq.yaml:32:66: rule m: manifest has rows and revenue, and no groups; name one of those",
	"dq.yaml:33:64: rule m: gold/restatements has no column \"colour\"; name one of",
	"dq.yaml:33:64: rule m: gold/daily_sales has no column \"colour\"; name one of",
	"dq.yaml:33:108: rule m: gold/daily_sales has no column \"shape\"; name one of",
	"dq.yaml:37:5: rule n: has neither equal nor product, or both; give one of them",
	"dq.yaml:38:120: rule p: tolerance \"x\" is not an amount such as 0.00; write it like 0.01",
	"dq.yaml:39:89: rule q: \"two\" is not a whole number, but column quantity is a INT32; name whole numbers",
	"dq.yaml:39:111: rule q: silver/sales has no column \"colour\"; name one of",
	"dq.yaml:40:85: rule r: references: value must be one of 'silver/customers', 'products'; want: What has the members",
	"dq.yaml:41:84: rule s: fail_share: maximum: got 1.5, want 1; want: Share of the records",
	"dq.yaml:42:5: got string, want object; see config/dq.schema.json",
	"dq.yaml:43:12: rule day: name: ",
}

// All that is wrong with a file comes at once, each with its place, rule and remedy.
func TestAllFaultsOfAFile(t *testing.T) {
	_, err := rules.Parse("dq.yaml", []byte(faultyFile), declared())
	var faults *rules.Faults
	require.ErrorAs(t, err, &faults)
	lines := strings.Split(faults.Error(), "\n")
	for i, line := range lines {
		if i < len(faultsOfFile) {
			require.Contains(t, line, faultsOfFile[i])
		}
	}
	require.Len(t, lines, len(faultsOfFile), faults.Error())
	for _, text := range []string{"", "a: b", "- x", "rules: {", "rules: 5", "{rules: [], more: 1}"} {
		_, err := rules.Parse("dq.yaml", []byte(text), declared())
		require.ErrorAs(t, err, &faults, text)
		require.Contains(t, err.Error(), "dq.yaml:1:", text)
	}
}

// A wrong file stops the start, before anything else is tried.
func TestStageRefusesWrongRules(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dq.yaml")
	require.NoError(t, os.WriteFile(path, []byte(faultyFile), 0o600))
	var faults *rules.Faults
	require.ErrorAs(t, Run(t.Context(), Options{Rules: path}), &faults)
	require.Len(t, faults.Faults, len(faultsOfFile))
}
