package silver

import (
	"context"

	"golang.org/x/sync/errgroup"
)

// inOrder makes n values, width at a time, and uses them in order, one at a
// time and while the next are made. At most width+1 values exist at once. The
// first error ends it.
func inOrder[T any](ctx context.Context, n, width int, produce func(context.Context, int) (T, error), use func(context.Context, int, T) error) error {
	group, ctx := errgroup.WithContext(ctx)
	slots := make([]chan T, n)
	for i := range slots {
		slots[i] = make(chan T, 1)
	}
	free := make(chan struct{}, width)
	group.Go(func() error {
		for i := range n {
			select {
			case free <- struct{}{}:
			case <-ctx.Done():
				return ctx.Err()
			}
			group.Go(func() error {
				v, err := produce(ctx, i)
				if err == nil {
					slots[i] <- v
				}
				return err
			})
		}
		return nil
	})
	group.Go(func() error {
		for i := range n {
			select {
			case v := <-slots[i]:
				<-free
				if err := use(ctx, i, v); err != nil {
					return err
				}
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	return group.Wait()
}
