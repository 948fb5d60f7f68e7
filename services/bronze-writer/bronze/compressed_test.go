package bronze

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/blob/blobtest"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/services/bronze-writer/files"
)

// compressed makes a file of several members or frames.
func compressed(t testing.TB, kind, text string) []byte {
	var b bytes.Buffer
	for begun := false; !begun || text != ""; begun = true {
		w := compressor(t, kind, &b)
		n := min(len(text), 70_000)
		_, err := io.WriteString(w, text[:n])
		require.NoError(t, err)
		require.NoError(t, w.Close())
		text = text[n:]
	}
	return b.Bytes()
}

func compressor(t testing.TB, kind string, to io.Writer) io.WriteCloser {
	if kind == "gzip" {
		return gzip.NewWriter(to)
	}
	w, err := zstd.NewWriter(to)
	require.NoError(t, err)
	return w
}

// cutOff lacks the last byte, so that all rows are there.
func cutOff(t *testing.T, kind string) string {
	csv, _, _ := fileOf(2000)
	data := compressed(t, kind, csv)
	return string(data[:len(data)-1])
}

func (r *rig) ingest(name, content string) (Result, error) {
	return ingestFile(r.ctx, r.options(r.lake), IngestOptions{File: files.File{Name: r.write(name, content)}}, small)
}

// The same content is one input, however it is compressed and whatever it is named.
func TestIngestCompressed(t *testing.T) {
	t.Parallel()
	csv, cents, rejects := fileOf(500)
	inputs := map[string]string{
		"a.csv": csv, "a.csv.gz": string(compressed(t, "gzip", csv)), "a.csv.zst": string(compressed(t, "zstd", csv)), "plain.csv": string(compressed(t, "gzip", csv)),
	}
	for _, first := range []string{"a.csv", "plain.csv", "a.csv.zst"} {
		t.Run(first, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			res, err := r.ingest(first, inputs[first])
			require.NoError(t, err)
			require.Equal(t, cents, res.Cents)
			require.Equal(t, rejects, res.Rejected)
			r.requireIngested(res, 500+rejects[sales.Empty])
			objects, published, letters := r.snapshot()
			for name, content := range inputs {
				again, err := r.ingest(name, content)
				require.NoError(t, err)
				require.Equal(t, res.Source, again.Source)
				require.Equal(t, res.Files, again.Skipped)
			}
			objects2, published2, letters2 := r.snapshot()
			require.Equal(t, objects, objects2)
			require.Equal(t, published, published2)
			require.Equal(t, letters, letters2)
			edited, err := r.ingest(first, csv+"\n")
			require.NoError(t, err)
			require.NotEqual(t, res.Source, edited.Source, "other content")
			require.Zero(t, edited.Skipped)
		})
	}
}

// An ingest that is killed wherever it is, again and again, is completed by one
// of the same content in another form.
func TestIngestKilled(t *testing.T) {
	t.Parallel()
	csv, _, rejects := fileOf(1500)
	kinds := []string{"gzip", "zstd"}
	killed := 0
	for round := range 4 {
		r := newRig(t)
		path := r.write("sales.csv", string(compressed(t, kinds[round%2], csv)))
		for range 3 {
			c := child{Ingest: path, KillAt: []string{"bronze", "quarantine", "_manifests", "", "", ""}[rand.IntN(6)], KillAfter: rand.Int64N(30)}
			cmd := r.start(c)
			late := time.AfterFunc(time.Duration(rand.IntN(1000))*time.Millisecond, func() { _ = cmd.Process.Kill() }) // it may have ended
			if cmd.Wait() != nil && cmd.ProcessState.ExitCode() < 0 {
				killed++
			}
			late.Stop()
		}
		res, err := r.ingest("sales.csv", csv)
		require.NoError(t, err)
		r.requireIngested(res, 1500+rejects[sales.Empty])
	}
	require.Greater(t, killed, 2, "it ends before it is killed")
}

// Of ingests of the same content at the same time, the last to begin takes
// over; the others complete it or are told so. The rows are there once.
func TestIngestTwoAtOnce(t *testing.T) {
	t.Parallel()
	csv, _, rejects := fileOf(1500)
	r := newRig(t)
	var all errgroup.Group
	results, errs := make([]Result, 3), make([]error, 3)
	for i, content := range []string{csv, string(compressed(t, "gzip", csv)), string(compressed(t, "zstd", csv))} {
		path := r.write("sales.csv", content)
		all.Go(func() error {
			results[i], errs[i] = ingestFile(r.ctx, r.options(r.lake), IngestOptions{File: files.File{Name: path}}, small)
			return nil
		})
	}
	require.NoError(t, all.Wait())
	complete := 0
	for i, err := range errs {
		if err != nil {
			require.ErrorContains(t, err, "another ingest of the same content has taken over")
			continue
		}
		complete++
		r.requireIngested(results[i], 1500+rejects[sales.Empty])
	}
	require.Positive(t, complete, "%v", errs)
}

func TestIngestFromObjectStore(t *testing.T) {
	csv, cents, rejects := fileOf(2000)
	r := newRig(t)
	server := blobtest.StartServer(t)
	inbox := server.Bucket(t, func(o *blob.Options) { o.URL = "s3://inbox" })
	require.NoError(t, inbox.Put(r.ctx, "in/b.csv.gz", compressed(t, "gzip", csv)))
	require.NoError(t, inbox.Put(r.ctx, "in/a.csv", []byte(csv)))
	found, err := files.Find(r.ctx, []string{"s3://inbox/in/*"}, func(context.Context, string) (*blob.Bucket, error) { return inbox, nil })
	require.NoError(t, err)
	require.Len(t, found, 2)
	for i, file := range found {
		done := map[Pass]int64{}
		in := IngestOptions{File: file, Progress: func(p Pass, n int64) { done[p] = n }}
		res, err := ingestFile(r.ctx, r.options(r.lake), in, small)
		require.NoError(t, err)
		require.Equal(t, cents, res.Cents)
		require.Equal(t, i*res.Files, res.Skipped, "the second is the first, compressed")
		require.Equal(t, map[Pass]int64{Hash: file.Size, Land: file.Size}, done)
		r.requireIngested(res, 2000+rejects[sales.Empty])
	}
}
