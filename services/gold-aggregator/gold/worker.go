package gold

import (
	"context"
	"errors"
	"fmt"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/services/gold-aggregator/fold"
)

// worker makes one day at a time; it keeps its buffers between days.
type worker struct {
	*stage
	rows     *column.Batch              // of a silver file
	changed  *column.Batch              // of a file of changes
	encoders [len(tables)]*lake.Encoder // none for facts
	puts     *blob.Puts                 // of the commit that it works for
}

func newWorker(s *stage) (*worker, error) {
	w := &worker{stage: s, rows: column.NewBatch(fold.Input, 0), changed: column.NewBatch(fold.Changed, 0)}
	for i := facts + 1; i < len(tables); i++ {
		var err error
		if w.encoders[i], err = lake.NewEncoder(tables[i].schema, s.Encoding); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// worker gives one that is free; it must be put back.
func (s *stage) worker(ctx context.Context) (*worker, error) {
	select {
	case w := <-s.workers:
		return w, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// read fills a batch with the rows of a file.
func (w *worker) read(ctx context.Context, f lake.File, rows *column.Batch) error {
	r, err := lake.Fetch(ctx, w.Bucket, f)
	if err != nil {
		return err
	}
	rows.Reset()
	return r.Read(rows)
}

// errOwn says that a file of gold's own is gone: no newer manifest will replace it.
var errOwn = errors.New("a file of gold is gone")

// readOwn gives the rows of one of gold's own tables, whose files are small.
func (w *worker) readOwn(ctx context.Context, m *lake.Manifest, s *column.Schema) (*column.Batch, error) {
	all := column.NewBatch(s, 0)
	for _, f := range m.Files {
		r, err := lake.Fetch(ctx, w.Bucket, f)
		if errors.Is(err, blob.ErrNotFound) {
			return nil, fmt.Errorf("%w: %w", errOwn, err)
		}
		if err != nil {
			return nil, err
		}
		if err := r.Read(all); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// writeFile has a file made of rows, which carry a number of cents, and names it last in
// the manifest of their table. No rows make no file.
func (w *worker) writeFile(table int, rows *column.Batch, cents int64, m *lake.Manifest) error {
	if rows.Rows() == 0 {
		return nil
	}
	data, err := w.encoders[table].Encode(nil, rows)
	if err != nil {
		return err
	}
	count := lake.Count{Rows: int64(rows.Rows()), Cents: cents}
	key := lake.VersionKey(m.Table, m.Slice, m.Version, lake.Hash(data))
	if err := w.puts.Put(key, data); err != nil {
		return fmt.Errorf("write %s: %w", key, err)
	}
	m.Files, m.Count = append(m.Files, lake.NewFile(key, data, count)), m.Count.Add(count)
	return nil
}
