package lake

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
)

// heap is a bucket of keys.
type heap struct {
	keys   map[string]bool
	away   bool
	slow   time.Duration // for each key of a listing
	broken string        // table that cannot be listed
}

func newHeap(keys ...string) *heap {
	h := &heap{keys: map[string]bool{}}
	for _, key := range keys {
		h.keys[key] = true
	}
	return h
}

func (h *heap) Put(_ context.Context, key string, _ []byte) error {
	h.keys[key] = true
	return nil
}

func (h *heap) Delete(_ context.Context, key string) error {
	delete(h.keys, key)
	return nil
}

func (h *heap) KeysAfter(ctx context.Context, prefix, after string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		if prefix == h.broken+"/" {
			yield("", errors.New("access is denied"))
			return
		}
		for _, key := range h.list() {
			if !strings.HasPrefix(key, prefix) || key <= after {
				continue
			}
			if h.away {
				<-ctx.Done()
			}
			<-time.After(h.slow)
			if ctx.Err() != nil {
				yield("", ctx.Err())
				return
			}
			if !yield(key, nil) {
				return
			}
		}
	}
}

func (h *heap) list() []string { return slices.Sorted(maps.Keys(h.keys)) }

func newTestKeeper(bucket KeptBucket) *Keeper {
	return NewKeeper(KeeperOptions{bucket, zap.NewNop(), "_manifests/commits/t/p=000.json", prometheus.NewCounter(prometheus.CounterOpts{Name: "mirror"}),
		prometheus.NewCounter(prometheus.CounterOpts{Name: "deleted"})})
}

func TestSweepDeletesWhatCanNeverBeNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const grace = time.Hour
		m := &Manifest{Version: 5, Created: time.Now().UnixMicro(), Files: []File{{Key: "t/day=1/p=0/00000002-a.parquet"}},
			Changes: []Change{{Added: []File{{Key: "t/day=1/p=0/00000003-a.parquet"}}}}}
		bucket := newHeap(
			"t/day=1/p=0/00000002-a.parquet",                // a row of the slice
			"t/day=1/p=0/00000002-b.parquet",                // a crash's
			"t/day=1/p=0/00000003-a.parquet",                // listed as a change
			"t/day=1/p=0/00000005-c.parquet",                // replaced, or a crash's
			"t/day=1/p=0/00000006-c.parquet",                // perhaps a successor's
			"t/day=1/p=0/readme", "t/day=1/p=0/x-y.parquet", // somebody's
			"t/day=1/p=1/00000001-a.parquet", // another writer's
			"t/day=2/p=0/00000004-a.parquet", // a crash's, in a slice that never was
			"t/day=2/p=0/00000008-a.parquet",
			"tt/day=1/p=0/00000001-a.parquet", // of another table
		)
		k := newTestKeeper(bucket)
		known := func(_, slice string) Known {
			return map[string]Known{"day=1/p=0": {m, m.Version}, "day=2/p=0": {nil, 7}}[slice]
		}
		all := bucket.list()
		k.Sweep(t.Context(), grace, known, "t")
		require.Equal(t, []string{"t/day=2/p=0/00000004-a.parquet"}, missing(all, bucket), "no reader knew it")
		k.Sweep(t.Context(), grace, known, "t") // condemns nothing twice
		<-time.After(grace)
		k.Reap(t.Context())
		require.Equal(t, []string{"t/day=1/p=0/00000002-b.parquet", "t/day=1/p=0/00000005-c.parquet", "t/day=2/p=0/00000004-a.parquet"},
			missing(all, bucket))
		require.EqualValues(t, 3, testutil.ToFloat64(k.FilesDeleted))
	})
}

func missing(before []string, bucket *heap) (gone []string) {
	for _, key := range before {
		if !bucket.keys[key] {
			gone = append(gone, key)
		}
	}
	return gone
}

// What is replaced and waits for its time is swept at that time, not at once.
func TestSweepLeavesTheGracePeriod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const old = "t/s/00000001-a.parquet"
		bucket := newHeap(old)
		m := &Manifest{Table: "t", Slice: "s", Version: 2, Created: time.Now().Add(-time.Hour).UnixMicro()}
		k := newTestKeeper(bucket)
		k.Committed(Entries(m), []string{old}, time.Minute)
		k.Sweep(t.Context(), time.Minute, func(_, _ string) Known { return Known{m, 2} }, "t")
		require.True(t, bucket.keys[old])
		<-time.After(time.Minute)
		k.Reap(t.Context())
		require.False(t, bucket.keys[old])
	})
}

func TestSweepDoesNotWaitForABucketThatIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bucket := newHeap("t/s/00000001-a.parquet")
		bucket.away = true
		start := time.Now()
		require.Equal(t, sweepPause, newTestKeeper(bucket).Sweep(t.Context(), 0, allOf, "t"))
		require.Equal(t, sweepTimeout, time.Since(start))
		require.Len(t, bucket.keys, 1)
	})
}

// allOf is what the only writer of tables without a manifest knows.
func allOf(_, _ string) Known { return Known{nil, 1} }

// However long the listing of all tables takes, each sweep takes a second of it, and
// after some of them nothing is left.
func TestSweepGoesOnWhereItStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bucket := newHeap()
		for _, table := range []string{"t", "u"} {
			for slice := range 10 {
				bucket.keys[fmt.Sprintf("%s/%d/00000001-a.parquet", table, slice)] = true
				bucket.keys[fmt.Sprintf("%s/%d/00000002-a.parquet", table, slice)] = true // of a successor
			}
		}
		k := newTestKeeper(bucket)
		sweep := func() time.Duration {
			start := time.Now()
			again := k.Sweep(t.Context(), 0, allOf, "t", "u")
			require.LessOrEqual(t, time.Since(start), sweepTimeout+bucket.slow)
			k.Reap(t.Context())
			return again
		}
		bucket.slow = sweepTimeout / 8
		sweeps := 1
		for ; sweep() == sweepPause; sweeps++ {
			require.Less(t, sweeps, 10)
		}
		require.Len(t, bucket.keys, 20)
		require.Greater(t, sweeps, 3)

		bucket.slow = 0
		require.Equal(t, sweepEvery, sweep())
		bucket.keys["t/0/00000001-b.parquet"] = true
		require.Equal(t, sweepEvery, sweep(), "it begins anew")
		require.Len(t, bucket.keys, 20)
	})
}

func TestATableThatCannotBeListedDoesNotKeepOthersFromBeingSwept(t *testing.T) {
	bucket := newHeap("t/s/00000001-a.parquet", "u/s/00000001-a.parquet")
	bucket.broken = "t"
	require.Equal(t, sweepEvery, newTestKeeper(bucket).Sweep(t.Context(), 0, allOf, "t", "u"))
	require.Equal(t, []string{"t/s/00000001-a.parquet"}, bucket.list())
}

func TestASweepEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bucket := newHeap("t/s/00000001-a.parquet")
		bucket.away = true
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		start := time.Now()
		newTestKeeper(bucket).Sweep(ctx, 0, allOf, "t")
		require.Equal(t, start, time.Now())
	})
}
