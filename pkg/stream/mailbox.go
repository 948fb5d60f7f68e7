package stream

import "sync"

// parcel is what a mailbox holds: records in offset order, and whether the partition's end was met behind them.
type parcel struct {
	records []Record
	bytes   int
	atEnd   bool
}

// mailbox hands parcels from the coordinator to a task's goroutine. Putting never waits: the session bounds the bytes
// in all of its mailboxes.
type mailbox struct {
	mu      sync.Mutex
	parcels []parcel
	filled  chan struct{}
}

func newMailbox() *mailbox { return &mailbox{filled: make(chan struct{}, 1)} }

func (b *mailbox) put(p parcel) {
	b.mu.Lock()
	b.parcels = append(b.parcels, p)
	b.mu.Unlock()
	signal(b.filled)
}

func (b *mailbox) take() (parcel, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.parcels) == 0 {
		return parcel{}, false
	}
	p := b.parcels[0]
	b.parcels[0] = parcel{}
	if b.parcels = b.parcels[1:]; len(b.parcels) == 0 {
		b.parcels = nil
	}
	return p, true
}

func (b *mailbox) empty() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.parcels) == 0
}

// signal wakes whoever waits for c, once however often it is called before that.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
