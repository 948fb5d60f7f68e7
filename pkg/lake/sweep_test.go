package lake

import (
	"context"
	"errors"
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
	keys map[string]bool
	away bool
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

func (h *heap) Keys(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, key := range h.list() {
			if h.away {
				<-ctx.Done()
				yield("", errors.Join(errors.New("bucket is away"), ctx.Err()))
				return
			}
			if strings.HasPrefix(key, prefix) && !yield(key, nil) {
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
		known := func(slice string) Known {
			return map[string]Known{"day=1/p=0": {m, m.Version}, "day=2/p=0": {nil, 7}}[slice]
		}
		all := bucket.list()
		k.Sweep(t.Context(), "t", grace, known)
		require.Equal(t, []string{"t/day=2/p=0/00000004-a.parquet"}, missing(all, bucket), "no reader knew it")
		k.Sweep(t.Context(), "t", grace, known) // condemns nothing twice
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
		k.Sweep(t.Context(), "t", time.Minute, func(string) Known { return Known{m, 2} })
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
		newTestKeeper(bucket).Sweep(t.Context(), "t", 0, func(string) Known { return Known{nil, 1} })
		require.Equal(t, sweepTimeout, time.Since(start))
		require.Len(t, bucket.keys, 1)
	})
}
