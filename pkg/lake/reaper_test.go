package lake

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

type deleter struct {
	deleted []string
	fail    map[string]bool
}

func (d *deleter) Delete(_ context.Context, key string) error {
	if d.fail[key] {
		return errors.New("bucket is away")
	}
	d.deleted = append(d.deleted, key)
	return nil
}

func TestReaperDeletesWhatIsDueAndRetriesWhatFailed(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	bucket := &deleter{fail: map[string]bool{"b": true}}
	r := NewReaper(bucket)
	r.Later(nil, start)
	r.Later([]string{"c"}, start.Add(2*time.Minute))
	r.Later([]string{"b", "a"}, start.Add(time.Minute))
	r.Later([]string{"a", "c"}, start.Add(time.Hour)) // they have their times

	n, err := r.Reap(context.Background(), start.Add(59*time.Second))
	require.NoError(t, err)
	require.Zero(t, n)

	n, err = r.Reap(context.Background(), start.Add(time.Minute))
	require.ErrorContains(t, err, "delete replaced file b: bucket is away")
	require.Equal(t, 1, n)

	bucket.fail = nil
	n, err = r.Reap(context.Background(), start.Add(3*time.Minute))
	require.NoError(t, err)
	require.Equal(t, 2, n)
	require.Equal(t, []string{"a", "b", "c"}, bucket.deleted)
	n, err = r.Reap(context.Background(), start.Add(2*time.Hour))
	require.NoError(t, err)
	require.Zero(t, n)
}

type putter map[string]string

func (p putter) Put(_ context.Context, key string, body []byte) error {
	if key == "_manifests/t/bad.json" {
		return errors.New("bucket is away")
	}
	p[key] = string(body)
	return nil
}

func TestMirrorKeepsACopy(t *testing.T) {
	bucket := putter{}
	m := &Manifest{Format: Format, Table: "silver/sales", Slice: "day=2026-01-31/p=003", Version: 4}
	require.NoError(t, Mirror(context.Background(), bucket, m))
	copied, err := DecodeManifest([]byte(bucket["_manifests/silver/sales/day=2026-01-31/p=003.json"]))
	require.NoError(t, err)
	require.Equal(t, m, copied)
	require.ErrorContains(t, Mirror(context.Background(), bucket, &Manifest{Table: "t", Slice: "bad"}), "mirror t/bad")
}
