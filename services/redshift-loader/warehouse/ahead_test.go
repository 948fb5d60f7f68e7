package warehouse

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// distant answers after a second, whatever it is asked for.
type distant struct {
	Files
	data    []byte
	missing string
	mu      sync.Mutex
	waiting int
	most    int
}

func (d *distant) Get(ctx context.Context, key string) ([]byte, error) {
	d.wait(1)
	defer d.wait(-1)
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if key == d.missing {
		return nil, fmt.Errorf("get %s: %w", key, blob.ErrNotFound)
	}
	return d.data, nil
}

func (d *distant) wait(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.waiting += n
	d.most = max(d.most, d.waiting)
}

func listOf(t *testing.T, n int) (*distant, []lake.File) {
	encoder, err := lake.NewEncoder(sales.DailySales, lake.Encoding{})
	require.NoError(t, err)
	data, err := encoder.Encode(lake.Meta{}, column.NewBatch(sales.DailySales, 0))
	require.NoError(t, err)
	var list []lake.File
	for i := range n {
		list = append(list, lake.NewFile(fmt.Sprintf("f%02d", i), data, lake.Count{}))
	}
	return &distant{data: data}, list
}

func TestFilesComeInOrderAndAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, list := listOf(t, 40)
		start, n := time.Now(), 0
		for r, err := range ahead(t.Context(), d, list) {
			require.NoError(t, err)
			require.Equal(t, list[n].Key, r.Name())
			n++
		}
		require.Equal(t, len(list), n)
		require.LessOrEqual(t, d.most, filesAhead+1)
		require.Less(t, time.Since(start), 7*time.Second)
	})
}

func TestLargeFilesAreGotAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, list := listOf(t, 5)
		for i := range list {
			list[i].Bytes = 10 * bytesAhead // which they are not
		}
		n := 0
		for _, err := range ahead(t.Context(), d, list) {
			require.ErrorIs(t, err, lake.ErrCorrupt)
			n++
		}
		require.Equal(t, 1, n, "an error is the last")
		require.Equal(t, 1, d.most)
	})
}

func TestNothingIsLeftOfWhatIsNotTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, list := listOf(t, 40)
		d.missing = "f03"
		n := 0
		for _, err := range ahead(t.Context(), d, list) {
			if n++; n <= 3 {
				require.NoError(t, err)
				continue
			}
			var gone *missingFile
			require.ErrorAs(t, err, &gone)
			require.Equal(t, "f03", gone.key)
		}
		require.Equal(t, 4, n)
		synctest.Wait()
		require.Zero(t, d.waiting)

		ctx, cancel := context.WithCancelCause(t.Context())
		why := errors.New("the partition is another's")
		cancel(why)
		for _, err := range ahead(ctx, d, list) {
			require.ErrorIs(t, err, why)
		}
	})
}
