package warehouse

import (
	"context"
	"iter"

	"golang.org/x/sync/semaphore"

	"github.com/saleslake/saleslake/pkg/lake"
)

// How much is got ahead of what is read: a bucket takes its time for each file, however small.
const (
	filesAhead = 8
	bytesAhead = 32 << 20 // a larger file is got alone
)

// ahead gives the files in their order, and gets the next ones meanwhile. Whatever is not taken is dropped.
func ahead(ctx context.Context, files Files, list []lake.File) iter.Seq2[*lake.Reader, error] {
	type fetched struct {
		r   *lake.Reader
		err error
	}
	return func(yield func(*lake.Reader, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		room := semaphore.NewWeighted(bytesAhead)
		coming := make(chan chan fetched, filesAhead-1)
		go func() {
			defer close(coming)
			for _, f := range list {
				if room.Acquire(ctx, min(f.Bytes, bytesAhead)) != nil {
					return
				}
				one := make(chan fetched, 1)
				go func() {
					r, err := fetch(ctx, files, f)
					one <- fetched{r, err}
				}()
				select {
				case coming <- one:
				case <-ctx.Done():
					return
				}
			}
		}()
		for _, f := range list {
			var next fetched
			select {
			case one, ok := <-coming:
				if ok {
					next = <-one
				} else {
					next.err = context.Cause(ctx)
				}
			case <-ctx.Done():
				next.err = context.Cause(ctx)
			}
			if !yield(next.r, next.err) || next.err != nil {
				return
			}
			room.Release(min(f.Bytes, bytesAhead))
		}
	}
}
