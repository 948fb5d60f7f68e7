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

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/services/bronze-writer/decode"
	"github.com/saleslake/saleslake/services/bronze-writer/files"
)

// input is a file to be ingested: CSV, or NDJSON when it is named so.
type input struct {
	set     *dataset
	name    string
	content *files.Content
	hash    string // SHA-256 of the content, hex
	length  int64  // bytes of the content
	json    bool
	head    []byte // the header record of a CSV file
}

// openInput opens a file and looks at its header. Errors of a file that cannot
// be used wrap decode.ErrUnusable and name it.
func openInput(ctx context.Context, file files.File, set *dataset) (*input, error) {
	content, err := file.Open(ctx)
	if err != nil {
		return nil, err
	}
	in := &input{set: set, name: file.Name, content: content, json: file.NDJSON()}
	if err := in.examine(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", file.Name, err), content.Close())
	}
	return in, nil
}

func (in *input) examine(ctx context.Context) error {
	pass, err := in.begin(ctx)
	if err != nil {
		return err
	}
	pass.Close()
	if in.json {
		return nil
	}
	_, err = decode.NewCSV(in.set.Dataset, in.head, decode.Options{}, decode.Derived{})
	return err
}

// sum reads the file for the hash and the length of its content.
func (in *input) sum(ctx context.Context, progress Progress) error {
	pass, err := in.content.Pass(ctx)
	if err != nil {
		return fmt.Errorf("read %s: %w", in.name, err)
	}
	defer pass.Close()
	sum, buf := sha256.New(), make([]byte, 1<<20)
	for {
		n, err := pass.Read(buf)
		sum.Write(buf[:n])
		in.length += int64(n)
		progress.tell(Hash, pass.Stored())
		if errors.Is(err, io.EOF) {
			in.hash = hex.EncodeToString(sum.Sum(nil))
			return nil
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", in.name, err)
		}
	}
}

// byteOrderMark is what some programs put before UTF-8 text.
var byteOrderMark = []byte("\xef\xbb\xbf")

// begin opens a pass over what follows the byte order mark, if any, and the
// header.
func (in *input) begin(ctx context.Context) (*files.Pass, error) {
	pass, err := in.content.Pass(ctx)
	if err != nil {
		return nil, err
	}
	r := bufio.NewReaderSize(pass.Reader, 1<<20)
	skip, err := in.start(r)
	if err == nil {
		_, err = r.Discard(skip)
	}
	if err != nil {
		pass.Close()
		return nil, err
	}
	pass.Reader = r
	return pass, nil
}

// start looks for the header, and gives how many bytes come before the rows.
func (in *input) start(r *bufio.Reader) (skip int, err error) {
	start, err := r.Peek(r.Size())
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	skip = len(start) - len(bytes.TrimPrefix(start, byteOrderMark))
	start = start[skip:]
	if len(start) == 0 {
		return 0, fmt.Errorf("%w: the file is empty: check that it was written, or leave it out", decode.ErrUnusable)
	}
	if in.json {
		return skip, in.set.CheckLines(start)
	}
	head, used := decode.Record(start, err != nil)
	if used == 0 {
		return 0, fmt.Errorf("%w: the header does not end within 1 MiB", decode.ErrUnusable)
	}
	in.head = bytes.Clone(head)
	return skip + used, nil
}

// rowDecoder decodes a file's records one by one, counted from 1.
type rowDecoder interface {
	Decode(record []byte, row int64) *sales.Reject
	Key() []byte
	Event(row int64) []byte // of a record that is none by itself; nil otherwise
	AppendTo(*column.Batch, decode.Origin)
}

type lineDecoder struct{ *decode.JSON }

func (d lineDecoder) Decode(record []byte, _ int64) *sales.Reject { return d.JSON.Decode(record) }

func (lineDecoder) Event(int64) []byte { return nil }

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
