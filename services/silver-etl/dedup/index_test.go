package dedup

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestIndexFindsWhatWasInserted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := NewIndex(rapid.IntRange(0, 2000).Draw(t, "room"))
		// few bits, so that keys meet in slots, tags and halves
		key := rapid.Custom(func(t *rapid.T) Key {
			return Key{Hi: rapid.Uint64Range(0, 3).Draw(t, "hi") << 60, Lo: rapid.Uint64Range(0, 40).Draw(t, "lo")}
		})
		want := map[Key]Ref{}
		for i, k := range rapid.SliceOfN(key, 0, 300).Draw(t, "keys") {
			r, known := x.Find(k)
			before, wanted := want[k]
			require.Equal(t, wanted, known)
			if known {
				require.Equal(t, before, r)
				continue
			}
			want[k] = x.Insert(Order{Key: k, Offset: int64(i)})
			require.Equal(t, int64(i), x.At(want[k]).Offset)
		}
		require.Equal(t, len(want), x.Len())
	})
}

func TestIndexGrowsOverChunksAndTables(t *testing.T) {
	x, n := NewIndex(0), 5*chunkOrders+1
	for i := range n {
		k := KeyOf(fmt.Appendf(nil, "order-%d", i))
		_, known := x.Find(k)
		require.False(t, known)
		require.Equal(t, Ref(i), x.Insert(Order{Key: k, Cents: int64(i)}))
	}
	for i := range n {
		r, known := x.Find(KeyOf(fmt.Appendf(nil, "order-%d", i)))
		require.True(t, known)
		require.Equal(t, int64(i), x.At(r).Cents)
	}
}

func TestIndexIsCompact(t *testing.T) {
	const orders = 1_000_000
	x := NewIndex(0)
	for i := range uint64(orders) {
		x.Insert(Order{Key: Key{Hi: i << 32, Lo: i * 0x9e3779b97f4a7c15}})
	}
	perOrder := float64(x.Bytes()) / orders
	t.Logf("%.1f bytes per order", perOrder)
	require.Less(t, perOrder, 68.0)
}

func BenchmarkIndex(b *testing.B) {
	const orders = 1_000_000
	keys := make([]Key, orders)
	for i := range keys {
		keys[i] = KeyOf(fmt.Appendf(nil, "ORD-%010d", i))
	}
	b.Run("insert", func(b *testing.B) {
		for b.Loop() {
			x := NewIndex(0)
			for _, k := range keys {
				if _, known := x.Find(k); !known {
					x.Insert(Order{Key: k})
				}
			}
		}
		b.ReportMetric(b.Elapsed().Seconds()*1e9/float64(b.N)/orders, "ns/order")
	})
	x := NewIndex(0)
	for _, k := range keys {
		x.Insert(Order{Key: k})
	}
	runtime.GC()
	b.Run("find", func(b *testing.B) {
		step := uint64(0)
		for b.Loop() {
			step += 0x9e3779b97f4a7c15
			if _, known := x.Find(keys[step%orders]); !known {
				b.Fatal("lost")
			}
		}
		b.ReportMetric(float64(x.Bytes())/orders, "B/order")
	})
}
