package generate

import (
	"math/rand/v2"
	"sort"
)

// mix spreads the bits of x; it never maps two numbers to one (the finalizer of splitmix64).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// newRand is the chance of one purpose, so that a change in one part does not disturb the others.
func newRand(seed uint64, purpose string) *rand.Rand {
	h := mix(seed)
	for _, c := range []byte(purpose) {
		h = mix(h ^ uint64(c))
	}
	return rand.New(rand.NewPCG(seed, h))
}

// weighted picks indexes by integer weights. (rand.Zipf works in floats, whose last bit differs between machines.)
type weighted struct{ upTo []uint64 }

func newWeighted(n int, weight func(i int) uint64) weighted {
	w := weighted{upTo: make([]uint64, n)}
	var sum uint64
	for i := range w.upTo {
		sum += weight(i)
		w.upTo[i] = sum
	}
	return w
}

// zipf makes the k-th index about 1/(k+soft) as likely as the first: few are met often, most seldom.
func zipf(n, soft int) weighted {
	return newWeighted(n, func(i int) uint64 { return 1<<32/uint64(i+soft) + 1 })
}

func (w weighted) pick(r *rand.Rand) int {
	x := r.Uint64N(w.upTo[len(w.upTo)-1])
	return sort.Search(len(w.upTo), func(i int) bool { return w.upTo[i] > x })
}
