package warehouse

import (
	"context"
	"time"

	"github.com/saleslake/saleslake/pkg/lake"
)

// SetLockTime changes how long loads wait for others, until the function that it answers
// is called.
func SetLockTime(d time.Duration) (restore func()) {
	before := lockTime
	lockTime = d
	return func() { lockTime = before }
}

// Stage stages files and drops them again: the part of a load that moves rows.
func (w *Warehouse) Stage(ctx context.Context, files []lake.File) error {
	return w.transact(ctx, func(t *transaction) error {
		if err := t.stage(ctx, target{table: "stage_sales", rows: &factRows}, files); err != nil {
			return err
		}
		return t.unstage(ctx, "stage_sales")
	})
}
