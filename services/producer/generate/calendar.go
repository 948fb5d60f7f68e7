package generate

// arrival is an event that a stream has yet to send.
type arrival struct {
	event Event
	story string
	set   bool
}

// calendar holds what arrives at later items of a stream, at most len(slots)-1 items ahead. Its memory is fixed: what
// does not fit is forgotten, as if it never happened.
type calendar struct{ slots []arrival }

const maxAhead = 1 << 16

// newCalendar reaches to the end of a stream of rows items (0 = endless), or maxAhead.
func newCalendar(rows int) *calendar {
	size := 1 << 8
	for size < maxAhead && (rows == 0 || size < rows) {
		size *= 2
	}
	return &calendar{slots: make([]arrival, size)}
}

// add sets an event to arrive at the first free item from row+delay on.
func (c *calendar) add(row, delay uint64, e Event, story string) {
	size := uint64(len(c.slots))
	for ; delay < size; delay++ {
		slot := &c.slots[(row+delay)&(size-1)]
		if !slot.set {
			*slot = arrival{event: e, story: story, set: true}
			return
		}
	}
}

// take gives what arrives at row.
func (c *calendar) take(row uint64) (arrival, bool) {
	slot := &c.slots[row&uint64(len(c.slots)-1)]
	a := *slot
	slot.set = false
	return a, a.set
}
