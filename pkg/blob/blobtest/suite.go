package blobtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/saleslake/saleslake/pkg/blob"
)

// Run checks that a kind of bucket keeps the promises of package blob. open answers an
// empty bucket.
func Run(t *testing.T, open func(t *testing.T) *blob.Bucket) {
	for _, test := range []struct {
		name string
		run  func(t *testing.T, b *blob.Bucket)
	}{
		{"what was put is got", putGet},
		{"what was put behind the caller is there after waiting", puts},
		{"a missing object is ErrNotFound", missing},
		{"a new object never replaces one", putNew},
		{"of concurrent new objects one wins", putNewRace},
		{"ranges are read", ranges},
		{"a reader sees one object or an error", replacedWhileRead},
		{"a listing is ordered and complete", list},
		{"a listing of many pages is complete", listPages},
		{"a listing equals the model", listModel},
		{"a deleted object is gone", remove},
		{"bad keys are refused", badKeys},
		{"a cancelled context ends every call", cancelled},
		{"a probe passes and leaves nothing", probe},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, open(t)) })
	}
}

func puts(t *testing.T, b *blob.Bucket) {
	p := b.Puts(t.Context())
	for i := range 100 {
		require.NoError(t, p.Put(fmt.Sprintf("puts/%d", i), bytes.Repeat([]byte{byte(i)}, i*100)))
	}
	require.NoError(t, p.Wait(nil))
	for i := range 100 {
		got, err := b.Get(t.Context(), fmt.Sprintf("puts/%d", i))
		require.NoError(t, err)
		require.True(t, bytes.Equal(bytes.Repeat([]byte{byte(i)}, i*100), got))
	}
	require.NoError(t, b.Puts(t.Context()).Wait(nil), "of nothing")
	p = b.Puts(t.Context())
	_ = p.Put("/bad/../key", nil) // an error comes then or later
	require.Error(t, p.Wait(nil))
}

func putGet(t *testing.T, b *blob.Bucket) {
	ctx := t.Context()
	bodies := map[string][]byte{
		"empty":                       {},
		"bronze/d=1/p=003/x.parquet":  []byte("PAR1"),
		"odd/a b+c%20d&e=f'ü/(1).txt": []byte("odd"),
		"large":                       bytes.Repeat([]byte("0123456789abcdef"), 20<<20/16),
	}
	for key, body := range bodies {
		require.NoError(t, b.Put(ctx, key, body))
	}
	for key, body := range bodies {
		got, err := b.Get(ctx, key)
		require.NoError(t, err)
		require.True(t, bytes.Equal(body, got), "body of %s", key)
		found, err := b.Exists(ctx, key)
		require.NoError(t, err)
		require.True(t, found, key)
	}
	require.NoError(t, b.Put(ctx, "empty", []byte("replaced")))
	got, err := b.Get(ctx, "empty")
	require.NoError(t, err)
	require.Equal(t, "replaced", string(got))
}

func missing(t *testing.T, b *blob.Bucket) {
	ctx := t.Context()
	require.NoError(t, b.Put(ctx, "a", []byte("file")))
	for _, key := range []string{"nowhere", "no/where", "a/b"} {
		_, err := b.Get(ctx, key)
		require.ErrorIs(t, err, blob.ErrNotFound)
		require.ErrorContains(t, err, key)
		_, err = b.Reader(ctx, key)
		require.ErrorIs(t, err, blob.ErrNotFound)
		found, err := b.Exists(ctx, key)
		require.NoError(t, err)
		require.False(t, found)
		require.NoError(t, b.Delete(ctx, key))
	}
}

func putNew(t *testing.T, b *blob.Bucket) {
	ctx := t.Context()
	require.NoError(t, b.PutNew(ctx, "bronze/x", []byte("first")))
	for _, body := range []string{"first", "second"} { // equal bytes are no exception
		err := b.PutNew(ctx, "bronze/x", []byte(body))
		require.ErrorIs(t, err, blob.ErrExists)
		require.ErrorContains(t, err, "bronze/x")
	}
	got, err := b.Get(ctx, "bronze/x")
	require.NoError(t, err)
	require.Equal(t, "first", string(got))
	require.NoError(t, b.Delete(ctx, "bronze/x"))
	require.NoError(t, b.PutNew(ctx, "bronze/x", []byte("again")))
}

func putNewRace(t *testing.T, b *blob.Bucket) {
	const writers, rounds = 8, 10
	for round := range rounds {
		key := fmt.Sprintf("race/%d", round)
		won := make([]bool, writers)
		var all sync.WaitGroup
		for i := range writers {
			all.Go(func() {
				err := b.PutNew(t.Context(), key, fmt.Appendf(nil, "writer %d", i))
				won[i] = err == nil
				if err != nil && !errors.Is(err, blob.ErrExists) {
					t.Errorf("writer %d: %v", i, err)
				}
			})
		}
		all.Wait()
		winner := slices.Index(won, true)
		require.GreaterOrEqual(t, winner, 0, "no writer won")
		require.NotContains(t, won[winner+1:], true, "two writers won")
		got, err := b.Get(t.Context(), key)
		require.NoError(t, err)
		require.Equal(t, fmt.Sprintf("writer %d", winner), string(got))
	}
}

func ranges(t *testing.T, b *blob.Bucket) {
	body := []byte("0123456789")
	require.NoError(t, b.Put(t.Context(), "x", body))
	r, err := b.Reader(t.Context(), "x")
	require.NoError(t, err)
	require.EqualValues(t, len(body), r.Size())
	require.Equal(t, "x", r.Key())
	for _, c := range []struct {
		offset, length int64
		want           string
		err            error
	}{
		{0, 10, "0123456789", nil}, {3, 4, "3456", nil}, {9, 1, "9", nil},
		{7, 5, "789", io.EOF}, {10, 1, "", io.EOF}, {99, 1, "", io.EOF}, {4, 0, "", nil},
	} {
		p := make([]byte, c.length)
		n, err := r.ReadAt(p, c.offset)
		if c.offset+c.length < int64(len(body)) || c.err != nil { // at the very end EOF is optional
			require.Equal(t, c.err, err, "%d bytes at %d", c.length, c.offset)
		}
		require.Equal(t, c.want, string(p[:n]))
	}
	_, err = r.ReadAt(make([]byte, 1), -1)
	require.Error(t, err)
	all, err := io.ReadAll(io.NewSectionReader(r, 0, r.Size()))
	require.NoError(t, err)
	require.Equal(t, body, all)
	require.NoError(t, r.Close())
}

func replacedWhileRead(t *testing.T, b *blob.Bucket) {
	require.NoError(t, b.Put(t.Context(), "x", []byte("before")))
	r, err := b.Reader(t.Context(), "x")
	require.NoError(t, err)
	require.NoError(t, b.Put(t.Context(), "x", []byte("AFTER!")))
	p := make([]byte, 6)
	if _, err = r.ReadAt(p, 0); err != nil && !errors.Is(err, io.EOF) {
		require.ErrorIs(t, err, blob.ErrChanged)
	} else {
		require.Equal(t, "before", string(p))
	}
	require.NoError(t, r.Close())
}

// keys lists the bucket.
func keys(t require.TestingT, b *blob.Bucket, prefix string) []string {
	found := []string{}
	for object, err := range b.List(context.Background(), prefix) {
		require.NoError(t, err)
		found = append(found, object.Key)
	}
	return found
}

func list(t *testing.T, b *blob.Bucket) {
	ctx := t.Context()
	all := []string{"a-b", "a/b", "a/b-c/d", "a/b0", "a/c/d", "a0", "b", "silver/day=2026-01-01/p=000/x"}
	for i, key := range all {
		require.NoError(t, b.Put(ctx, key, make([]byte, i)))
	}
	require.Equal(t, all, keys(t, b, ""))
	require.Equal(t, []string{"a/b", "a/b-c/d", "a/b0", "a/c/d"}, keys(t, b, "a/"))
	require.Equal(t, []string{"a/b", "a/b-c/d", "a/b0"}, keys(t, b, "a/b"))
	require.Equal(t, []string{"silver/day=2026-01-01/p=000/x"}, keys(t, b, "silver/day=2026-"))
	require.Empty(t, keys(t, b, "nothing/"))
	require.Empty(t, keys(t, b, "b/"), "b is an object")
	for object, err := range b.List(ctx, "") { // ends when told
		require.NoError(t, err)
		require.Equal(t, "a-b", object.Key)
		require.Zero(t, object.Size)
		require.WithinDuration(t, time.Now(), object.Modified, time.Minute)
		break
	}
}

func listPages(t *testing.T, b *blob.Bucket) {
	const objects = 1200 // S3 answers 1,000 a page
	var puts sync.WaitGroup
	slots := make(chan struct{}, 16)
	for i := range objects {
		slots <- struct{}{}
		puts.Go(func() {
			if err := b.Put(t.Context(), fmt.Sprintf("many/%d/%05d", i%7, i), nil); err != nil {
				t.Error(err)
			}
			<-slots
		})
	}
	puts.Wait()
	found := keys(t, b, "many/")
	require.Len(t, found, objects)
	require.True(t, slices.IsSorted(found))
}

func listModel(t *testing.T, b *blob.Bucket) {
	model := map[string]bool{} // grows through all checks, as the bucket does
	name := rapid.StringMatching(`[ab.=-]{1,3}`)
	rapid.Check(t, func(t *rapid.T) {
		path := ""
		for _, part := range rapid.SliceOfN(name, 0, 2).Draw(t, "folders") {
			path += "d" + part + "/" // no object has the name of a folder
		}
		path += "f" + name.Draw(t, "name")
		require.NoError(t, b.Put(context.Background(), path, nil))
		model[path] = true
		prefix := path[:rapid.IntRange(0, len(path)).Draw(t, "prefix")]
		want := []string{}
		for key := range model {
			if len(key) >= len(prefix) && key[:len(prefix)] == prefix {
				want = append(want, key)
			}
		}
		slices.Sort(want)
		require.Equal(t, want, keys(t, b, prefix))

		after := name.Draw(t, "after")
		if rapid.Bool().Draw(t, "after a key") {
			after = rapid.SampledFrom(slices.Sorted(maps.Keys(model))).Draw(t, "key")
		}
		want = slices.DeleteFunc(want, func(key string) bool { return key <= after })
		rest := []string{}
		for key, err := range b.KeysAfter(context.Background(), prefix, after) {
			require.NoError(t, err)
			rest = append(rest, key)
		}
		require.Equal(t, want, rest)
	})
}

func remove(t *testing.T, b *blob.Bucket) {
	ctx := t.Context()
	require.NoError(t, b.Put(ctx, "a/x", []byte("x")))
	require.NoError(t, b.Put(ctx, "a/y", []byte("y")))
	require.NoError(t, b.Delete(ctx, "a/x"))
	require.Equal(t, []string{"a/y"}, keys(t, b, ""))
	require.NoError(t, b.Delete(ctx, "a/x"))
}

func badKeys(t *testing.T, b *blob.Bucket) {
	for _, key := range []string{"", ".", "..", "/a", "a/", "a//b", "a/../b", "../b", ".tmp/x", "a\xff"} {
		require.Error(t, b.Put(t.Context(), key, nil), "%q", key)
		require.Error(t, b.PutNew(t.Context(), key, nil), "%q", key)
		_, err := b.Get(t.Context(), key)
		require.Error(t, err, "%q", key)
		require.NotErrorIs(t, err, blob.ErrNotFound, "%q", key)
	}
	require.Empty(t, keys(t, b, ""))
}

func cancelled(t *testing.T, b *blob.Bucket) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := b.Get(ctx, "x")
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, b.Put(ctx, "x", nil), context.Canceled)
	require.ErrorIs(t, b.PutNew(ctx, "x", nil), context.Canceled)
	require.ErrorIs(t, b.Delete(ctx, "x"), context.Canceled)
	for _, err := range b.List(ctx, "") {
		require.ErrorIs(t, err, context.Canceled)
	}
	require.Empty(t, keys(t, b, ""))
}

func probe(t *testing.T, b *blob.Bucket) {
	require.NoError(t, b.Probe(t.Context()))
	require.Empty(t, keys(t, b, ""))
}
