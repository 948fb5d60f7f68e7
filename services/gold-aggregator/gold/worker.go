package gold

import (
	"context"
	"fmt"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/services/gold-aggregator/fold"
)

// worker makes one day at a time; it keeps its buffers between days.
type worker struct {
	*stage
	folder   fold.Folder
	merger   fold.Merger
	rows     *column.Batch
	sales    *lake.Encoder
	products *lake.Encoder
}

func newWorker(s *stage) (*worker, error) {
	w := &worker{stage: s, rows: column.NewBatch(fold.Input, 0)}
	var err error
	if w.sales, err = lake.NewEncoder(sales.DailySales, s.Encoding); err != nil {
		return nil, err
	}
	w.products, err = lake.NewEncoder(sales.DailyProducts, s.Encoding)
	return w, err
}

// fold aggregates the files of a fact_sales manifest.
func (w *worker) fold(ctx context.Context, date int32, facts *lake.Manifest) (*fold.Day, error) {
	partials := make([]*fold.Partial, len(facts.Files))
	for i, f := range facts.Files {
		p, err := w.partial(ctx, f)
		if err != nil {
			return nil, err
		}
		partials[i] = p
	}
	return w.merger.Merge(date, partials), nil
}

// partial gives a file's aggregate, from the cache if that has it: a file never
// changes, so neither does what is computed from it.
func (w *worker) partial(ctx context.Context, f lake.File) (*fold.Partial, error) {
	if p, ok := w.partials.get(f.Key); ok {
		w.metrics.cached.Inc()
		return p, nil
	}
	r, err := lake.Fetch(ctx, w.Bucket, f)
	if err != nil {
		return nil, err
	}
	w.rows.Reset()
	if err := r.Read(w.rows); err != nil {
		return nil, err
	}
	p, err := w.folder.Fold(w.rows)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Key, err)
	}
	if p.Cents != f.Cents {
		return nil, fmt.Errorf("%s: %w: revenue of %s, its manifest says %s", f.Key, lake.ErrCorrupt,
			sales.FormatCents(p.Cents), sales.FormatCents(f.Cents))
	}
	w.metrics.folded.Inc()
	w.metrics.rows.Add(float64(p.Rows))
	w.metrics.cacheBytes.Set(float64(w.partials.put(f.Key, p)))
	return p, nil
}

// write makes the file of an aggregate's rows, of which gross is the gross
// revenue, and names it in the manifest. A day without rows has no file.
func (w *worker) write(ctx context.Context, e *lake.Encoder, rows *column.Batch, gross int64, m *lake.Manifest) error {
	if rows.Rows() == 0 {
		return nil
	}
	data, err := e.Encode(nil, rows)
	if err != nil {
		return err
	}
	m.Count = lake.Count{Rows: int64(rows.Rows()), Cents: gross}
	key := lake.VersionKey(m.Table, m.Slice, m.Version, lake.Hash(data))
	if err := w.Bucket.Put(ctx, key, data); err != nil {
		return fmt.Errorf("write %s: %w", key, err)
	}
	m.Files = []lake.File{lake.NewFile(key, data, m.Count)}
	return nil
}
