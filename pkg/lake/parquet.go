package lake

import (
	"context"
	"errors"

	"github.com/saleslake/saleslake/pkg/column"
)

// ErrCorrupt marks an object that is not what its manifest or footer says: it
// is named, and never read in part.
var ErrCorrupt = errors.New("corrupt")

// Objects is where files are: a blob.Bucket.
type Objects interface {
	Get(ctx context.Context, key string) ([]byte, error)
}

// Encoding is how files are written.
type Encoding struct {
	Compression string // snappy or zstd
	RowGroup    int    // rows per row group, 65536 when 0
}

// Meta is what a file says of itself in its footer, by key.
type Meta map[string]string

// Encoder writes batches as Parquet files; it keeps its buffers between files.
// It is for one goroutine.
type Encoder struct{}

// NewEncoder gives an encoder for files of one schema.
func NewEncoder(s *column.Schema, e Encoding) (*Encoder, error) { return nil, nil }

// Encode gives the file that holds the batches' rows in order. The bytes are
// the caller's.
func (e *Encoder) Encode(meta Meta, batches ...*column.Batch) ([]byte, error) { return nil, nil }

// Reader reads one file that is in memory.
type Reader struct{}

// Open reads the footer of a file. name is for errors, which wrap ErrCorrupt.
func Open(name string, data []byte) (*Reader, error) { return nil, nil }

// Rows is the number of rows.
func (r *Reader) Rows() int64 { return 0 }

// Meta is what the file says of itself.
func (r *Reader) Meta() Meta { return nil }

// Read appends all rows, of just the columns of dst's schema, found by name. An
// optional column that the file lacks is null; a required one, another type,
// or a page that does not decode is an error wrapping ErrCorrupt, and dst is as before.
func (r *Reader) Read(dst *column.Batch) error { return nil }

// Fetch gets a manifest's file, compares length and SHA-256 with what the
// manifest says, and opens it.
func Fetch(ctx context.Context, o Objects, f File) (*Reader, error) { return nil, nil }

// NewFile gives what a manifest says of an object.
func NewFile(key string, data []byte, c Count) File { return File{} }
