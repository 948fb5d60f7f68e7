package rules

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/config"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

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
  - {name: i, kind: regex, table: gold/weekly_sales, column: region, pattern: x, severity: fail, owner: o, description: d}
  - {name: j, kind: accepted_values, table: silver/sales, column: quantity, values: [1, two], where: {colour: [red]}, severity: warn, owner: o, description: d}
  - {name: k, kind: regex, table: silver/customers, column: city, pattern: x, severity: quarantine, owner: o, description: d}
  - {name: l, kind: schema, severity: quarantine, owner: o, description: d}
  - {name: m, kind: not_null, table: silver/sales, columns: [region], max_failed_share: 0.1, min_rows: 2, severity: quarantine, owner: o, description: d}
  - {name: n, kind: not_null, table: silver/sales, columns: [region], max_failed_share: 0.0000001, severity: warn, owner: o, description: d}
  - {name: d, kind: foreign_key, table: silver/sales, column: customer_id, references: products, severity: fail, owner: o, description: d}
  - text
  - {name: day, kind: schema, severity: fail, owner: o, description: d}
`

var faultsOfFile = []string{
	"dq.yaml:6:15: rule a: severity: value must be one of 'warn', 'quarantine', 'fail'; want: What a breach means",
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
	"dq.yaml:24:35: rule i: there is no table \"gold/weekly_sales\"; name one of silver/sales,",
	"dq.yaml:25:89: rule j: \"two\" is not a whole number, but column quantity is a INT32; name whole numbers",
	"dq.yaml:25:111: rule j: silver/sales has no column \"colour\"; name one of",
	"dq.yaml:26:35: rule k: table: value must be 'silver/sales'; want: Table whose slices are judged; of severity quarantine silver/sales.",
	"dq.yaml:27:21: rule l: kind: value must be one of 'not_null', 'accepted_values', 'range', 'regex'; want: What the rule does; of severity quarantine",
	"dq.yaml:28:89: rule m: max_failed_share: value must be 0; want: Share of the rows that may fail",
	"dq.yaml:28:104: rule m: min_rows: value must be 1; want: Rows from which on",
	"dq.yaml:29:89: rule n: 0.0000001 is not a part of 1 with at most six decimals; see config/dq.schema.json",
	"dq.yaml:30:12: rule d: is also the name of the rule at line 19; give it another",
	"dq.yaml:31:5: got string, want object; see config/dq.schema.json",
	"dq.yaml:32:12: rule day: name: ",
}

// All that is wrong with a file comes at once, each with its place, rule and remedy.
func TestAllFaultsOfAFile(t *testing.T) {
	_, err := Parse("dq.yaml", []byte(faultyFile), RowKinds)
	var faults *Faults
	require.ErrorAs(t, err, &faults)
	lines := strings.Split(faults.Error(), "\n")
	for i, line := range lines {
		if i < len(faultsOfFile) {
			require.Contains(t, line, faultsOfFile[i])
		}
	}
	require.Len(t, lines, len(faultsOfFile), faults.Error())
	for _, text := range []string{"", "a: b", "- x", "rules: {", "rules: 5", "{rules: [], more: 1}"} {
		_, err := Parse("dq.yaml", []byte(text), RowKinds)
		require.ErrorAs(t, err, &faults, text)
		require.Contains(t, err.Error(), "dq.yaml:1:", text)
	}
}

// A reader that knows some kinds reads their rules, and no others.
func TestRulesOfKinds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dq.yaml")
	text := string(config.DQ) + `
  - {name: methods, kind: accepted_values, table: silver/sales, column: payment_method, values: [card], where: {status: [completed]}, severity: quarantine, owner: o, description: d}
`
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	set, err := Load(path, RowKinds)
	require.NoError(t, err)
	for _, r := range set.Rules {
		require.Contains(t, RowKinds, r.Kind)
	}
	quarantining := set.Quarantining()
	require.Len(t, quarantining, 1)
	require.Equal(t, "methods", quarantining[0].Name)
	require.Equal(t, lake.Fail, quarantining[0].Severity.Outcome(), "of a slice that has such a row all the same")
	params := quarantining[0].Params.(RowParams)
	require.Equal(t, []string{"payment_method"}, params.Named())
	require.Equal(t, Where{"status": {"completed"}}, params.About())
	require.Equal(t, Limits{}, params.Allowed())
	require.Contains(t, set.Of(sales.TableSilver), quarantining[0])
	require.NotContains(t, set.Of(sales.TableSilverCustomers), quarantining[0])

	builtin, err := Load("", RowKinds)
	require.NoError(t, err)
	require.Len(t, set.Rules, len(builtin.Rules)+1)
	require.Empty(t, builtin.Quarantining(), "the contract's codes are silver's own")
	_, err = Load(path+"x", RowKinds)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, path+"x")
}

func TestShares(t *testing.T) {
	half := Share(500_000)
	for _, c := range []struct {
		part, whole       int64
		reached, exceeded bool
	}{{0, 0, false, false}, {1, 0, true, true}, {1, 2, true, false}, {1, 3, false, false}, {2, 3, true, true}, {1 << 61, 1 << 62, true, false}, {1<<61 + 1, 1 << 62, true, true}} {
		require.Equal(t, [2]bool{c.reached, c.exceeded}, [2]bool{half.Reached(c.part, c.whole), half.Exceeded(c.part, c.whole)}, c)
	}
	require.Equal(t, "0.5", half.String())
	require.Equal(t, "0.000001", Share(1).String())
	require.Equal(t, int64(333_333), PPM(1, 3))
	require.Equal(t, int64(Whole), PPM(1, 0))
}
