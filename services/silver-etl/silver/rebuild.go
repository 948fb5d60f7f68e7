package silver

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"

	"go.uber.org/zap"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/services/silver-etl/dedup"
)

// Open rebuilds the state that belongs to the committed offset: first what
// lake.silver says, then the index from the files.
func (s *stage) Open(ctx context.Context, p stream.Partition, next int64) (stream.Task, error) {
	t := s.newTask(p.ID, next)
	copied, err := lake.ReadCopies(ctx, s.Bucket, lake.LedgerCopiesOf(t.silver.Name, p.ID)) // before the topic: it must have them
	if err != nil {
		return nil, err
	}
	if err := s.readTopic(ctx, sales.TopicSilver, nil, t.restore); err != nil {
		return nil, fmt.Errorf("read %s: %w", sales.TopicSilver, err)
	}
	if err := lake.CheckWhole(sales.TopicSilver, t.ages(), copied, remedy); err != nil {
		return nil, err
	}
	if err := t.resume(next); err != nil {
		return nil, err
	}
	if err := s.alone(ctx, func() error { return t.rebuild(ctx) }); err != nil {
		return nil, fmt.Errorf("rebuild the index: %w", err)
	}
	if err := t.check(); err != nil {
		return nil, err
	}
	t.keeper.Mirror(ctx, t.uncopied(copied))
	t.sit()
	t.sweep(ctx)
	s.metrics.opened(t)
	s.Log.Info("partition opened", zap.Stringer("partition", p), zap.Int64("next", next), zap.Int64("version", t.version),
		zap.Int("orders", t.index.Len()), zap.Int("older_orders", t.filter.Len()), zap.Int("slices", len(t.slices)), zap.Int("files", len(t.files)))
	return t, nil
}

// restore takes over what a record of lake.silver says of this partition; later
// records win.
func (t *task) restore(r stream.Record) error {
	switch {
	case len(r.Value) == 0:
		return nil
	case lake.IsLedger(r.Key):
		l, err := lake.DecodeLedger(r.Value)
		if err == nil && l.Table == t.silver.Name && l.Partition == t.partition {
			t.ledgers[l.Source] = l
		}
		return err
	case lake.IsDone(r.Key):
		if !t.commands {
			return nil
		}
		d, err := lake.DecodeDone(r.Value)
		if err == nil && d.Partition == t.partition {
			t.done.Add(d)
			t.attempts.Add(d)
			t.version = max(t.version, d.Version)
		}
		return err
	}
	m, err := lake.DecodeManifest(r.Value)
	if err != nil || m.Table != t.silver.Name || m.Partition != t.partition {
		return err
	}
	day, err := sales.ParseDay(m.Day)
	if err != nil {
		return fmt.Errorf("day of %s: %w", m.Key(), err)
	}
	t.slices[day] = &slice{manifest: m}
	return nil
}

// ages gives the ages of the partition's ledgers, by key.
func (t *task) ages() map[string]int64 {
	ages := map[string]int64{}
	for _, l := range t.ledgers {
		ages[l.Key()] = l.Age()
	}
	return ages
}

// resume compares the ledgers with the committed offset, which were written in
// one transaction, and takes the positions and the version from them. An offset
// of a lake.bronze that was made anew since says nothing: the topic is read from
// its start then, and the positions tell what was taken.
func (t *task) resume(next int64) error {
	for _, l := range t.ledgers {
		anew := l.InputID != "" && l.InputID != t.inputID
		t.behind = t.behind || anew
		if l.Through > next && !anew {
			return fmt.Errorf("ledger %s is at offset %d of %s, but group %s at %d: the group's offsets were lost or reset; "+
				"set them to %d, or start a new lake", l.Key(), l.Through, sales.TopicBronze, t.group, next, l.Through)
		}
		t.taken[l.Source] = position{l.TopicID, l.Next}
		t.version = max(t.version, l.Version)
	}
	for _, s := range t.slices {
		t.version = max(t.version, s.manifest.Version)
	}
	return nil
}

// sit takes up the commands.
func (t *task) sit() { t.seat, t.done = t.board.Sit(t.done), nil }

// rebuild numbers the files and reads the keys of each into the index or the
// filter.
func (t *task) rebuild(ctx context.Context) error {
	var err error
	if t.hot, err = t.firstHot(); err != nil {
		return err
	}
	files, err := t.numberFiles()
	if err != nil {
		return err
	}
	hot, cold := 0, 0
	for _, f := range files {
		if f.day >= t.hot {
			hot += int(f.Rows)
		} else {
			cold += int(f.Rows)
		}
	}
	t.index, t.filter = dedup.NewIndex(hot), dedup.NewFilter(cold)
	return inOrder(ctx, len(files), runtime.GOMAXPROCS(0),
		func(ctx context.Context, i int) (*stored, error) {
			if files[i].day < t.hot {
				return t.readOrders(ctx, files[i])
			}
			return t.readStored(ctx, files[i])
		},
		func(_ context.Context, i int, s *stored) error { return t.addStored(files[i], s) })
}

// numberFiles gives the files of all slices, with their numbers.
func (t *task) numberFiles() (files []*file, err error) {
	for _, day := range slices.Sorted(maps.Keys(t.slices)) {
		s := t.slices[day]
		for _, f := range s.manifest.Files {
			number, err := t.number()
			if err != nil {
				return nil, err
			}
			s.files = append(s.files, &file{File: f, number: number, day: day})
		}
		t.put(day, s)
		files = append(files, s.files...)
	}
	return files, nil
}

// stored is what the index needs of a file; of a cold one, only keys.Orders.
type stored struct {
	keys    dedup.Keys
	times   []int64
	cents   []int64
	offsets []int64
}

func (s *stage) readStored(ctx context.Context, f *file) (*stored, error) {
	b := column.NewBatch(s.indexColumns(), 0)
	if err := s.read(ctx, b, f.File); err != nil {
		return nil, err
	}
	return &stored{s.columns.KeysOf(b), b.Column(s.columns.Time).I64, s.columns.Cents(b), b.Column("_offset").I64}, nil
}

func (s *stage) readOrders(ctx context.Context, f *file) (*stored, error) {
	b := column.NewBatch(s.filterColumns(), 0)
	if err := s.read(ctx, b, f.File); err != nil {
		return nil, err
	}
	return &stored{keys: dedup.Keys{Orders: s.columns.OrdersOf(b)}}, nil
}

func (t *task) addStored(f *file, s *stored) error {
	for row, key := range s.keys.Orders {
		if f.day < t.hot {
			t.filter.Add(key, f.day)
		} else if err := t.insert(f, s, row); err != nil {
			return err
		}
	}
	return nil
}

// uncopied are the entries of the last commit, whose copies a kill may have
// prevented, and ledgers whose copies are older or missing.
func (t *task) uncopied(copied []lake.Entry) []lake.Entry {
	ages := map[string]int64{}
	for _, c := range copied {
		ages[c.Key()] = c.Age()
	}
	var entries []lake.Entry
	for _, s := range t.slices {
		if s.manifest.Version == t.version {
			entries = append(entries, s.manifest)
		}
	}
	for _, d := range t.done {
		if d.Version == t.version {
			entries = append(entries, d)
		}
	}
	for _, l := range t.ledgers {
		if l.Version == t.version || ages[l.Key()] < l.Age() {
			entries = append(entries, l)
		}
	}
	return entries
}
