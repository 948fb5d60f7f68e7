package blob

import (
	"context"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"
)

// What Puts have on their way at most: bytes, but for a single greater object, and objects.
const (
	bytesInFlight = 32 << 20
	putsInFlight  = 16
)

// Puts writes objects while the caller makes the next one: a store answers after milliseconds in which nothing is
// computed. Wait must be called, once no more Put is.
type Puts struct {
	bucket *Bucket
	ctx    context.Context
	stop   context.CancelFunc
	group  *errgroup.Group
	room   *semaphore.Weighted
}

// Puts begins to write objects; the first error or the end of ctx ends it.
func (b *Bucket) Puts(ctx context.Context) *Puts {
	ctx, stop := context.WithCancel(ctx)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(putsInFlight)
	return &Puts{bucket: b, ctx: ctx, stop: stop, group: group, room: semaphore.NewWeighted(bytesInFlight)}
}

// Put waits for room and has an object written, whose body must stay as it is. An error is that of an earlier object.
func (p *Puts) Put(key string, body []byte) error {
	size := min(int64(len(body)), bytesInFlight)
	if err := p.room.Acquire(p.ctx, size); err != nil {
		return context.Cause(p.ctx)
	}
	p.group.Go(func() error {
		defer p.room.Release(size)
		return p.bucket.Put(p.ctx, key, body)
	})
	return nil
}

// Wait answers once all objects are there, or one could not be written. Given the error of the caller, who makes no
// more of them, it tries no further, and answers with that.
func (p *Puts) Wait(err error) error {
	defer p.stop()
	if err != nil {
		p.stop()
		_ = p.group.Wait() // it has been stopped
		return err
	}
	return p.group.Wait()
}
