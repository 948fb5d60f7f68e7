package dedup

import (
	"encoding/binary"
	"math/bits"

	"github.com/zeebo/xxh3"

	"github.com/saleslake/saleslake/pkg/column"
)

// Key is the 128-bit hash of an order_id.
type Key = xxh3.Uint128

// KeyOf hashes an order_id.
func KeyOf(orderID []byte) Key { return xxh3.Hash128(orderID) }

// Keys are the hashes of a batch's rows, by position.
type Keys struct {
	Orders  []Key
	Events  []uint64 // of event_id; 0 when the table has none
	Content []uint32 // of the business fields
}

// OrdersOf hashes what the rows of a batch are versions of.
func (c *Columns) OrdersOf(b *column.Batch) []Key {
	ids := &b.Column(c.ID).Text
	keys := make([]Key, ids.Len())
	if !c.History {
		for i := range keys {
			keys[i] = KeyOf(ids.At(i))
		}
		return keys
	}
	times := b.Column(c.Time).I64
	var both []byte
	for i := range keys {
		both = binary.BigEndian.AppendUint64(append(both[:0], ids.At(i)...), uint64(times[i]))
		keys[i] = KeyOf(both)
	}
	return keys
}

// KeysOf hashes the rows of a batch of the table's schema, which need not have
// all of the columns that are not compared, but those that c names.
func (c *Columns) KeysOf(b *column.Batch) Keys {
	rows := b.Rows()
	k := Keys{Orders: c.OrdersOf(b), Events: make([]uint64, rows), Content: make([]uint32, rows)}
	if c.Event != "" {
		events := &b.Column(c.Event).Text
		for i := range rows {
			k.Events[i] = xxh3.Hash(events.At(i))
		}
	}
	sums := make([]uint64, rows)
	for i, f := range b.Schema.Fields {
		if c.compares(f.Name) {
			addHashes(sums, &b.Columns[i])
		}
	}
	for i, s := range sums {
		k.Content[i] = uint32(s >> 32)
	}
	return k
}

// addHashes mixes a column's values into the sums of the rows.
func addHashes(sums []uint64, c *column.Column) {
	switch c.Type {
	case column.Symbol:
		hashes := make([]uint64, c.Dict.Len())
		for code := range hashes {
			hashes[code] = xxh3.HashString(c.Dict.Value(int32(code)))
		}
		for i, code := range c.I32 {
			sums[i] = mix(sums[i], hashes[code])
		}
	case column.String, column.Binary:
		for i := range sums {
			sums[i] = mix(sums[i], xxh3.Hash(c.Text.At(i)))
		}
	case column.Int64, column.Decimal, column.Timestamp:
		for i, v := range c.I64 {
			sums[i] = mix(sums[i], uint64(v))
		}
	default:
		for i, v := range c.I32 {
			sums[i] = mix(sums[i], uint64(v))
		}
	}
}

// mix folds the 128-bit product of both, each with constant bits turned, and
// keeps the sum turned beside it, so that the order of the values matters.
func mix(sum, v uint64) uint64 {
	hi, lo := bits.Mul64(sum^0x9e3779b97f4a7c15, v^0xd6e8feb86659fd93)
	return hi ^ lo ^ bits.RotateLeft64(sum, 23)
}
