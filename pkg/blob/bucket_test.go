package blob_test

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/blob/blobtest"
)

func openFolder(t *testing.T, dir string) *blob.Bucket {
	b, err := blob.Open(t.Context(), blob.Options{URL: "file://" + dir, Create: true})
	require.NoError(t, err)
	return b
}

func TestFolder(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) *blob.Bucket { return openFolder(t, t.TempDir()) })
}

func TestS3(t *testing.T) {
	server := blobtest.StartServer(t)
	blobtest.Run(t, func(t *testing.T) *blob.Bucket { return server.Bucket(t) })
	t.Run("under a prefix", func(t *testing.T) {
		blobtest.Run(t, func(t *testing.T) *blob.Bucket {
			return server.Bucket(t, func(o *blob.Options) { o.URL += "/some/prefix" })
		})
	})
	t.Run("a bucket that is there can be created again", func(t *testing.T) {
		for range 2 {
			b := server.Bucket(t, func(o *blob.Options) { o.URL = "s3://same" })
			require.NoError(t, b.Probe(t.Context()))
			require.Equal(t, "s3://same/a/b", b.URL("a/b"))
			_, local := b.Path("a/b")
			require.False(t, local)
		}
	})
	t.Run("a missing bucket is told", func(t *testing.T) {
		b := server.Bucket(t, func(o *blob.Options) { o.Create = false })
		require.ErrorContains(t, b.Probe(t.Context()), "NoSuchBucket")
	})
}

func TestOpenRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for _, url := range []string{"", "bucket", "file://", "s3://", "gs://bucket", "s3://b?region=x", "file:///does/not/exist", "file://" + file} {
		_, err := blob.Open(t.Context(), blob.Options{URL: url})
		require.Error(t, err, url)
		require.ErrorContains(t, err, url)
	}
}

func TestFolderOpensRelativePath(t *testing.T) {
	t.Chdir(t.TempDir())
	b := openFolder(t, "data/lake")
	require.NoError(t, b.Put(t.Context(), "a/b", []byte("x")))
	path, local := b.Path("a/b")
	require.True(t, local)
	require.True(t, filepath.IsAbs(path))
	require.Equal(t, path, b.URL("a/b"))
	require.FileExists(t, filepath.Join("data", "lake", "a", "b"))
}

func TestFolderKeepsNothingUnfinished(t *testing.T) {
	dir := t.TempDir()
	b := openFolder(t, dir)
	require.NoError(t, b.Put(t.Context(), "x", nil))
	require.NoError(t, b.PutNew(t.Context(), "y", nil))
	require.ErrorIs(t, b.PutNew(t.Context(), "y", nil), blob.ErrExists)
	temp := filepath.Join(dir, ".tmp")
	left, err := os.ReadDir(temp)
	require.NoError(t, err)
	require.Empty(t, left)

	dead, busy := filepath.Join(temp, "dead"), filepath.Join(temp, "busy")
	require.NoError(t, os.WriteFile(dead, nil, 0o600))
	require.NoError(t, os.WriteFile(busy, nil, 0o600))
	old := time.Now().Add(-2 * time.Hour)
	require.NoError(t, os.Chtimes(dead, old, old))
	openFolder(t, dir)
	require.NoFileExists(t, dead)
	require.FileExists(t, busy)
}

func TestFolderThatCannotBeReadIsAnError(t *testing.T) {
	dir := t.TempDir()
	b := openFolder(t, dir)
	require.NoError(t, b.Put(t.Context(), "a/b", nil))
	require.NoError(t, os.Symlink("loop", filepath.Join(dir, "loop"))) // which root cannot read either
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for _, prefix := range []string{"", "loop/"} {
		var failed error
		for _, err := range b.List(ctx, prefix) {
			failed = err
		}
		require.ErrorIs(t, failed, syscall.ELOOP, prefix)
	}
	_, err := b.Get(ctx, "loop/x")
	require.ErrorIs(t, err, syscall.ELOOP)
	require.NoError(t, ctx.Err(), "none is tried again")
}

func TestMetrics(t *testing.T) {
	registry := prometheus.NewRegistry()
	b, err := blob.Open(t.Context(), blob.Options{URL: "file://" + t.TempDir(), Metrics: blob.NewMetrics(registry)})
	require.NoError(t, err)
	require.NoError(t, b.PutNew(t.Context(), "x", []byte("12345")))
	require.ErrorIs(t, b.PutNew(t.Context(), "x", nil), blob.ErrExists)
	_, err = b.Get(t.Context(), "x")
	require.NoError(t, err)
	_, err = b.Get(t.Context(), "y")
	require.ErrorIs(t, err, blob.ErrNotFound)

	families, err := registry.Gather()
	require.NoError(t, err)
	counted := map[string]float64{}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			name := family.GetName()
			for _, label := range m.GetLabel() {
				name += " " + label.GetValue()
			}
			if m.GetCounter().GetValue() > 0 {
				counted[name] = m.GetCounter().GetValue()
			}
		}
	}
	require.Equal(t, map[string]float64{
		"sales_blob_requests_total put_new ok": 1, "sales_blob_requests_total put_new exists": 1,
		"sales_blob_requests_total get ok": 1, "sales_blob_requests_total get not_found": 1,
		"sales_blob_transferred_bytes_total read": 5, "sales_blob_transferred_bytes_total written": 5,
	}, counted)
	problems, err := testutil.GatherAndLint(registry)
	require.NoError(t, err)
	require.Empty(t, problems)
}
