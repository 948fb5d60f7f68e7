package warehouse

import (
	"context"
	"crypto/sha256"
	"database/sql/driver"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// copyChunk is how much text is sent at once, in bytes.
const copyChunk = 64 << 10

// copier is the driver's statement of a COPY FROM STDIN. database/sql would convert each
// value of each row on its way there.
type copier interface {
	driver.Stmt
	CopyData(ctx context.Context, lines string) (driver.Result, error)
}

// copyFiles sends the rows of files through a connection of lib/pq, as COPY's text.
func copyFiles(ctx context.Context, connection any, text string, files Files, to target, list []lake.File) (err error) {
	prepared, err := connection.(driver.ConnPrepareContext).PrepareContext(ctx, text)
	if err != nil {
		return err
	}
	stmt := prepared.(copier)
	defer func() { err = errors.Join(err, stmt.Close()) }()
	batch := column.NewBatch(to.rows, 0)
	for r, err := range ahead(ctx, files, list) {
		if err != nil {
			return err
		}
		batch.Reset()
		if err := r.Read(batch); err != nil {
			return err
		}
		if err := copyBatch(ctx, stmt, batch); err != nil {
			return fmt.Errorf("copy %s: %w", r.Name(), err)
		}
	}
	_, err = stmt.Exec(nil) // ends the copy
	return err
}

func copyBatch(ctx context.Context, stmt copier, batch *column.Batch) error {
	chunk := make([]byte, 0, copyChunk+copyChunk/4)
	for row := range batch.Rows() {
		for c := range batch.Columns {
			if c > 0 {
				chunk = append(chunk, '\t')
			}
			chunk = appendValue(chunk, &batch.Columns[c], row)
		}
		if len(chunk) < copyChunk && row+1 < batch.Rows() {
			chunk = append(chunk, '\n')
			continue
		}
		if _, err := stmt.CopyData(ctx, string(chunk)); err != nil { // which ends the line
			return err
		}
		chunk = chunk[:0]
	}
	return nil
}

// appendValue writes a value as COPY's text has it.
func appendValue(dst []byte, c *column.Column, row int) []byte {
	switch c.Type {
	case column.Int32:
		return strconv.AppendInt(dst, int64(c.I32[row]), 10)
	case column.Int64:
		return strconv.AppendInt(dst, c.I64[row], 10)
	case column.Decimal:
		return sales.AppendCents(dst, c.I64[row])
	case column.Date:
		return append(dst, sales.FormatDay(c.I32[row])...)
	case column.Timestamp:
		return time.UnixMicro(c.I64[row]).UTC().AppendFormat(dst, "2006-01-02 15:04:05.999999")
	case column.Symbol:
		return appendText(dst, c.String(row))
	default:
		return appendText(dst, string(c.Bytes(row)))
	}
}

// appendText escapes what ends a value or a line; an empty text is null.
func appendText(dst []byte, text string) []byte {
	if text == "" {
		return append(dst, `\N`...)
	}
	text = storable(text, maxTextBytes)
	for i := range len(text) {
		switch b := text[i]; b {
		case '\\':
			dst = append(dst, `\\`...)
		case '\t':
			dst = append(dst, `\t`...)
		case '\n':
			dst = append(dst, `\n`...)
		case '\r':
			dst = append(dst, `\r`...)
		default:
			dst = append(dst, b)
		}
	}
	return dst
}

// maxTextBytes keeps two texts within one entry of PostgreSQL's indexes (2,704 bytes).
const maxTextBytes = 1024

// storable gives a text that a column of so many bytes takes, as one event that it does
// not take would hold up all loads. Of a text that has a NUL or is longer each NUL becomes
// U+FFFD, the start is kept, and the hash of the whole ends it, so that two ids stay two.
// The lake has the text as it was sent.
func storable(text string, most int) string {
	if len(text) <= most && strings.IndexByte(text, 0) < 0 {
		return text
	}
	hash := sha256.Sum256([]byte(text))
	end := fmt.Sprintf("…%x", hash[:16])
	end = end[:min(len(end), most)]
	text = strings.ReplaceAll(text, "\x00", "\uFFFD")
	return strings.ToValidUTF8(text[:min(len(text), most-len(end))], "") + end
}
