package dq

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/control"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

const heldSlice = sales.TableFacts + "/day=2026-01-01"

// accept lets a version of the rig's facts pass.
func (r *rig) accept(version int64) *lake.Command {
	c, err := Acceptance(context.Background(), r.kafka, heldSlice, version, "ada", "counted by hand")
	require.NoError(r.t, err)
	require.NoError(r.t, control.Issue(context.Background(), r.kafka, -1, c))
	return c
}

// since gives the newest verdicts from the nth on, by table.
func (r *rig) since(n int) map[string]*lake.Verdict {
	byTable := map[string]*lake.Verdict{}
	for _, v := range r.verdicts()[n:] {
		byTable[v.Manifest.Table] = v
	}
	return byTable
}

// A version that is held passes when it is accepted, by an instance that runs or by one that
// is started later, with the tables that were held with it; the next one is judged anew.
func TestAHeldSliceIsAccepted(t *testing.T) {
	for name, running := range map[string]bool{"while an instance runs": true, "before one does": false} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.publish(1, 100, 5)
			var command *lake.Command
			accept := sync.OnceFunc(func() { command = r.accept(1) })
			r.run(func() bool {
				if !r.until(len(goldTables))() {
					return false
				}
				if accept(); running {
					return r.until(2 * len(goldTables))()
				}
				return true
			})
			if !running {
				r.run(r.until(2 * len(goldTables)))
			}
			answer, err := AwaitAcceptance(t.Context(), r.kafka, command)
			require.NoError(t, err)
			require.Equal(t, lake.Warn, answer.Outcome)
			for table, v := range r.since(len(goldTables)) {
				if table != sales.TableFacts {
					require.Equal(t, lake.Pass, v.Outcome, table)
					continue
				}
				require.Equal(t, command, v.Accepted)
				last := v.Findings[len(v.Findings)-1]
				require.Equal(t, RuleAccepted, last.Rule)
				require.Regexp(t, `^accepted by ada on \d{4}-.*Z: counted by hand \(failed: ledger, row_loss, facts_agree\)$`, last.Message)
			}
			require.Contains(t, r.rows(sales.Results, "table", "version", "rule", "outcome", "verdict"), "gold/fact_sales 1 accepted warn warn")

			r.publish(2, 100, 5)
			r.run(r.until(3 * len(goldTables)))
			require.Equal(t, lake.Fail, r.since(2 * len(goldTables))[sales.TableFacts].Outcome, "another version")
		})
	}
}

// A day of which two tables fail is held until both are accepted.
func TestADayIsHeldUntilAllOfItIsAccepted(t *testing.T) {
	r := newRig(t)
	r.publish(1, 100, 5)
	key := sales.TableDailyProducts + "/day=2026-01-01/00000001.parquet"
	require.NoError(t, r.bucket.Put(t.Context(), key, []byte("PAR1")))
	r.run(r.until(len(goldTables)))
	r.accept(1)
	r.run(r.until(2 * len(goldTables)))
	for _, v := range r.since(len(goldTables)) {
		require.Equal(t, lake.Fail, v.Outcome, v.Key())
	}
	c, err := Acceptance(t.Context(), r.kafka, sales.TableDailyProducts+"/day=2026-01-01", 1, "ada", "nobody reads it")
	require.NoError(t, err)
	require.NoError(t, control.Issue(t.Context(), r.kafka, -1, c))
	r.run(r.until(3 * len(goldTables)))
	for _, v := range r.since(2 * len(goldTables)) {
		require.True(t, v.Passed(), v.Key())
	}
}

func TestWhatIsNotHeldIsNotAccepted(t *testing.T) {
	r := newRig(t)
	r.publish(1, 100, 0)
	r.run(r.until(len(goldTables)))
	acceptance := func(slice string, version int64) error {
		_, err := Acceptance(t.Context(), r.kafka, slice, version, "ada", "why")
		return err
	}
	require.ErrorContains(t, acceptance(heldSlice, 1), "gold/fact_sales/day=2026-01-01 version 1 is not held")
	require.ErrorContains(t, acceptance("gold/fact_sales", 1), "gold/fact_sales has no verdict")
	r.publish(2, 100, 5)
	r.run(r.until(2 * len(goldTables)))
	require.ErrorContains(t, acceptance(heldSlice, 1), "is on version 2, not 1")
	require.NoError(t, acceptance(heldSlice, 2))
	require.ErrorContains(t, acceptance(sales.TableHourlySales+"/day=2026-01-01", 2), "held with gold/fact_sales): accept those")
}
