package bronze

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/saleslake/saleslake/services/bronze-writer/decode"
)

// layout says which rows of a file share an object. It must stay as it is, or
// an ingest that was cut short could not be completed by a later version.
type layout struct {
	chunk  int // bytes that are decoded at a time
	chunks int // chunks that share their objects, one of each partition
}

var fixedLayout = layout{chunk: 4 << 20, chunks: 6}

// chunk is a number of whole records.
type chunk struct {
	data []byte
	row  int64 // number of the first record, from 1
	rows int
}

// chunker cuts a file into chunks that depend on its content alone. A record
// longer than decode.MaxRecord loses what is over.
type chunker struct {
	in   *input
	r    io.Reader
	size int    // bytes of a chunk, or a little less
	rest []byte // read, and not yet part of a chunk
	row  int64  // number of the last record given out
	done int64  // bytes given out
	end  bool
}

// next reads a chunk into a buffer, and gives no rows at the end of the file.
func (c *chunker) next(buf []byte) (chunk, error) {
	buf = append(buf[:0], c.rest...)
	for target := c.size; ; target += c.size {
		if err := c.fill(&buf, target); err != nil {
			return chunk{}, err
		}
		cut, rows := c.in.cut(buf, c.end)
		if rows > 0 || c.end {
			c.rest = append(c.rest[:0], buf[cut:]...)
			out := chunk{buf[:cut], c.row + 1, rows}
			c.row, c.done = c.row+int64(rows), c.done+int64(cut)
			return out, nil
		}
		if len(buf) > decode.MaxRecord {
			if err := c.skipLine(&buf); err != nil {
				return chunk{}, err
			}
		}
	}
}

// fill reads until there are target bytes or the file ends.
func (c *chunker) fill(buf *[]byte, target int) error {
	n := len(*buf)
	if c.end || n >= target {
		return nil
	}
	*buf = append(*buf, make([]byte, target-n)...)
	read, err := io.ReadFull(c.r, (*buf)[n:])
	*buf = (*buf)[:n+read]
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		c.end, err = true, nil
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", c.in.name, err)
	}
	return nil
}

// skipLine cuts the line in buf, which is all of buf so far, and passes over
// what follows of it.
func (c *chunker) skipLine(buf *[]byte) error {
	*buf = (*buf)[:decode.MaxRecord]
	for !c.end {
		n := len(*buf)
		if err := c.fill(buf, n+c.size); err != nil {
			return err
		}
		more := (*buf)[n:]
		if at := bytes.IndexByte(more, '\n'); at >= 0 {
			*buf = append((*buf)[:n], more[at:]...)
			return nil
		}
		*buf = (*buf)[:n]
	}
	return nil
}
