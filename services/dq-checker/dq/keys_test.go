package dq

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// Equal hashes are no fault: the values decide.
func TestHashesThatCollide(t *testing.T) {
	d := newDay(t, 50, edits{sales.TableSilver: set("order_id", 9, "order_id-000008")})
	a := testAuditor(t, d)
	s, err := a.Audit(t.Context(), d.manifests[sales.TableSilver])
	require.NoError(t, err)
	suspects := map[uint64]bool{}
	for _, r := range s.parts[keyID([]string{"order_id"})].(*keysPart).of {
		for _, hash := range r.hashes {
			suspects[hash] = true
		}
	}
	failed, samples, err := a.confirm(t.Context(), s, suspects, 49, []string{"order_id"})
	require.NoError(t, err)
	require.EqualValues(t, 1, failed)
	require.Len(t, samples, 1)
	require.EqualValues(t, 10, samples[0].Row)
}

// A key that comes again is found among files that are known by then, as often as the version is judged.
func TestAKeyThatComesAgainLater(t *testing.T) {
	d := newDay(t, 50, nil)
	a := testAuditor(t, d)
	m := *d.manifests[sales.TableSilver]
	first := m
	judge := func(m *lake.Manifest) int64 {
		s, err := a.Audit(t.Context(), m)
		require.NoError(t, err)
		findings, _, err := a.Judge(t.Context(), Evidence{Manifest: m, Slice: s, Balances: d.balances})
		require.NoError(t, err)
		at := slices.IndexFunc(findings, func(f lake.Finding) bool { return f.Rule == "orders_unique" })
		return findings[at].Failed
	}
	require.Zero(t, judge(&first))
	d.objects["again.parquet"] = facts(t, 10, func(b *column.Batch) {
		for i := 2; i < 10; i++ {
			set("order_id", i, fmt.Sprintf("new-%06d", i))(b)
		}
	})
	m.Version, m.Count = 2, m.Count.Add(lake.Count{Rows: 10, Cents: cents(10)})
	m.Files = append(slices.Clone(m.Files), lake.NewFile("again.parquet", d.objects["again.parquet"], lake.Count{Rows: 10, Cents: cents(10)}))
	require.EqualValues(t, 2, judge(&m))
	require.EqualValues(t, 2, judge(&m))
	require.Zero(t, judge(&first))
	twice := first
	twice.Files = append(slices.Clone(first.Files), first.Files...)
	require.EqualValues(t, 50, judge(&twice), "a file that is listed twice")
}

// Whatever files are known, as many rows repeat a hash as there are more rows than hashes.
func TestRepeatedHashes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.SampledFrom([]uint64{5, 50, 1_000_000}).Draw(t, "most")
		list := rapid.SliceOfN(rapid.Uint64Range(1, most), 0, 200)
		keys, known, rows := &keysPart{}, map[string]bool{}, map[uint64]int64{}
		for i := range rapid.IntRange(0, 5).Draw(t, "files") {
			r := run{fmt.Sprint(i), list.Draw(t, "hashes")}
			if rapid.Bool().Draw(t, "known") { // has what no other known file has
				known[r.file] = true
				slices.Sort(r.hashes)
				r.hashes = slices.DeleteFunc(slices.Compact(r.hashes), func(h uint64) bool {
					return slices.ContainsFunc(keys.of, func(o run) bool { return known[o.file] && slices.Contains(o.hashes, h) })
				})
			}
			slices.Sort(r.hashes)
			for _, h := range r.hashes {
				rows[h]++
			}
			keys.of = append(keys.of, r)
		}
		hashes, failed := keys.repeated(known)
		var want int64
		twice := map[uint64]bool{}
		for h, n := range rows {
			if want += n - 1; n > 1 {
				twice[h] = true
			}
		}
		require.Equal(t, want, failed)
		require.Equal(t, twice, hashes)
	})
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
