package report

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/services/dq-checker/dq"
)

// judged is a result of a slice of gold/fact_sales.
func judged(before time.Duration, date string, version int, rule, outcome, verdict string) row {
	return row{"run_ts": at(before), "table": sales.TableFacts, "slice": "day=" + date, "day": day(date), "version": version, "rule": rule, "kind": rule,
		"severity": "fail", "outcome": outcome, "verdict": verdict, "checked": 100, "failed": 0, "low": -1, "high": -1, "message": rule + " " + outcome, "owner": "sales-data"}
}

func TestReadKeepsTheNewestJudgement(t *testing.T) {
	files := [][]row{
		{judged(5*time.Hour, "2026-03-01", 1, "unique", "pass", "fail"), judged(5*time.Hour, "2026-03-01", 1, "files", "fail", "fail")},
		{judged(4*time.Hour, "2026-03-01", 2, "unique", "pass", "fail"), judged(4*time.Hour, "2026-03-01", 2, "files", "fail", "fail"), judged(4*time.Hour, "2026-03-01", 2, "day", "fail", "fail")},
		// the same version again, without what had held it
		{judged(3*time.Hour, "2026-03-01", 2, "unique", "warn", "warn"), judged(3*time.Hour, "2026-03-01", 2, "files", "pass", "warn")},
		{judged(26*time.Hour, "2026-02-28", 7, "files", "pass", "pass")},
	}
	for range 20 { // in whatever order the files are met
		rand.Shuffle(len(files), func(i, j int) { files[i], files[j] = files[j], files[i] })
		r := newRig(t)
		for _, rows := range files {
			r.put(sales.Results, rows...)
		}
		got := r.read(all())
		require.Equal(t, Outcomes{Pass: 1, Warn: 1}, got.Slices)
		require.Empty(t, got.Held)
		require.Equal(t, []Breach{{Table: sales.TableFacts, Slice: "day=2026-03-01", Day: "2026-03-01", Version: 2, Rule: "unique", Kind: "unique", Severity: "fail",
			Outcome: lake.Warn, Message: "unique warn", Owner: "sales-data", Judged: timestamp(int64(at(3 * time.Hour)))}}, got.Breaches)
		require.Len(t, got.Scorecard, 2, "a rule that is not in the newest judgement is gone")
		require.Equal(t, Outcomes{Pass: 2}, got.Scorecard[0].Slices)
		require.Equal(t, []Cell{{Day: "2026-03-01", Outcome: lake.Warn, Slices: Outcomes{Warn: 1}, Checked: 100, Message: "unique warn"}}, got.Scorecard[1].Days)
		require.Equal(t, []Day{{Day: "2026-02-28", Slices: Outcomes{Pass: 1}}, {Day: "2026-03-01", Slices: Outcomes{Warn: 1}, Warned: 1}}, got.Days)
	}
}

// What the warehouse holds is judged after the load, beside the other rules.
func TestReadAddsWhatIsJudgedLater(t *testing.T) {
	r := newRig(t)
	r.put(sales.Results, judged(5*time.Hour, "2026-03-01", 1, dq.RuleDay, "fail", "fail"))
	r.put(sales.Results, judged(4*time.Hour, "2026-03-01", 1, "files", "warn", "warn"), judged(4*time.Hour, "2026-03-01", 1, "unique", "pass", "warn"))
	r.put(sales.Results, judged(3*time.Hour, "2026-03-01", 1, "warehouse", "fail", "warn"))
	got := r.read(all())
	require.Equal(t, Outcomes{Warn: 1}, got.Slices)
	require.Equal(t, []string{"warehouse", "files"}, []string{got.Breaches[0].Rule, got.Breaches[1].Rule})
	require.Len(t, got.Scorecard, 3)
}

func TestReadTellsWhatIsHeld(t *testing.T) {
	r := newRig(t)
	daily := row{"table": sales.TableDailySales}
	r.put(sales.Results, judged(3*time.Hour, "2026-03-01", 2, "files", "fail", "fail"), judged(3*time.Hour, "2026-03-01", 2, dq.RuleDay, "fail", "fail").with(daily))
	r.put(sales.Results, judged(time.Hour, "2026-03-01", 2, "files", "fail", "fail"), judged(time.Hour, "2026-03-01", 2, dq.RuleDay, "fail", "fail").with(daily))
	r.put(sales.Results, judged(9*time.Hour, "2026-03-01", 1, "files", "fail", "fail"))
	got := r.read(all())
	require.Len(t, got.Held, 1, "one cause")
	h := got.Held[0]
	require.Equal(t, []string{sales.TableDailySales}, h.With)
	require.Equal(t, timestamp(int64(at(3*time.Hour))), h.Since, "the first judgement of the version")
	require.Equal(t, `dq-checker accept gold/fact_sales/day=2026-03-01 --version 2 --reason "…"`, h.Accept)
	require.Equal(t, "files fail", h.Reasons[0].Message)
	require.EqualValues(t, 1, got.Days[0].Failed, "what waits with it is no breach of its own")

	q := all()
	q.Table = sales.TableDailySales
	got = r.read(q)
	require.Len(t, got.Held, 1, "the cause was not asked for")
	require.Equal(t, dq.RuleDay, got.Held[0].Reasons[0].Rule)
}

func TestReadLooksOnlyAtTheDatesAskedFor(t *testing.T) {
	r := newRig(t)
	// A damaged file shows which are opened.
	damaged := r.put(sales.Results, judged(74*time.Hour, "2026-01-01", 1, "files", "pass", "pass"))
	require.NoError(t, r.bucket.Put(context.Background(), damaged, []byte("damaged")))
	r.put(sales.Results, judged(25*time.Hour, "2026-03-01", 1, "files", "pass", "pass"), judged(25*time.Hour, "2026-01-01", 3, "files", "pass", "pass"))

	_, err := Read(context.Background(), r.bucket, all())
	require.ErrorIs(t, err, lake.ErrCorrupt)
	require.ErrorContains(t, err, damaged)

	q := all()
	q.From, q.To = int32(day("2026-03-01")), int32(day("2026-03-01"))
	got := r.read(q)
	require.Equal(t, Outcomes{Pass: 1}, got.Slices)
	require.Equal(t, "2026-02-28", got.Since, "events may be a day ahead")

	q.From, q.To = int32(day("2026-01-01")), int32(day("2026-01-01"))
	q.Since = int32(day("2026-03-01"))
	got = r.read(q)
	require.Equal(t, Outcomes{Pass: 1}, got.Slices, "a day that was judged late")
}

func TestReadKeepsSamplesOfBreachesOnly(t *testing.T) {
	r := newRig(t)
	sample := func(before time.Duration, version int, rule string, n int, id string) row {
		return row{"run_ts": at(before), "table": sales.TableFacts, "slice": "day=2026-03-01", "version": version, "rule": rule, "sample": n,
			"id": id, "source": sales.TopicEvents, "partition": 3, "offset": 1000 + n, "file": "silver/x.parquet", "row": n, "column": "quantity", "value": "-1"}
	}
	r.put(sales.Results, judged(time.Hour, "2026-03-01", 2, "range", "fail", "fail"), judged(time.Hour, "2026-03-01", 2, "files", "pass", "fail"))
	r.put(sales.Samples, sample(2*time.Hour, 2, "range", 1, "of an earlier judgement"))
	r.put(sales.Samples, sample(time.Hour, 2, "range", 2, "b"), sample(time.Hour, 2, "range", 1, "a"), sample(time.Hour, 2, "files", 1, "passed since"))
	r.put(sales.Samples, sample(2*time.Hour, 2, "range", 3, "of an earlier judgement"), sample(3*time.Hour, 1, "range", 1, "of an earlier version"))
	require.Equal(t, []Sample{
		{Table: sales.TableFacts, Slice: "day=2026-03-01", Version: 2, Rule: "range", Number: 1, ID: "a", Source: sales.TopicEvents, Partition: 3, Offset: 1001, File: "silver/x.parquet", Row: 1, Column: "quantity", Value: "-1"},
		{Table: sales.TableFacts, Slice: "day=2026-03-01", Version: 2, Rule: "range", Number: 2, ID: "b", Source: sales.TopicEvents, Partition: 3, Offset: 1002, File: "silver/x.parquet", Row: 2, Column: "quantity", Value: "-1"},
	}, r.read(all()).Samples)
}

func TestReadKeepsTheNewestLedger(t *testing.T) {
	r := newRig(t)
	entry := func(before time.Duration, scope, hop string, version, in, out int) row {
		e := row{"run_ts": at(before), "scope": scope, "hop": hop, "source": map[string]string{"gold": sales.TableFacts, "silver": sales.TableSilver}[hop], "partition": -1, "day": day("2026-03-01"), "version": version, "next_offset": -1,
			"in_rows": in, "out_rows": out, "in_revenue": 100 * in, "out_revenue": 100 * out, "residual_rows": in - out, "residual_revenue": 100 * (in - out)}
		if scope == scopeSource {
			e = e.with(row{"source": sales.TopicEvents, "partition": 3, "day": 0, "next_offset": in})
		}
		return e
	}
	r.put(sales.DQLedger, entry(time.Hour, scopeDay, "gold", 4, 12, 12), entry(time.Hour, scopeDay, "silver", 4, 12, 12), entry(time.Hour, scopeSource, "bronze", 0, 20, 20))
	r.put(sales.DQLedger, entry(2*time.Hour, scopeDay, "gold", 4, 12, 11), entry(time.Minute, scopeDay, "gold", 3, 9, 8), entry(2*time.Hour, scopeSource, "bronze", 0, 10, 9))
	got := r.read(all())
	require.Len(t, got.Ledger, 3)
	require.Zero(t, got.Residuals)
	require.Equal(t, []string{"bronze", "silver", "gold"}, []string{got.Ledger[0].Hop, got.Ledger[1].Hop, got.Ledger[2].Hop})
	require.Equal(t, lake.Count{Rows: 12, Cents: 1200}, got.Ledger[2].Out)
	require.Equal(t, []Day{{Day: "2026-03-01", Rows: 12, Revenue: 1200}}, got.Days)

	r.put(sales.DQLedger, entry(0, scopeDay, "gold", 4, 12, 9), entry(0, scopeDay, "silver", 4, 9, 12))
	require.Equal(t, 2, r.read(all()).Residuals, "one that is short does not make up for one that has too much")
}

// TestReadTakesFilesThatAreMergedMeanwhile has a file vanish between the listing and the
// reading, after its rows were written to another one.
func TestReadTakesFilesThatAreMergedMeanwhile(t *testing.T) {
	r := newRig(t)
	first := r.put(sales.Results, judged(time.Hour, "2026-03-01", 1, "files", "pass", "pass"))
	second := r.put(sales.Results, judged(time.Hour, "2026-02-28", 1, "files", "pass", "pass"))
	s, opened := newState(all()), 0
	err := readDate(context.Background(), r.bucket, sales.Results, int32(day("2026-03-02")), func(b *column.Batch) error {
		if opened++; opened == 1 {
			r.put(sales.Results, judged(time.Hour, "2026-03-01", 1, "files", "pass", "pass"), judged(time.Hour, "2026-02-28", 1, "files", "pass", "pass"))
			require.NoError(t, r.bucket.Delete(context.Background(), first))
			require.NoError(t, r.bucket.Delete(context.Background(), second))
		}
		return s.addResults(b)
	})
	require.NoError(t, err)
	require.Equal(t, Outcomes{Pass: 2}, s.report().Slices)
	require.Equal(t, 2, s.kept, "a row that is met twice is kept once")
	_, err = r.bucket.Get(context.Background(), second)
	require.ErrorIs(t, err, blob.ErrNotFound)
}
