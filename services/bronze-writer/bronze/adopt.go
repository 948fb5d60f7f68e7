package bronze

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/services/bronze-writer/decode"
)

// standing is a bronze file that someone else wrote: a crashed owner of the
// partition, or one that does not know yet that it is none.
type standing struct {
	landed
	offsets map[int64]struct{} // of its rows
}

// find reads the file of a slice. The context of its errors names the file and
// the remedy: what cannot be read is never replaced.
func (s *store) find(ctx context.Context, slice string) (*standing, error) {
	key := s.set.key(slice)
	data, err := s.bucket.Get(ctx, key)
	if err != nil {
		return nil, err
	}
	f, err := s.set.readStanding(slice, key, data)
	if err != nil {
		return nil, fmt.Errorf("adopt the bronze file that stands: %w (restore the object; delete it only if no manifest in %s names it)",
			err, sales.TopicBronze)
	}
	return f, nil
}

func (d *dataset) readStanding(slice, key string, data []byte) (*standing, error) {
	r, err := lake.Open(key, data)
	if err != nil {
		return nil, err
	}
	f := &standing{landed: landed{set: d, slice: slice, adopted: true}, offsets: map[int64]struct{}{}}
	if err := json.Unmarshal([]byte(r.Meta()[metaSource]), &f.source); err != nil {
		return nil, fmt.Errorf("%s: %w: footer key %s: %w", key, lake.ErrCorrupt, metaSource, err)
	}
	b := column.NewBatch(d.summed(), int(r.Rows()))
	if err := r.Read(b); err != nil {
		return nil, err
	}
	for _, offset := range b.Column("_offset").I64 {
		f.offsets[offset] = struct{}{}
	}
	if int64(len(f.offsets)) != r.Rows() {
		return nil, fmt.Errorf("%s: %w: an offset occurs twice", key, lake.ErrCorrupt)
	}
	f.file, f.eventTime, f.replayed = lake.NewFile(key, data, d.count(b)), d.newest(b), lake.Replayed(b)
	return f, nil
}

// adopt makes the standing file ours. p holds the records of its very range;
// which of them are rows is the file's to say. The others are rejects, as its
// writer quarantined them; where the quarantine file lacks one, as we judge it.
func (s *store) adopt(ctx context.Context, f *standing, p *piece) (landed, error) {
	if err := f.matches(p); err != nil {
		return landed{}, err
	}
	theirs, err := s.readRejects(ctx, f.slice)
	if err != nil {
		return landed{}, err
	}
	rejects := f.leftOut(theirs, p)
	out := f.landed
	out.rejects, out.source.Rejected = rejects, rejectedByCode(rejects)
	out.source.Replayed = out.replayed.Rows + replayedRejects(rejects)
	if rejects != nil && !sameOffsets(rejects, theirs) || rejects == nil && theirs != nil {
		if err := s.putRejects(ctx, &out); err != nil {
			return landed{}, err
		}
	}
	s.metrics.adopted.Inc()
	return out, nil
}

// matches tells whether the piece is made of the records that the file is.
func (f *standing) matches(p *piece) error {
	a, b := f.source, p.source
	held := int64(0)
	for _, offset := range p.offsets() {
		if _, ok := f.offsets[offset]; ok {
			held++
		}
	}
	if a.Name != b.Name || a.TopicID != b.TopicID || a.Partition != b.Partition || a.First != b.First || a.Next != b.Next ||
		a.Records != b.Records || held != f.file.Rows {
		return fmt.Errorf("adopt %s: it holds %d rows of %d records [%d, %d) of %s (%s) partition %d, the source has %d of them in %d records [%d, %d) of %s (%s) partition %d",
			f.file.Key, f.file.Rows, a.Records, a.First, a.Next, a.Name, a.TopicID, a.Partition,
			held, b.Records, b.First, b.Next, b.Name, b.TopicID, b.Partition)
	}
	return nil
}

func (p *piece) offsets() (out []int64) {
	for _, b := range p.rows {
		out = append(out, b.Column("_offset").I64...)
	}
	if p.rejects != nil {
		out = append(out, p.rejects.Columns[qOffset].I64...)
	}
	return out
}

// leftOut gives the piece's records that are not rows of the file.
func (f *standing) leftOut(theirs *column.Batch, p *piece) *column.Batch {
	out := column.NewBatch(f.set.quarantine, 0)
	done := map[int64]struct{}{}
	take := func(from *column.Batch) {
		if from == nil {
			return
		}
		for i, offset := range from.Columns[qOffset].I64 {
			_, isRow := f.offsets[offset]
			if _, twice := done[offset]; twice || isRow || offset < f.source.First || offset >= f.source.Next {
				continue
			}
			done[offset] = struct{}{}
			out.AppendRows(from, []int32{int32(i)})
		}
	}
	take(theirs)
	take(p.rejects)
	for _, b := range p.rows {
		for i, offset := range b.Column("_offset").I64 {
			_, isRow := f.offsets[offset]
			if _, told := done[offset]; !told && !isRow {
				f.set.notAdopted(out, b, i, f.file.Key)
			}
		}
	}
	if out.Rows() == 0 {
		return nil
	}
	return out
}

// notAdopted rejects a row that is good to us. Its original bytes are gone by
// now, so the typed event stands for them.
func (d *dataset) notAdopted(out, b *column.Batch, i int, key string) {
	o := decode.Origin{Source: b.Column("_source").String(i), Partition: b.Column("_partition").I32[i],
		Offset: b.Column("_offset").I64[i], Time: b.Column("_ingest_ts").I64[i], ReplayOf: b.Column("_replay_of").String(i)}
	r := &sales.Reject{Code: sales.NotAdopted, Message: "not in " + key + ", which its writer closed without it; send it again"}
	quarantine(out, r, b.Columns[d.Key].Bytes(i), d.rowJSON(b, i), nil, o)
}

func (s *store) readRejects(ctx context.Context, slice string) (*column.Batch, error) {
	key := s.set.quarantineKey(slice)
	data, err := s.bucket.Get(ctx, key)
	if errors.Is(err, blob.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	b := column.NewBatch(s.set.quarantine, 0)
	r, err := lake.Open(key, data)
	if err == nil {
		err = r.Read(b)
	}
	if errors.Is(err, lake.ErrCorrupt) {
		return nil, nil // it says nothing that we could not say again
	}
	return b, err
}

func sameOffsets(a, b *column.Batch) bool {
	if b == nil || a.Rows() != b.Rows() {
		return false
	}
	seen := map[int64]struct{}{}
	for _, offset := range a.Columns[qOffset].I64 {
		seen[offset] = struct{}{}
	}
	for _, offset := range b.Columns[qOffset].I64 {
		delete(seen, offset)
	}
	return len(seen) == 0
}
