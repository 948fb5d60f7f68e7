package dedup

import (
	"math/bits"
	"slices"

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
	Events  []uint64 // of event_id
	Content []uint32 // of the business fields
}

// notCompared are the columns by which two versions are not compared: which
// event it is, when that was emitted and where it came from. The order_id is
// left out because only versions of one order are compared. What is left are
// the business fields, in the order of the schema.
var notCompared = []string{"order_id", "event_id", "event_ts", "_partition", "_offset"}

// OrdersOf hashes the order_ids of a batch.
func OrdersOf(b *column.Batch) []Key {
	ids := &b.Column("order_id").Text
	keys := make([]Key, ids.Len())
	for i := range keys {
		keys[i] = KeyOf(ids.At(i))
	}
	return keys
}

// KeysOf hashes the rows of a batch of schema sales.Silver, which need not have
// all of the columns that are not compared, but order_id and event_id.
func KeysOf(b *column.Batch) Keys {
	rows := b.Rows()
	k := Keys{Orders: OrdersOf(b), Events: make([]uint64, rows), Content: make([]uint32, rows)}
	events := &b.Column("event_id").Text
	for i := range rows {
		k.Events[i] = xxh3.Hash(events.At(i))
	}
	sums := make([]uint64, rows)
	for i, f := range b.Schema.Fields {
		if !slices.Contains(notCompared, f.Name) {
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
