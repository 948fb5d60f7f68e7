package bronze

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/services/bronze-writer/decode"
)

// part is a decoded chunk.
type part struct {
	rows    []*column.Batch // by partition
	rejects *column.Batch
}

func newPart(d *dataset, partitions int) *part {
	p := &part{rows: make([]*column.Batch, partitions), rejects: column.NewBatch(d.quarantine, 0)}
	for i := range p.rows {
		p.rows[i] = column.NewBatch(d.Schema, 0)
	}
	return p
}

func (p *part) reset() {
	for _, b := range p.rows {
		b.Reset()
	}
	p.rejects.Reset()
}

// block is a number of parts, and how far the file is read behind them.
type block struct {
	parts []*part
	done  int64 // bytes of its content
}

// run decodes the file block by block; while one is written and published, the
// next one is decoded. Two blocks are all that is in memory.
func (g *ingest) run(ctx context.Context, c *chunker) error {
	work, ctx := errgroup.WithContext(ctx)
	decoded, free := make(chan *block), make(chan *block, 2)
	free <- &block{}
	free <- &block{}
	work.Go(func() error {
		defer close(decoded)
		return g.decodeBlocks(ctx, c, free, decoded)
	})
	work.Go(func() error { return g.landBlocks(ctx, decoded, free) })
	return work.Wait()
}

func (g *ingest) landBlocks(ctx context.Context, decoded <-chan *block, free chan<- *block) error {
	if err := g.takeOver(ctx); err != nil {
		return err
	}
	defer g.transactor.Close()
	for b := range decoded {
		if err := g.land(ctx, b); err != nil {
			return err
		}
		g.progress.tell(Land, g.storedBytes(b.done))
		free <- b
	}
	g.progress.tell(Land, g.in.content.Size())
	return nil
}

func (g *ingest) decodeBlocks(ctx context.Context, c *chunker, free <-chan *block, decoded chan<- *block) error {
	workers := make(chan *worker, runtime.GOMAXPROCS(0))
	for range cap(workers) {
		d, err := g.in.decoder(g.Bronze.MaxEventBytes, g.started.Effective)
		if err != nil {
			return err
		}
		workers <- &worker{rowDecoder: d}
	}
	for more := true; more; {
		var b *block
		select {
		case b = <-free:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		var err error
		if more, err = g.decodeBlock(c, b, workers); err != nil {
			return err
		}
		b.done = c.done
		select {
		case decoded <- b:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// worker decodes one chunk at a time.
type worker struct {
	rowDecoder
	buf []byte
}

// decodeBlock fills a block, and tells whether the file goes on after it.
func (g *ingest) decodeBlock(c *chunker, b *block, workers chan *worker) (bool, error) {
	var work errgroup.Group
	for i := range g.layout.chunks {
		if i == len(b.parts) {
			b.parts = append(b.parts, newPart(g.dataset, g.Partitions))
		}
		p := b.parts[i]
		p.reset()
		w := <-workers // bounds how far reading is ahead of decoding
		next, err := c.next(w.buf)
		if err != nil || next.rows == 0 {
			workers <- w
			b.parts = b.parts[:i]
			return false, errors.Join(err, work.Wait())
		}
		w.buf = next.data
		work.Go(func() error {
			defer func() { workers <- w }()
			return g.decode(w, next, p)
		})
	}
	return true, work.Wait()
}

// decode spreads a chunk's rows over the partitions of their keys. Its rejects,
// whose keys may be unknown, are partition 0's.
func (g *ingest) decode(d rowDecoder, c chunk, p *part) error {
	o := decode.Origin{Source: g.result.Source, Offset: c.row - 1, Time: g.started.Time}
	for data := c.data; len(data) > 0; {
		record, used := g.in.record(data)
		data = data[used:]
		o.Offset++
		if r := d.Decode(record, o.Offset); r != nil {
			o.Partition = 0
			quarantine(p.rejects, r, nil, record, d.Event(o.Offset), o)
			continue
		}
		o.Partition = stream.PartitionFor(d.Key(), g.Partitions)
		d.AppendTo(p.rows[o.Partition], o)
	}
	if n := o.Offset - c.row + 1; n != int64(c.rows) {
		return fmt.Errorf("rows %d to %d were counted as %d, and decoded as %d: report this as a defect", c.row, o.Offset, c.rows, n)
	}
	return nil
}

// land writes a block's files and publishes them.
func (g *ingest) land(ctx context.Context, b *block) error {
	if err := g.in.content.Unchanged(); err != nil { // before its rows get a name that is made of its hash
		return err
	}
	files := make([]*landed, g.Partitions)
	work, workCtx := errgroup.WithContext(ctx)
	work.SetLimit(runtime.GOMAXPROCS(0))
	for i := range files {
		work.Go(func() (err error) {
			if p := g.piece(b, int32(i)); p != nil {
				files[i], err = g.landPiece(workCtx, p)
			}
			return err
		})
	}
	if err := work.Wait(); err != nil {
		return err
	}
	return g.publish(ctx, files)
}

// piece gathers a partition's rows of a block; nil when there is nothing.
func (g *ingest) piece(b *block, partition int32) *piece {
	p := &piece{source: lake.Source{Name: g.result.Source, TopicID: g.in.hash, Partition: partition}}
	rejects := column.NewBatch(g.quarantine, 0)
	first, last := int64(0), int64(0)
	extend := func(offsets []int64) {
		if n := len(offsets); n > 0 {
			p.source.Records += int64(n)
			last = max(last, offsets[n-1])
			if first == 0 || offsets[0] < first {
				first = offsets[0]
			}
		}
	}
	for _, part := range b.parts {
		if part.rows[partition].Rows() > 0 {
			p.rows = append(p.rows, part.rows[partition])
			extend(part.rows[partition].Column("_offset").I64)
		}
		if partition == 0 {
			rejects.AppendRows(part.rejects, positions(part.rejects.Rows()))
			extend(part.rejects.Columns[qOffset].I64)
		}
	}
	if p.source.Records == 0 {
		return nil
	}
	if rejects.Rows() > 0 {
		p.rejects, p.source.Rejected = rejects, rejectedByCode(rejects)
	}
	p.source.First, p.source.Next = first, last+1
	p.slice = lake.BronzeSlice(sales.DayOf(g.started.Time), partition, g.in.hash[:8], first)
	return p
}

func positions(n int) []int32 {
	out := make([]int32, n)
	for i := range out {
		out[i] = int32(i)
	}
	return out
}

// landPiece writes a file, or takes the one that an earlier ingest has written.
func (g *ingest) landPiece(ctx context.Context, p *piece) (*landed, error) {
	if m := g.published[p.slice]; m != nil {
		if m.Source.Next != p.source.Next || m.Source.Records != p.source.Records {
			return nil, fmt.Errorf("%s was published for %d rows up to %d, now it has %d up to %d: an ingest by another version of this program",
				m.Key(), m.Source.Records, m.Source.Next, p.source.Records, p.source.Next)
		}
		return &landed{set: g.dataset, slice: p.slice, source: *m.Source, file: m.Files[0], eventTime: m.EventTime}, nil
	}
	l, err := g.store.put(ctx, p)
	if !errors.Is(err, errStands) {
		return &l, err
	}
	stands, err := g.store.find(ctx, p.slice)
	if err != nil {
		return nil, err
	}
	l, err = g.store.adopt(ctx, stands, p)
	return &l, err
}
