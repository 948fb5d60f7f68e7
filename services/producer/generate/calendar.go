package generate

// arrival is an event that a stream has yet to send.
type arrival[T any] struct {
	event T
	story string
	set   bool
}

// calendar holds what arrives at later items of a stream, at most len(slots)-1 items ahead. Its memory is fixed: what
// does not fit is forgotten, as if it never happened.
type calendar[T any] struct{ slots []arrival[T] }

const maxAhead = 1 << 16

// newCalendar reaches to the end of a stream of rows items (0 = endless), or maxAhead.
func newCalendar[T any](rows int) *calendar[T] {
	size := 1 << 8
	for size < maxAhead && (rows == 0 || size < rows) {
		size *= 2
	}
	return &calendar[T]{slots: make([]arrival[T], size)}
}

// add sets an event to arrive at the first free item from row+delay on.
func (c *calendar[T]) add(row, delay uint64, e T, story string) {
	size := uint64(len(c.slots))
	for ; delay < size; delay++ {
		slot := &c.slots[(row+delay)&(size-1)]
		if !slot.set {
			*slot = arrival[T]{event: e, story: story, set: true}
			return
		}
	}
}

// take gives what arrives at row.
func (c *calendar[T]) take(row uint64) (arrival[T], bool) {
	slot := &c.slots[row&uint64(len(c.slots)-1)]
	a := *slot
	slot.set = false
	return a, a.set
}
