package lake

import (
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
)

// shelf is a bucket that keeps what is put, and refuses some of it.
type shelf struct {
	mu      sync.Mutex
	objects map[string][]byte
	refuse  func(key string) bool
}

func (s *shelf) Put(_ context.Context, key string, body []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refuse != nil && s.refuse(key) {
		return errors.New("bucket is away")
	}
	s.objects[key] = body
	return nil
}

func (s *shelf) Get(_ context.Context, key string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if body, ok := s.objects[key]; ok {
		return body, nil
	}
	return nil, errors.New("not found")
}

func (s *shelf) Delete(context.Context, string) error { return nil }

func (s *shelf) KeysAfter(ctx context.Context, prefix, _ string) iter.Seq2[string, error] {
	return s.Keys(ctx, prefix)
}

func (s *shelf) Keys(_ context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, key := range slices.Sorted(maps.Keys(s.objects)) {
			if strings.HasPrefix(key, prefix) && !yield(key, nil) {
				return
			}
		}
	}
}

func commitOf(version int64, days ...string) []Entry {
	var entries []Entry
	for _, day := range days {
		entries = append(entries, &Manifest{Format: Format, Table: "silver/sales", Slice: "day=" + day + "/p=003", Version: version})
	}
	return append(entries, &Ledger{Format: Format, Stage: "silver", Source: "file:1", Partition: 3, Version: version},
		&Done{Format: Format, ID: "X", Kind: Reprocess, Partition: 3, Version: version, Through: "2026-01-02"})
}

// readBack gives the ages of what the copies say, by key.
func readBack(t *testing.T, s *shelf) map[string]int64 {
	entries, err := ReadPublished(t.Context(), s, "silver-etl", ManifestCopies("silver"), LedgerCopies("silver"), DoneCopies(Reprocess))
	require.NoError(t, err)
	ages := map[string]int64{}
	for _, e := range entries {
		require.NotContains(t, ages, e.Key(), "each key comes once")
		ages[e.Key()] = e.Age()
	}
	return ages
}

func shelfKeeper(s *shelf) *Keeper {
	return NewKeeper(KeeperOptions{s, zap.NewNop(), LastCopy("silver-etl", 3), prometheus.NewCounter(prometheus.CounterOpts{Name: "mirror"}),
		prometheus.NewCounter(prometheus.CounterOpts{Name: "deleted"})})
}

// A kill between the copies of a commit leaves it whole or not there at all.
func TestCopiesOfACommitAreWholeAfterAKillAtAnyOfThem(t *testing.T) {
	const objects = 5 // the commit, two manifests, ledger and done
	for killed := range objects + 1 {
		s := &shelf{objects: map[string][]byte{}}
		shelfKeeper(s).Mirror(t.Context(), commitOf(1, "2026-01-01", "2026-01-02"))
		written := 0
		s.refuse = func(string) bool { written++; return written > killed }
		shelfKeeper(s).Mirror(t.Context(), commitOf(2, "2026-01-01", "2026-01-02"))
		want := int64(2)
		if killed == 0 {
			want = 1
		}
		for key, age := range readBack(t, s) {
			require.Equal(t, want, age, "%s, killed after %d", key, killed)
		}
	}
}

// What a keeper could not write comes with its next commit.
func TestCopiesThatCouldNotBeWrittenAreOwed(t *testing.T) {
	s := &shelf{objects: map[string][]byte{}, refuse: func(string) bool { return true }}
	k := shelfKeeper(s)
	k.Mirror(t.Context(), commitOf(1, "2026-01-01"))
	require.Empty(t, s.objects)
	require.EqualValues(t, 1, testutil.ToFloat64(k.MirrorErrors))
	s.refuse = nil
	k.Mirror(t.Context(), commitOf(2, "2026-01-02"))
	require.Equal(t, map[string]int64{"silver/sales/day=2026-01-01/p=003": 1, "silver/sales/day=2026-01-02/p=003": 2,
		"ledger/file:1/p=003": 2, "done/X/p=003/2026-01-02": 2}, readBack(t, s))
	require.Empty(t, k.owed)
}

func TestCheckWhole(t *testing.T) {
	copies := commitOf(4, "2026-01-01")[1:2]
	const key = "ledger/file:1/p=003"
	for name, c := range map[string]struct {
		have map[string]int64
		want string
	}{
		"as the copy":            {map[string]int64{key: 4}, ""},
		"the copy lags a commit": {map[string]int64{key: 5}, ""},
		"deleted":                {nil, `the lake has a copy of ledger/file:1/p=003 (4), topic lake.silver does not have it`},
		"cut off":                {map[string]int64{key: 3}, `topic lake.silver has an older one (3)`},
	} {
		t.Run(name, func(t *testing.T) {
			err := CheckWhole("lake.silver", c.have, copies, "silver-etl resync")
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, `write it back with "silver-etl resync"`)
		})
	}
	require.NoError(t, CheckWhole("lake.silver", nil, nil, ""), "a new lake has neither")
}

func TestAgeOfABronzeLedgerIsItsRecords(t *testing.T) {
	require.EqualValues(t, 7, (&Ledger{Stage: "bronze", In: Count{Rows: 7}}).Age())
	require.EqualValues(t, 2, (&Ledger{Stage: "silver", Version: 2, In: Count{Rows: 7}}).Age())
}
