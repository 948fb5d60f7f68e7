package lake

import (
	"bytes"
	"encoding/binary"

	"github.com/saleslake/saleslake/pkg/column"
)

// maxBound is the length in bytes up to which text bounds are written.
const maxBound = 64

// bounds gathers the least and the greatest value of a column chunk, for the
// statistics by which readers skip row groups.
type bounds struct {
	seen             bool
	min, max         int64
	minText, maxText []byte
}

func addNumbers[T int32 | int64](b *bounds, values []T) {
	if len(values) == 0 {
		return
	}
	low, high := values[0], values[0]
	for _, v := range values {
		low, high = min(low, v), max(high, v)
	}
	if !b.seen {
		b.seen, b.min, b.max = true, int64(low), int64(high)
		return
	}
	b.min, b.max = min(b.min, int64(low)), max(b.max, int64(high))
}

// addText keeps v if it is a bound: it must not change before encode.
func (b *bounds) addText(v []byte) {
	switch {
	case !b.seen:
		b.seen, b.minText, b.maxText = true, v, v
	case bytes.Compare(v, b.minText) < 0:
		b.minText = v
	case bytes.Compare(v, b.maxText) > 0:
		b.maxText = v
	}
}

// encode gives the bounds as the footer holds them; nil when there are none,
// or when they are too long to be worth their place.
func (b *bounds) encode(t column.Type) (low, high []byte) {
	switch {
	case !b.seen:
		return nil, nil
	case t == column.Int32 || t == column.Date:
		return binary.LittleEndian.AppendUint32(nil, uint32(b.min)), binary.LittleEndian.AppendUint32(nil, uint32(b.max))
	case t == column.Int64 || t == column.Decimal || t == column.Timestamp:
		return binary.LittleEndian.AppendUint64(nil, uint64(b.min)), binary.LittleEndian.AppendUint64(nil, uint64(b.max))
	case len(b.minText) > maxBound || len(b.maxText) > maxBound:
		return nil, nil
	default:
		return b.minText, b.maxText
	}
}
