package dq

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// Equal hashes are no fault: the values decide.
func TestHashesThatCollide(t *testing.T) {
	d := newDay(t, 50, edits{sales.TableSilver: set("order_id", 9, "order_id-000008")})
	a := testAuditor(t, d)
	m := d.manifests[sales.TableSilver]
	s, err := a.Audit(t.Context(), m)
	require.NoError(t, err)
	for _, h := range s.parts[keyID([]string{"order_id"})].(*keysPart).of {
		for i := range h.rows {
			h.rows[i] = 7
		}
	}
	findings, samples, err := a.Judge(t.Context(), Evidence{Manifest: m, Slice: s, Balances: d.balances})
	require.NoError(t, err)
	for _, f := range findings {
		if f.Rule == "orders_unique" {
			require.EqualValues(t, 1, f.Failed)
		}
	}
	require.Len(t, samples, 1)
	require.EqualValues(t, 10, samples[0].Row)
}

// A file that was written twice is more than can be looked at row by row.
func TestManyRowsRepeat(t *testing.T) {
	const n = 24_000
	d := newDay(t, n, edits{sales.TableSilver: func(b *column.Batch) {
		ids := b.Column("order_id")
		half := ids.Text
		ids.Text = column.Text{}
		for i := range n {
			ids.Text.Append(half.At(i % (n / 2)))
		}
	}})
	findings, samples := d.judge(t, testAuditor(t, d), sales.TableSilver)
	require.EqualValues(t, n/2, findings["orders_unique"].Failed)
	require.Equal(t, lake.Fail, findings["orders_unique"].Outcome)
	require.Len(t, samples, 5)
	require.Greater(t, samples[0].Row, int64(n/2))
}
