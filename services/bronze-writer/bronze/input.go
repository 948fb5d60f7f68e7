package bronze

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/services/bronze-writer/decode"
)

// input is a file to be ingested: CSV, or NDJSON when it is named so.
type input struct {
	set  *dataset
	path string
	file *os.File
	info os.FileInfo
	hash string // SHA-256 of the content, hex
	json bool
	head []byte // the header record of a CSV file
}

// openInput opens a file and looks at its header. Errors of a file that cannot
// be used wrap decode.ErrUnusable and name it.
func openInput(ctx context.Context, path string, set *dataset) (*input, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", decode.ErrUnusable, err)
	}
	in := &input{set: set, path: path, file: file}
	switch strings.ToLower(filepath.Ext(path)) {
	case ".ndjson", ".jsonl":
		in.json = true
	}
	if err := in.examine(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), file.Close())
	}
	return in, nil
}

func (in *input) examine(ctx context.Context) (err error) {
	if in.info, err = in.file.Stat(); err != nil {
		return err
	}
	if !in.info.Mode().IsRegular() {
		return fmt.Errorf("%w: not a regular file, which it must be to be read twice", decode.ErrUnusable)
	}
	if _, err = in.begin(ctx); err != nil || in.json {
		return err
	}
	_, err = decode.NewCSV(in.set.Dataset, in.head, decode.Options{}, decode.Derived{})
	return err
}

// sum reads the file for the hash of its content.
func (in *input) sum(ctx context.Context) error {
	if _, err := in.file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("read %s: %w", in.path, err)
	}
	sum := sha256.New()
	if _, err := io.CopyBuffer(sum, reader{ctx, in.file}, make([]byte, 1<<20)); err != nil {
		return fmt.Errorf("read %s: %w", in.path, err)
	}
	in.hash = hex.EncodeToString(sum.Sum(nil))
	return nil
}

// byteOrderMark is what some programs put before UTF-8 text.
var byteOrderMark = []byte("\xef\xbb\xbf")

// begin gives what follows the byte order mark, if any, and the header.
func (in *input) begin(ctx context.Context) (io.Reader, error) {
	if _, err := in.file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	r := bufio.NewReaderSize(reader{ctx, in.file}, 1<<20)
	start, err := r.Peek(r.Size())
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	skip := len(start) - len(bytes.TrimPrefix(start, byteOrderMark))
	start = start[skip:]
	if len(start) == 0 {
		return nil, fmt.Errorf("%w: the file is empty: check that it was written, or leave it out", decode.ErrUnusable)
	}
	if in.json {
		if err := in.set.CheckLines(start); err != nil {
			return nil, err
		}
	} else {
		head, used := decode.Record(start, err != nil)
		if used == 0 {
			return nil, fmt.Errorf("%w: the header does not end within 1 MiB", decode.ErrUnusable)
		}
		in.head = bytes.Clone(head)
		skip += used
	}
	_, err = r.Discard(skip)
	return r, err
}

// unchanged errs when the file was written to while it was read.
func (in *input) unchanged() error {
	now, err := in.file.Stat()
	if err != nil {
		return fmt.Errorf("look at %s again: %w", in.path, err)
	}
	if now.Size() != in.info.Size() || !now.ModTime().Equal(in.info.ModTime()) {
		return fmt.Errorf("%s changed while it was read: ingest it again when it is complete", in.path)
	}
	return nil
}

// reader makes a read end with its context.
type reader struct {
	ctx context.Context
	io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if err := context.Cause(r.ctx); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}

// rowDecoder decodes a file's records one by one, counted from 1.
type rowDecoder interface {
	Decode(record []byte, row int64) *sales.Reject
	Key() []byte
	AppendTo(*column.Batch, decode.Origin)
}

type lineDecoder struct{ *decode.JSON }

func (d lineDecoder) Decode(record []byte, _ int64) *sales.Reject { return d.JSON.Decode(record) }

// decoder makes a decoder for one goroutine.
func (in *input) decoder(limit int, effective int64) (rowDecoder, error) {
	o := decode.Options{MaxBytes: limit}
	if in.json {
		return lineDecoder{decode.NewJSON(in.set.Dataset, o)}, nil
	}
	return decode.NewCSV(in.set.Dataset, in.head, o, decode.Derived{Hash: in.hash[:16], Effective: effective})
}

func (in *input) record(b []byte) ([]byte, int) {
	if in.json {
		return decode.Line(b, true)
	}
	return decode.Record(b, true)
}

func (in *input) cut(b []byte, end bool) (int, int) {
	if in.json {
		return decode.CutLines(b, end)
	}
	return decode.CutRecords(b, end)
}
