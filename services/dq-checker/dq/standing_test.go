package dq

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

// values gives the series of a metric, by the values of its labels.
func values(t *testing.T, from prometheus.Gatherer, name string) map[string]float64 {
	families, err := from.Gather()
	require.NoError(t, err)
	found := map[string]float64{}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			if family.GetName() == name {
				labels := ""
				for _, l := range m.GetLabel() {
					labels += " " + l.GetValue()
				}
				found[labels] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
			}
		}
	}
	return found
}

// notZero leaves out what is 0.
func notZero(all map[string]float64) map[string]float64 {
	found := map[string]float64{}
	for labels, v := range all {
		if v != 0 {
			found[labels] = v
		}
	}
	return found
}

func TestStandingIsThatOfTheNewestVerdicts(t *testing.T) {
	s, registry := newStanding(NewKeeper()), prometheus.NewRegistry()
	registry.MustRegister(s)
	p, g := stream.Partition{Topic: sales.TopicGold, ID: 3}, gates[sales.TopicGold]
	hourAgo := time.Now().Add(-time.Hour).UnixMicro()
	verdict := func(table, day string, version, created int64, outcome lake.Outcome, broken ...lake.Finding) *lake.Verdict {
		return &lake.Verdict{Outcome: outcome, Created: created, Findings: append(broken, lake.Finding{Rule: "unique", Outcome: lake.Pass}),
			Manifest: lake.Manifest{Table: table, Slice: "day=" + day, Day: day, Version: version}}
	}
	files := lake.Finding{Rule: "files", Severity: lake.SeverityFail, Outcome: lake.Fail}
	waits := lake.Finding{Rule: RuleDay, Outcome: lake.Fail}
	loss := lake.Finding{Rule: "row_loss", Severity: lake.SeverityFail, Outcome: lake.Warn}
	s.open(p, g, map[string]*lake.Verdict{"": verdict(sales.TableDailySales, "2026-01-02", 1, hourAgo, lake.Fail, files)})
	for _, v := range []*lake.Verdict{
		verdict(sales.TableDailySales, "2026-01-02", 2, hourAgo+1800e6, lake.Fail, files), // held again
		verdict(sales.TableFacts, "2026-01-02", 2, hourAgo+1800e6, lake.Fail, waits),
		verdict(sales.TableFacts, "2026-01-03", 1, hourAgo+1801e6, lake.Fail, files), // a file of both
		verdict(sales.TableDailySales, "2026-01-03", 1, hourAgo+1801e6, lake.Fail, files),
		verdict(sales.TableFacts, "2026-01-04", 1, hourAgo+1802e6, lake.Warn, loss),
	} {
		s.given(p, g, v)
	}
	require.Equal(t, map[string]float64{" gold/daily_sales": 2, " gold/fact_sales": 2}, notZero(values(t, registry, "sales_dq_held_slices")))
	for range 20 { // in whatever order slices are looked at
		require.Equal(t, map[string]float64{" gold/daily_sales": 1, " gold/fact_sales": 1}, notZero(values(t, registry, "sales_dq_held_units")), "a day is held once")
	}
	require.Equal(t, map[string]float64{" files fail gold/daily_sales": 2, " files fail gold/fact_sales": 1, " day fail gold/fact_sales": 1, " row_loss fail gold/fact_sales": 1},
		values(t, registry, "sales_dq_rule_breaches"))
	oldest := values(t, registry, "sales_dq_held_oldest_seconds")
	require.InDelta(t, 3600, oldest[" gold/daily_sales"], 5, "since the first version that was held")
	require.Len(t, oldest, len(goldTables)+1, "a table of which nothing is held has 0")
	require.InDelta(t, float64(hourAgo)/1e6+1802, values(t, registry, "sales_dq_last_verdict_timestamp_seconds")[""], 0.001)
	require.True(t, s.knows(p, &verdict(sales.TableDailySales, "2026-01-02", 2, 0, lake.Fail).Manifest))
	require.False(t, s.knows(p, &verdict(sales.TableDailySales, "2026-01-02", 3, 0, lake.Fail).Manifest))

	for _, day := range []string{"2026-01-02", "2026-01-03"} {
		for _, table := range []string{sales.TableFacts, sales.TableDailySales} {
			s.given(p, g, verdict(table, day, 3, hourAgo+1803e6, lake.Pass))
		}
	}
	require.Empty(t, notZero(values(t, registry, "sales_dq_held_slices")))
	require.Empty(t, notZero(values(t, registry, "sales_dq_held_units")))
	require.Empty(t, notZero(values(t, registry, "sales_dq_held_oldest_seconds")))
	require.Equal(t, map[string]float64{" row_loss fail gold/fact_sales": 1}, notZero(values(t, registry, "sales_dq_rule_breaches")))
	require.Len(t, values(t, registry, "sales_dq_rule_breaches"), 4, "what was broken goes on at 0, so that an alert ends")

	accepted := verdict(sales.TableFacts, "2026-01-05", 1, hourAgo, lake.Fail, files)
	s.given(p, g, accepted)
	require.Equal(t, map[string]float64{" gold/fact_sales": 1}, notZero(values(t, registry, "sales_dq_held_units")))
	accept(accepted, &lake.Command{})
	s.given(p, g, accepted)
	require.Empty(t, notZero(values(t, registry, "sales_dq_held_units")))
	require.Equal(t, map[string]float64{" row_loss fail gold/fact_sales": 1}, notZero(values(t, registry, "sales_dq_rule_breaches")))

	s.close(p)
	require.Empty(t, notZero(values(t, registry, "sales_dq_rule_breaches")), "the partition is another instance's")
	problems, err := testutil.GatherAndLint(registry)
	require.NoError(t, err)
	require.Empty(t, problems)
}

func TestStandingTellsOfTheLedger(t *testing.T) {
	k := NewKeeper()
	s, registry := newStanding(k), prometheus.NewRegistry()
	registry.MustRegister(s)
	h := sound()
	for _, r := range append(h.bronze, h.silver...) {
		require.NoError(t, k.Add(r))
	}
	k.CaughtUp()
	require.Empty(t, notZero(values(t, registry, "sales_dq_ledger_residual_rows")))
	require.Empty(t, notZero(values(t, registry, "sales_dq_ledger_faults")))

	l, err := lake.DecodeLedger(h.silver[len(h.silver)-1].Value)
	require.NoError(t, err)
	l.Out.Rows, l.Out.Cents = l.Out.Rows-2, l.Out.Cents+7 // two lost, seven cents too much
	require.NoError(t, k.Add(stream.Record{Topic: sales.TopicSilver, Partition: partition, Key: []byte(l.Key()), Value: l.Encode()}))
	k.CaughtUp()
	require.Equal(t, map[string]float64{" silver/sales": 2}, notZero(values(t, registry, "sales_dq_ledger_residual_rows")))
	require.Equal(t, map[string]float64{" silver/sales": 7}, notZero(values(t, registry, "sales_dq_ledger_residual_cents")))
	require.NotEmpty(t, notZero(values(t, registry, "sales_dq_ledger_faults")))
}
