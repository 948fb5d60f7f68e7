package files

import (
	"context"
	"io"
	"sync"
)

// blocksAhead is how many blocks are in memory: one being read, one being
// used, and one between them.
const blocksAhead = 3

// ahead reads in a goroutine of its own, until its context ends.
type ahead struct {
	ctx    context.Context
	filled chan filled
	free   chan []byte
	block  []byte // whose rest is being used
	rest   []byte
	err    error // after rest
	ended  sync.WaitGroup
}

// filled is a block, and the error that reading more of it met.
type filled struct {
	data []byte
	err  error
}

func newAhead(ctx context.Context, r io.Reader, size int) *ahead {
	a := &ahead{ctx: ctx, filled: make(chan filled), free: make(chan []byte, blocksAhead)}
	for range blocksAhead {
		a.free <- make([]byte, size)
	}
	a.ended.Go(func() { a.run(r) })
	return a
}

func (a *ahead) run(r io.Reader) {
	for {
		var f filled
		select {
		case f.data = <-a.free:
		case <-a.ctx.Done():
			return
		}
		n := 0
		for n < len(f.data) && f.err == nil {
			var more int
			more, f.err = r.Read(f.data[n:])
			n += more
		}
		f.data = f.data[:n]
		select {
		case a.filled <- f:
		case <-a.ctx.Done():
			return
		}
		if f.err != nil {
			return
		}
	}
}

// Read implements io.Reader.
func (a *ahead) Read(p []byte) (int, error) {
	for len(a.rest) == 0 && a.err == nil {
		if a.block != nil {
			a.free <- a.block[:cap(a.block)]
			a.block = nil
		}
		select {
		case f := <-a.filled:
			a.block, a.rest, a.err = f.data, f.data, f.err
		case <-a.ctx.Done():
			a.err = context.Cause(a.ctx)
		}
	}
	n := copy(p, a.rest)
	a.rest = a.rest[n:]
	if n > 0 || len(p) == 0 {
		return n, nil
	}
	return 0, a.err
}
