package lake

import (
	"context"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
)

// hangingBucket answers nothing while it is away, as one that is retried does.
type hangingBucket struct {
	away    bool
	deleted []string
}

func (b *hangingBucket) Put(ctx context.Context, _ string, _ []byte) error { return b.wait(ctx) }

func (b *hangingBucket) Delete(ctx context.Context, key string) error {
	if err := b.wait(ctx); err != nil {
		return err
	}
	b.deleted = append(b.deleted, key)
	return nil
}

func (b *hangingBucket) KeysAfter(context.Context, string, string) iter.Seq2[string, error] {
	return func(func(string, error) bool) {}
}

func (b *hangingBucket) wait(ctx context.Context) error {
	if b.away {
		<-ctx.Done()
	}
	return ctx.Err()
}

func TestKeeperDoesNotWaitForABucketThatIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bucket := &hangingBucket{away: true}
		k := newTestKeeper(bucket)
		manifests := Entries(&Manifest{Table: "t", Slice: "a"}, &Manifest{Table: "t", Slice: "b"})

		start := time.Now()
		k.Committed(manifests, []string{"old-a", "old-b"}, 0)
		require.Equal(t, keepTimeout, time.Since(start))
		require.EqualValues(t, 1, testutil.ToFloat64(k.MirrorErrors))
		start = time.Now()
		k.Close()
		require.Equal(t, keepTimeout, time.Since(start))
		require.Zero(t, testutil.ToFloat64(k.FilesDeleted))

		bucket.away = false
		k.Committed(manifests, []string{"young"}, time.Hour)
		require.Equal(t, []string{"old-a", "old-b"}, bucket.deleted)
		require.EqualValues(t, 1, testutil.ToFloat64(k.MirrorErrors))
		require.EqualValues(t, 2, testutil.ToFloat64(k.FilesDeleted))
	})
}
