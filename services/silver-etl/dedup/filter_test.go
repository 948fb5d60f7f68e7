package dedup

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// drawKey gives few keys, so that they meet in slots.
func drawKey(t *rapid.T) Key {
	return Key{Hi: rapid.Uint64Range(0, 7).Draw(t, "hi")<<45 | rapid.Uint64Range(0, 2).Draw(t, "low"), Lo: rapid.Uint64Range(0, 40).Draw(t, "lo")}
}

// Against a plain list: what was added and not removed is found with its days,
// and nothing else but orders that have the same bits.
func TestFilterFindsTheDaysOfItsOrders(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type entry struct {
			key Key
			day int32
		}
		f := NewFilter(rapid.IntRange(0, 300).Draw(t, "room"))
		var want []entry
		for range rapid.IntRange(0, 300).Draw(t, "steps") {
			if len(want) > 0 && rapid.IntRange(0, 2).Draw(t, "remove") == 0 {
				i := rapid.IntRange(0, len(want)-1).Draw(t, "which")
				f.Remove(want[i].key, want[i].day)
				want = slices.Delete(want, i, i+1)
				continue
			}
			e := entry{drawKey(t), rapid.Int32Range(10_957, 10_960).Draw(t, "day")}
			f.Add(e.key, e.day)
			want = append(want, e)
		}
		require.Equal(t, len(want), f.Len())
		for hi := range uint64(8) {
			for low := range uint64(3) {
				key := Key{Hi: hi<<45 | low}
				var days []int32
				for _, e := range want {
					if e.key.Hi == key.Hi {
						days = append(days, e.day)
					}
				}
				require.ElementsMatch(t, days, f.Days(nil, key))
			}
		}
	})
}

func TestFilterIsCompactAndSeldomWrong(t *testing.T) {
	const orders = 300_000
	f := NewFilter(0)
	key := func(i uint64) Key { return KeyOf([]byte{byte(i), byte(i >> 8), byte(i >> 16)}) }
	for i := range uint64(orders) {
		f.Add(key(i), int32(11_000+i%1000))
		require.LessOrEqual(t, f.Bytes(), FilterBytes*f.Len()+8*minFilter)
	}
	wrong := 0
	for i := range uint64(orders) {
		require.Contains(t, f.Days(nil, key(i)), int32(11_000+i%1000))
		wrong += len(f.Days(nil, key(i+orders)))
	}
	require.LessOrEqual(t, wrong, 1)
}

// Against a map: what was inserted and retained is found, with its order.
func TestIndexRetains(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := NewIndex(0)
		want := map[Key]int64{}
		key := rapid.Custom(func(t *rapid.T) Key { // many share slots
			return Key{Hi: rapid.Uint64Range(0, 3).Draw(t, "hi") << 60, Lo: rapid.Uint64Range(0, 60).Draw(t, "lo") % 7 * 150}
		})
		for range rapid.IntRange(1, 5).Draw(t, "rounds") {
			for _, k := range rapid.SliceOfN(key, 0, 40).Draw(t, "keys") {
				if _, known := want[k]; !known {
					want[k] = int64(len(want) * 7)
					x.Insert(Order{Key: k, Offset: want[k]})
				}
			}
			from := Ref(rapid.IntRange(0, x.Len()).Draw(t, "from"))
			odd := rapid.Int64Range(0, 1).Draw(t, "odd")
			seen := from
			x.Retain(from, func(o *Order) bool {
				seen++
				if o.Offset%2 != odd {
					delete(want, o.Key)
				}
				return o.Offset%2 == odd
			})
			require.GreaterOrEqual(t, int(seen), x.Len())
			require.Equal(t, len(want), x.Len())
			for k, offset := range want {
				r, known := x.Find(k)
				require.True(t, known)
				require.Equal(t, offset, x.At(r).Offset)
			}
		}
	})
}

func TestIndexGivesMemoryBack(t *testing.T) {
	x := NewIndex(0)
	for i := range uint64(1_000_000) {
		x.Insert(Order{Key: Key{Hi: i << 32, Lo: i * 0x9e3779b97f4a7c15}})
	}
	require.LessOrEqual(t, x.Bytes(), IndexBytes*x.Len()+chunkOrders*56)
	x.Retain(0, func(o *Order) bool { return o.Key.Hi>>32%10 == 0 })
	require.Equal(t, 100_000, x.Len())
	require.LessOrEqual(t, x.Bytes(), IndexBytes*x.Len()+chunkOrders*56)
}
