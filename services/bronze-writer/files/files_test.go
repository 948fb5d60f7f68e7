package files

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/saleslake/saleslake/services/bronze-writer/decode"
)

// gzipped makes a gzip file of a member for each part, zstandarded one of frames.
func gzipped(t require.TestingT, parts ...[]byte) []byte {
	var b bytes.Buffer
	for _, part := range parts {
		w := gzip.NewWriter(&b)
		_, err := w.Write(part)
		require.NoError(t, err)
		require.NoError(t, w.Close())
	}
	return b.Bytes()
}

func zstandarded(t require.TestingT, parts ...[]byte) []byte {
	var b bytes.Buffer
	for _, part := range parts {
		w, err := zstd.NewWriter(&b, zstd.WithEncoderConcurrency(1))
		require.NoError(t, err)
		_, err = w.Write(part)
		require.NoError(t, err)
		require.NoError(t, w.Close())
	}
	return b.Bytes()
}

func plain(_ require.TestingT, parts ...[]byte) []byte { return bytes.Join(parts, nil) }

type pack func(require.TestingT, ...[]byte) []byte

var packs = map[string]pack{"plain": plain, "gzip": gzipped, "zstd": zstandarded}

func write(t require.TestingT, path string, data []byte) File {
	require.NoError(t, os.WriteFile(path, data, 0o600))
	return File{Name: path}
}

// readAll reads a file twice, and gives what the passes agree on.
func readAll(t require.TestingT, f File) ([]byte, error) {
	c, err := f.Open(context.Background())
	if err != nil {
		return nil, err
	}
	defer func() { require.NoError(t, c.Close()) }()
	var contents [2][]byte
	var errs [2]error
	for i := range contents {
		pass, err := c.Pass(context.Background())
		if err != nil {
			errs[i] = err
			continue
		}
		if contents[i], errs[i] = io.ReadAll(pass); errs[i] == nil {
			require.Equal(t, c.Size(), pass.Stored())
		}
		pass.Close()
	}
	require.Equal(t, contents[0], contents[1])
	require.Equal(t, errs[0] == nil, errs[1] == nil)
	return contents[0], errs[0]
}

func TestContentIsPlain(t *testing.T) {
	defer goleak.VerifyNone(t)
	path := filepath.Join(t.TempDir(), "x.csv") // the name says nothing of compression
	for name, pack := range packs {
		rapid.Check(t, func(t *rapid.T) {
			text := rapid.SliceOfN(rapid.SliceOfN(rapid.ByteRange('a', 'f'), 1, 3000), 1, 3).Draw(t, name)
			got, err := readAll(t, write(t, path, pack(t, text...)))
			require.NoError(t, err)
			require.Equal(t, bytes.Join(text, nil), got)
		})
	}
}

// A compressed file that was cut off is an error, or ends where a member of it does.
func TestCutAnywhere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.csv")
	first, second := bytes.Repeat([]byte("first,"), 40), bytes.Repeat([]byte("second,"), 40)
	for name, pack := range packs {
		if name == "plain" {
			continue
		}
		whole, member := pack(t, first, second), len(pack(t, first))
		for n := range whole {
			got, err := readAll(t, write(t, path, whole[:n]))
			if n == member {
				require.NoError(t, err)
				require.Equal(t, first, got)
			} else if n >= 4 { // fewer are not known as compressed
				require.ErrorIs(t, err, decode.ErrUnusable, "%s at %d", name, n)
				require.ErrorContains(t, err, "cut off at byte", "%s at %d", name, n)
				require.NotErrorIs(t, err, io.ErrUnexpectedEOF, "it would be taken for an end")
			}
		}
	}
}

func TestOneWrongBitIsNoticed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.csv")
	text := make([]byte, 5000)
	for i := range text {
		text[i] = byte('a' + rand.IntN(9))
	}
	for name, pack := range packs {
		if name == "plain" {
			continue
		}
		whole := pack(t, text)
		rapid.Check(t, func(t *rapid.T) {
			data := bytes.Clone(whole)
			data[rapid.IntRange(magicBytes, len(data)-1).Draw(t, name)] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
			got, err := readAll(t, write(t, path, data))
			if err != nil {
				require.ErrorIs(t, err, decode.ErrUnusable)
				return
			}
			require.Equal(t, text, got) // a bit of the header that means nothing
		})
	}
}

func TestRefused(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct{ content, want string }{
		"a.zip":    {"PK\x03\x04xxxxxx", "it is a zip file: give CSV or NDJSON, plain or compressed with gzip or zstd"},
		"a.xz":     {"\xfd7zXZ\x00xxx", "it is a xz file"},
		"long.zst": {"\x28\xb5\x2f\xfd\x00\x90xxxx", "its zstd window is over 128 MiB: compress it without --long"}, // 256 MiB
		"tail.gz":  {string(gzipped(t, []byte("x"))) + "tail, and more", "its gzip stream is corrupt, at or a little before byte"},
	} {
		_, err := readAll(t, write(t, filepath.Join(dir, name), []byte(c.content)))
		require.ErrorIs(t, err, decode.ErrUnusable, name)
		require.ErrorContains(t, err, c.want)
	}
}

// What decompresses to gigabytes is read in a few MiB.
func TestBombIsReadInBoundedMemory(t *testing.T) {
	const size = 256 << 20
	for name, pack := range map[string]pack{"gzip": gzipped, "zstd": zstandarded} {
		part := make([]byte, size/16)
		parts := make([][]byte, 16)
		for i := range parts {
			parts[i] = part
		}
		f := write(t, filepath.Join(t.TempDir(), "bomb"), pack(t, parts...))
		c, err := f.Open(t.Context())
		require.NoError(t, err)
		pass, err := c.Pass(t.Context())
		require.NoError(t, err)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		n, err := io.Copy(io.Discard, pass)
		require.NoError(t, err)
		runtime.ReadMemStats(&after)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(32<<20), "allocated on the way")
		require.EqualValues(t, size, n, name)
		pass.Close()
		require.NoError(t, c.Close())
	}
}

func TestSkippableFrameComesFirst(t *testing.T) {
	data := append([]byte("\x50\x2a\x4d\x18\x04\x00\x00\x00abcd"), zstandarded(t, []byte("text"))...)
	got, err := readAll(t, write(t, filepath.Join(t.TempDir(), "x"), data))
	require.NoError(t, err)
	require.Equal(t, "text", string(got))
}

func TestAheadGivesTheErrorAfterTheData(t *testing.T) {
	defer goleak.VerifyNone(t)
	broken := errors.New("broken")
	rapid.Check(t, func(t *rapid.T) {
		data := rapid.SliceOfN(rapid.Byte(), 0, 100).Draw(t, "data")
		r := io.MultiReader(iotest.OneByteReader(bytes.NewReader(data)), iotest.ErrReader(broken))
		ctx, stop := context.WithCancel(context.Background())
		a := newAhead(ctx, r, rapid.IntRange(1, 20).Draw(t, "block"))
		got, err := io.ReadAll(a)
		require.ErrorIs(t, err, broken)
		require.Equal(t, data, append([]byte{}, got...))
		stop()
		a.ended.Wait()
	})
}

func TestPassEndsWithItsContext(t *testing.T) {
	defer goleak.VerifyNone(t)
	for _, pack := range packs {
		f := write(t, filepath.Join(t.TempDir(), "x"), pack(t, make([]byte, 20<<20)))
		c, err := f.Open(t.Context())
		require.NoError(t, err)
		ctx, stop := context.WithCancel(t.Context())
		pass, err := c.Pass(ctx)
		require.NoError(t, err)
		_, err = pass.Read(make([]byte, 10))
		require.NoError(t, err)
		stop()
		_, err = io.Copy(io.Discard, pass)
		require.ErrorIs(t, err, context.Canceled)
		require.NotErrorIs(t, err, decode.ErrUnusable)
		pass.Close()
		require.NoError(t, c.Close())
	}
}

func TestChangedFileIsNoticed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.csv")
	c, err := write(t, path, []byte("before")).Open(t.Context())
	require.NoError(t, err)
	require.NoError(t, c.Unchanged())
	write(t, path, []byte("after it"))
	require.ErrorIs(t, c.Unchanged(), errChanged)
	require.NoError(t, c.Close())
}

func TestNDJSONByName(t *testing.T) {
	for name, want := range map[string]bool{
		"a.csv": false, "a.ndjson": true, "A.JSONL": true, "a.ndjson.gz": true, "a.jsonl.zst": true, "s3://b/k/a.NDJSON.GZ": true,
		"a.csv.gz": false, "ndjson": false, "a.ndjson.csv": false, "a.gz": false,
	} {
		require.Equal(t, want, File{Name: name}.NDJSON(), name)
	}
}
