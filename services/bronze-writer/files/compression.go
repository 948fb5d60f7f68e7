package files

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/saleslake/saleslake/services/bronze-writer/decode"
)

// compression is a way to compress, known by the first bytes of a file.
type compression struct {
	name   string
	magic  []byte
	reader func(*bufio.Reader) (io.Reader, func(), error) // and what frees it; nil: not to be read
}

// compressions are those that are read, and those that are refused by name, as
// their bytes would otherwise become rejects.
var compressions = []*compression{
	{"gzip", []byte("\x1f\x8b"), newGzip},
	zstandard,
	{"zip", []byte("PK\x03\x04"), nil},
	{"xz", []byte("\xfd7zXZ\x00"), nil},
}

var zstandard = &compression{"zstd", []byte("\x28\xb5\x2f\xfd"), newZstd}

// magicBytes is how many bytes tell.
const magicBytes = 6

// recognize gives the compression of a file by its start, nil when it is plain.
func recognize(start []byte) (*compression, error) {
	if len(start) > 3 && start[0]&0xf0 == 0x50 && string(start[1:4]) == "\x2a\x4d\x18" {
		return zstandard, nil // it begins with a skippable frame, as pzstd's do
	}
	for _, c := range compressions {
		if !bytes.HasPrefix(start, c.magic) {
			continue
		}
		if c.reader == nil {
			return nil, fmt.Errorf("%w: it is a %s file: give CSV or NDJSON, plain or compressed with gzip or zstd", decode.ErrUnusable, c.name)
		}
		return c, nil
	}
	return nil, nil
}

// newGzip reads all members of a gzip file.
func newGzip(r *bufio.Reader) (io.Reader, func(), error) {
	g, err := gzip.NewReader(r)
	return g, func() {}, err
}

// maxWindow bounds the memory that a zstd file can ask for, in bytes. It is as
// much as the zstd program itself reads without being asked to.
const maxWindow = 128 << 20

func newZstd(r *bufio.Reader) (io.Reader, func(), error) {
	z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		return nil, nil, err
	}
	return z, z.Close, nil
}

// decompressor gives the plain bytes of a compressed stream.
type decompressor struct {
	kind   *compression
	stored *counter
	r      io.Reader
	close  func()
}

func (c *compression) open(stored *counter) (*decompressor, error) {
	d := &decompressor{kind: c, stored: stored}
	var err error
	d.r, d.close, err = c.reader(bufio.NewReaderSize(stored, 64<<10))
	return d, d.explain(err)
}

// Read implements io.Reader.
func (d *decompressor) Read(p []byte) (int, error) {
	n, err := d.r.Read(p)
	return n, d.explain(err)
}

// explain tells a stream that is broken from one that could not be read. The
// error of the former does not wrap the decompressor's, in which an
// io.ErrUnexpectedEOF could be taken for an end.
func (d *decompressor) explain(err error) error {
	at := d.stored.n.Load()
	switch {
	case err == nil, errors.Is(err, io.EOF):
		return err
	case d.stored.err != nil:
		return d.stored.err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w: its %s stream is cut off at byte %d, where the file ends: copy it again", decode.ErrUnusable, d.kind.name, at)
	case errors.Is(err, zstd.ErrWindowSizeExceeded):
		return fmt.Errorf("%w: its zstd window is over %d MiB: compress it without --long", decode.ErrUnusable, maxWindow>>20)
	default:
		return fmt.Errorf("%w: its %s stream is corrupt, at or a little before byte %d: copy it again: %s", decode.ErrUnusable, d.kind.name, at, err.Error())
	}
}
