package silver

import (
	"bytes"
	"context"
	"fmt"
	"runtime"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/services/silver-etl/dedup"
)

// eventIDs reads the event_ids of orders from the files that hold their current
// versions, each file once.
func (c *commit) eventIDs(ctx context.Context, orders []dedup.Ref) (map[dedup.Ref][]byte, error) {
	byFile := map[uint32]map[dedup.Ref]bool{}
	var files []*file
	for _, ref := range orders {
		number := c.index.At(ref).File
		if byFile[number] == nil {
			byFile[number] = map[dedup.Ref]bool{}
			files = append(files, c.state.files[number])
		}
		byFile[number][ref] = true
	}
	ids := make(map[dedup.Ref][]byte, len(orders))
	columns := c.project(c.silver, c.columns.ID, c.columns.Event)
	err := inOrder(ctx, len(files), runtime.GOMAXPROCS(0),
		func(ctx context.Context, i int) (*column.Batch, error) {
			b := column.NewBatch(columns, 0)
			return b, c.read(ctx, b, files[i].File)
		},
		func(_ context.Context, i int, b *column.Batch) error {
			wanted := byFile[files[i].number]
			for row, key := range c.columns.OrdersOf(b) {
				ref, known := c.index.Find(key)
				if known && wanted[ref] {
					ids[ref] = bytes.Clone(b.Column(c.columns.Event).Bytes(row))
				}
			}
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("read event_ids: %w", err)
	}
	return ids, nil
}
