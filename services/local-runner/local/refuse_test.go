package local

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/config"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/services/bronze-writer/quarantine"
)

// declare writes the rules of the repository and one more, whose kind and parameters are given.
func declare(t *testing.T, path, severity, params string) {
	rule := fmt.Sprintf("\n  - {name: mine, table: silver/sales, %s, severity: %s, owner: o, description: d}\n", params, severity)
	require.NoError(t, os.WriteFile(path, append(slices.Clone(config.DQ), rule...), 0o600))
}

// orders writes a file of completed orders of a day, one for each payment method.
func orders(t *testing.T, day string, methods ...string) (path string) {
	var text strings.Builder
	text.WriteString("event_id,event_ts,order_id,order_ts,customer_id,product_id,category,region,quantity,unit_price,revenue,status,payment_method,currency\n")
	for i, method := range methods {
		fmt.Fprintf(&text, "%s-%d,%[1]sT10:00:00Z,%[1]s-%[2]d,%[1]sT10:00:00Z,C-1,P-1,Books,Europe,1,10.00,10.00,completed,%[3]s,USD\n", day, i, method)
	}
	path = filepath.Join(t.TempDir(), day+".csv")
	require.NoError(t, os.WriteFile(path, []byte(text.String()), 0o600))
	return path
}

// Rows that break a declared rule of severity quarantine are rejects of silver like any other: with
// their code, field and rule, and counted in a ledger that balances. A repaired one comes back as a
// replay; once the rule is relaxed a reprocess takes in what it had refused.
func TestADeclaredRuleRefusesRows(t *testing.T) {
	o := options(t, orders(t, "2026-01-05", "card", "cheque", "card", "bitcoin"))
	o.Settings.DQ.Rules = filepath.Join(t.TempDir(), "dq.yaml")
	declare(t, o.Settings.DQ.Rules, "quarantine", "kind: accepted_values, column: payment_method, values: [card], where: {status: [completed]}")
	r, err := open(t.Context(), o)
	require.NoError(t, err)
	r.inputs, err = o.find(t.Context())
	require.NoError(t, err)
	report, err := r.run(t.Context())
	require.NoError(t, err)
	silver := func(report *Report, in, out, refused int64) {
		require.NoError(t, report.Fault())
		var sum, rejected lake.Count
		var loaded lake.Count
		for _, h := range report.Ledger.Hops {
			switch h.Stage {
			case "silver":
				sum, rejected = sum.Add(h.In), rejected.Add(h.Rejected[sales.RuleViolated])
			case "warehouse":
				loaded = loaded.Add(h.Out)
			}
		}
		require.Equal(t, lake.Count{Rows: in, Cents: in * 1000}, sum)
		require.Equal(t, lake.Count{Rows: refused, Cents: refused * 1000}, rejected)
		require.Equal(t, lake.Count{Rows: out, Cents: out * 1000}, loaded)
	}
	silver(report, 4, 2, 2)
	require.Len(t, report.Samples, 2)
	for _, s := range report.Samples {
		require.Equal(t, [3]string{"silver", "rule_violated", "payment_method"}, [3]string{s.Stage, string(s.Code), s.Field})
		require.Equal(t, map[int64]string{2: `rule mine: "cheque" is not an accepted value`, 4: `rule mine: "bitcoin" is not an accepted value`}[s.Offset], s.Message)
	}

	step, err := quarantine.ParseStep("map", "payment_method:cheque=card")
	require.NoError(t, err)
	res, err := quarantine.Replay(t.Context(), quarantine.Options{Kafka: r.kafka, Bucket: r.bucket, Topic: sales.TopicEvents, Partitions: r.Settings.Lake.Partitions, Replication: 1, MaxEventBytes: 1 << 20},
		quarantine.ReplayOptions{Filter: quarantine.Filter{Codes: []sales.Code{sales.RuleViolated}}, Patch: quarantine.Patch{step}, MaxAttempts: 3})
	require.NoError(t, err)
	require.Equal(t, map[quarantine.Decision]int64{quarantine.Send: 1, quarantine.Unchanged: 1}, res.By, "what the patch leaves as it is is a reprocess's")
	for _, s := range r.stages() {
		r.Registry = prometheus.NewRegistry()
		require.NoError(t, r.together(t.Context(), []stage{s}, func(context.Context) error { return nil }))
	}
	require.NoError(t, r.account(t.Context()))
	silver(r.report, 5, 3, 2)
	require.NoError(t, r.close())

	declare(t, o.Settings.DQ.Rules, "quarantine", "kind: accepted_values, column: payment_method, values: [card, bitcoin]")
	o.Inputs = nil
	silver(run(t, o), 5, 3, 2) // it is for rows to come
	o.Command = command(t, lake.Reprocess)
	require.Equal(t, map[sales.Code]lake.Count{sales.RuleViolated: {Rows: 1, Cents: 1000}}, plan(t, o)[0].Accepted)
	report = run(t, o)
	silver(report, 5, 4, 1)
	require.Len(t, report.Samples, 1)
	require.Contains(t, report.Samples[0].Message, "cheque", "its replay took its place, and it stays a reject")
}
