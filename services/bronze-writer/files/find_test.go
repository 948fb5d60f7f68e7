package files

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/blob/blobtest"
	"github.com/saleslake/saleslake/services/bronze-writer/decode"
)

func names(found []File) (all []string) {
	for _, f := range found {
		all = append(all, f.Name)
	}
	return all
}

func TestFindPaths(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{"in/2026-01.csv", "in/2026-02.csv.gz", "in/2026-10.csv", "in/old/2025.csv", "in/x.ndjson", "in/[1].csv"} {
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o700))
		write(t, name, []byte("12345"))
	}
	require.NoError(t, os.Mkdir("in/2026-folder.csv", 0o700))
	for _, c := range []struct{ names, want []string }{
		{[]string{"in/2026-*"}, []string{"in/2026-01.csv", "in/2026-02.csv.gz", "in/2026-10.csv"}},
		{[]string{"in/x.ndjson", "in/2026-0?.csv*"}, []string{"in/x.ndjson", "in/2026-01.csv", "in/2026-02.csv.gz"}},
		{[]string{"in/*1.csv", "in/2026-01.csv"}, []string{"in/2026-01.csv"}},
		{[]string{"in/*/*.csv"}, []string{"in/old/2025.csv"}},
		{[]string{"in/[1].csv"}, []string{"in/[1].csv"}},
		{[]string{"in/[0-9]*-10.csv"}, []string{"in/2026-10.csv"}},
	} {
		found, err := Find(t.Context(), c.names, nil)
		require.NoError(t, err)
		require.Equal(t, c.want, names(found), c.names)
		require.EqualValues(t, 5, found[0].Size)
	}
	_, err := Find(t.Context(), []string{"in/*.parquet", "in/x.ndjson", "nowhere.csv", "in", "in/[", "s3://bucket", "s3://bucket/in/"}, nil)
	require.ErrorIs(t, err, decode.ErrUnusable)
	for _, want := range []string{
		"in/*.parquet: unusable input: no file matches", "nowhere.csv: unusable input: stat nowhere.csv", "in: unusable input: it is a folder",
		"in/[: unusable input: syntax error in pattern", "s3://bucket: unusable input: it names no object", "s3://bucket/in/: unusable input: it names no object",
	} {
		require.ErrorContains(t, err, want)
	}
}

// A pipe that nobody writes to would be waited for without end.
func TestAPipeIsRefused(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe.csv")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	_, err := Find(t.Context(), []string{pipe}, nil)
	require.ErrorIs(t, err, decode.ErrUnusable)
	require.ErrorContains(t, err, "no regular file")
	_, err = File{Name: pipe}.Open(t.Context()) // put there meanwhile
	require.ErrorIs(t, err, decode.ErrUnusable)
	_, err = Find(t.Context(), []string{filepath.Join(filepath.Dir(pipe), "*.csv")}, nil)
	require.ErrorIs(t, err, errNoMatch)
}

func TestObjects(t *testing.T) {
	server := blobtest.StartServer(t)
	b := server.Bucket(t, func(o *blob.Options) { o.URL = "s3://inbox" })
	text := []byte("order_id\n1\n")
	for _, key := range []string{"in/2026-01.csv", "in/2026-02.csv.gz", "in/deep/2026-03.csv", "in/[x].csv", "other.csv"} {
		require.NoError(t, b.Put(t.Context(), key, gzipped(t, text)))
	}
	opened := 0
	buckets := func(ctx context.Context, url string) (*blob.Bucket, error) {
		opened++
		return blob.Open(ctx, blob.Options{URL: url, Endpoint: server.Endpoint, PathStyle: true})
	}
	for name, want := range map[string][]string{
		"s3://inbox/in/2026-*":  {"s3://inbox/in/2026-01.csv", "s3://inbox/in/2026-02.csv.gz"},
		"s3://inbox/*/*/*.csv":  {"s3://inbox/in/deep/2026-03.csv"},
		"s3://inbox/other.csv":  {"s3://inbox/other.csv"},
		"s3://inbox/in/[x].csv": {"s3://inbox/in/[x].csv"},
	} {
		found, err := Find(t.Context(), []string{name, name}, buckets)
		require.NoError(t, err)
		require.Equal(t, want, names(found))
		for _, f := range found {
			require.EqualValues(t, len(gzipped(t, text)), f.Size)
			got, err := readAll(t, f)
			require.NoError(t, err)
			require.Equal(t, text, got)
		}
	}
	require.Equal(t, 4, opened, "a bucket is opened once")
	_, err := Find(t.Context(), []string{"s3://inbox/no.csv", "s3://inbox/in/*.txt", "s3://inbox/["}, buckets)
	require.ErrorIs(t, err, decode.ErrUnusable)
	for _, want := range []string{"s3://inbox/no.csv", "check bucket and key", "s3://inbox/in/*.txt: unusable input: no file matches", "syntax error in pattern"} {
		require.ErrorContains(t, err, want)
	}
	_, err = Find(t.Context(), []string{"s3://nosuchbucket/a*"}, buckets)
	require.Error(t, err)
	away := errors.New("away")
	_, err = Find(t.Context(), []string{"s3://inbox/x"}, func(context.Context, string) (*blob.Bucket, error) { return nil, away })
	require.ErrorIs(t, err, away)
	require.NotErrorIs(t, err, decode.ErrUnusable)
}

// An object is read in more than one request, and one that is replaced in
// between is an error, not a mixture.
func TestObjectReplacedWhileRead(t *testing.T) {
	server := blobtest.StartServer(t)
	b := server.Bucket(t)
	const size = (blocksAhead + 3) * storedBlock
	require.NoError(t, b.Put(t.Context(), "x.csv", make([]byte, size)))
	f := File{Name: b.URL("x.csv"), bucket: b, key: "x.csv"}
	c, err := f.Open(t.Context())
	require.NoError(t, err)
	pass, err := c.Pass(t.Context())
	require.NoError(t, err)
	_, err = io.ReadFull(pass, make([]byte, 10))
	require.NoError(t, err)
	changed := make([]byte, size)
	changed[size-1] = 1
	require.NoError(t, b.Put(t.Context(), "x.csv", changed))
	_, err = io.Copy(io.Discard, pass)
	require.ErrorIs(t, err, errChanged)
	require.ErrorIs(t, err, blob.ErrChanged)
	require.NotErrorIs(t, err, decode.ErrUnusable)
	pass.Close()
	require.NoError(t, c.Close())
	require.NoError(t, b.Delete(t.Context(), "x.csv"))
	_, err = f.Open(t.Context())
	require.ErrorIs(t, err, decode.ErrUnusable)
}
