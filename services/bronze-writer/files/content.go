package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/services/bronze-writer/decode"
)

// NDJSON tells whether the file is named as one: .ndjson or .jsonl, before what
// a compressor adds to the name. Other files are CSV.
func (f File) NDJSON() bool {
	name := strings.ToLower(f.Name)
	switch ext := path.Ext(name); ext {
	case ".gz", ".zst":
		name = strings.TrimSuffix(name, ext)
	}
	ext := path.Ext(name)
	return ext == ".ndjson" || ext == ".jsonl"
}

// Content is what an open file holds.
type Content struct {
	name   string
	stored stored
	kind   *compression // nil: plain
	ahead  bool         // reading the stored bytes takes time
}

// stored is a file or object as it lies there, compressed or not.
type stored interface {
	io.ReaderAt
	io.Closer
	Size() int64
	// unchanged errs when it is not what was opened any more.
	unchanged() error
}

// Open opens a file for reading it as often as needed, until ctx ends. Errors
// of a file that cannot be used wrap decode.ErrUnusable.
func (f File) Open(ctx context.Context) (*Content, error) {
	c := &Content{name: f.Name, ahead: f.bucket != nil}
	var err error
	if f.bucket == nil {
		c.stored, err = openPath(f.Name)
	} else {
		c.stored, err = openObject(ctx, f)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name, err)
	}
	start := make([]byte, magicBytes)
	n, err := c.stored.ReadAt(start, 0)
	if err == nil || errors.Is(err, io.EOF) {
		c.kind, err = recognize(start[:n])
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", f.Name, err), c.Close())
	}
	return c, nil
}

// Size is that of the file as it is stored, in bytes.
func (c *Content) Size() int64 { return c.stored.Size() }

// Unchanged errs when the file was written to since it was opened.
func (c *Content) Unchanged() error {
	if err := c.stored.unchanged(); err != nil {
		return fmt.Errorf("%s: %w", c.name, err)
	}
	return nil
}

// Close releases the file; no pass may be open then.
func (c *Content) Close() error { return c.stored.Close() }

// errChanged tells what to do about a file that somebody writes to.
var errChanged = errors.New("it changed while it was read: ingest it again when it is complete")

type pathFile struct {
	*os.File
	size     int64
	modified time.Time
}

func openPath(name string) (stored, error) {
	if _, err := statPath(name); err != nil { // before it is opened: a pipe would wait for its writer
		return nil, err
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", decode.ErrUnusable, err)
	}
	info, err := file.Stat()
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return pathFile{file, info.Size(), info.ModTime()}, nil
}

func (p pathFile) Size() int64 { return p.size }

func (p pathFile) unchanged() error {
	now, err := p.Stat()
	if err != nil {
		return fmt.Errorf("look at it again: %w", err)
	}
	if now.Size() != p.size || !now.ModTime().Equal(p.modified) {
		return errChanged
	}
	return nil
}

// object is one of a bucket. Each of its reads is of the very object that was
// opened, or an error.
type object struct{ *blob.Reader }

func openObject(ctx context.Context, f File) (stored, error) {
	r, err := f.bucket.Reader(ctx, f.key)
	if errors.Is(err, blob.ErrNotFound) {
		err = fmt.Errorf("%w: %w", decode.ErrUnusable, err)
	}
	return object{r}, err
}

func (o object) ReadAt(p []byte, offset int64) (int, error) {
	n, err := o.Reader.ReadAt(p, offset)
	if errors.Is(err, blob.ErrChanged) {
		err = fmt.Errorf("%w (%w)", errChanged, err)
	}
	return n, err
}

func (object) unchanged() error { return nil }

// Pass is one reading of a content from its start. It is for one goroutine.
type Pass struct {
	io.Reader
	stored *counter
	stop   context.CancelFunc
	close  []func() // in reverse order
}

// The blocks that are read ahead, in bytes: what one request to an object store
// asks for, and what a decompressor gives.
const (
	storedBlock = 4 << 20
	plainBlock  = 1 << 20
)

// Pass begins a reading of the content, which ends with ctx. Reads of a
// compressed stream that is cut off or corrupt answer an error that wraps
// decode.ErrUnusable and names the byte.
func (c *Content) Pass(ctx context.Context) (*Pass, error) {
	ctx, stop := context.WithCancel(ctx)
	p := &Pass{stop: stop}
	raw := io.Reader(io.NewSectionReader(c.stored, 0, c.stored.Size()))
	if c.ahead {
		raw = p.readAhead(ctx, raw, storedBlock)
	}
	p.stored = &counter{ctx: ctx, r: raw}
	p.Reader = p.stored
	if c.kind == nil {
		return p, nil
	}
	plain, err := c.kind.open(p.stored)
	if err != nil {
		p.Close()
		return nil, err
	}
	p.close = append(p.close, plain.close)
	p.Reader = p.readAhead(ctx, plain, plainBlock)
	return p, nil
}

func (p *Pass) readAhead(ctx context.Context, r io.Reader, block int) io.Reader {
	a := newAhead(ctx, r, block)
	p.close = append(p.close, a.ended.Wait)
	return a
}

// Stored tells how many of the stored bytes are read, some of them ahead.
func (p *Pass) Stored() int64 { return p.stored.n.Load() }

// Close ends the reading.
func (p *Pass) Close() {
	p.stop()
	for _, f := range slices.Backward(p.close) {
		f()
	}
}

// counter counts what is read, and makes reads end with the context.
type counter struct {
	ctx context.Context
	r   io.Reader
	n   atomic.Int64
	err error // that ended the reading, other than the end itself
}

func (c *counter) Read(p []byte) (int, error) {
	if err := context.Cause(c.ctx); err != nil {
		c.err = err
		return 0, err
	}
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	if err != nil && !errors.Is(err, io.EOF) {
		c.err = err
	}
	return n, err
}
