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
  - {name: i, kind: row_loss, severity: fail, owner: o, description: d, warn_share: 0.05, fail_share: 0.0500001}
  - {name: j, kind: row_loss, severity: fail, owner: o, description: d, warn_share: 0.06, fail_share: 0.05}
  - {name: k, kind: ledger, table: gold/daily_sales, severity: fail, owner: o, description: d}
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
  - {name: r, kind: foreign_key, table: silver/sales, column: quantity, references: shops, severity: warn, owner: o, description: d}
  - {name: s, kind: rejects, severity: fail, owner: o, description: d, fail_share: 1.5}
`

var faultsOfFile = []string{
	"dq.yaml:2:103: rule i: 0.0500001 is not a part of 1 with at most six decimals; see config/dq.schema.json",
	"dq.yaml:3:85: rule j: warn_share 0.06 is above fail_share 0.05; use a value that is not",
	"dq.yaml:4:36: rule k: a rule of kind ledger cannot be about gold/daily_sales; name one of silver/sales, silver/customers",
	"dq.yaml:9:23: rule m: column region of gold/restatements is a SYMBOL; name one of another type",
	"dq.yaml:9:40: rule m: silver/sales has no column \"orders\"; name one of",
	"dq.yaml:9:54: rule m: \"sales\" is no source of sums; name one of manifest, inputs, daily_sales, facts",
	"dq.yaml:9:66: rule m: manifest has rows and revenue, and no groups; name one of those",
	"dq.yaml:10:64: rule m: gold/restatements has no column \"colour\"; name one of",
	"dq.yaml:10:64: rule m: gold/daily_sales has no column \"colour\"; name one of",
	"dq.yaml:10:108: rule m: gold/daily_sales has no column \"shape\"; name one of",
	"dq.yaml:14:5: rule n: has neither equal nor product, or both; give one of them",
	"dq.yaml:15:120: rule p: tolerance \"x\" is not an amount such as 0.00; write it like 0.01",
	"dq.yaml:16:85: rule r: references: value must be one of 'silver/customers', 'products'; want: What has the members",
	"dq.yaml:17:84: rule s: fail_share: maximum: got 1.5, want 1; want: Share of the records",
}

// What the parameters of each kind may not be; what all rules have is tested in package rules.
func TestFaultsOfParameters(t *testing.T) {
	_, err := rules.Parse("dq.yaml", []byte(faultyFile), declared())
	var faults *rules.Faults
	require.ErrorAs(t, err, &faults)
	require.Len(t, faults.Faults, len(faultsOfFile), faults.Error())
	for i, line := range strings.Split(faults.Error(), "\n") {
		require.Contains(t, line, faultsOfFile[i])
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
