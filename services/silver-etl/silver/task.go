package silver

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/saleslake/saleslake/pkg/control"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

// task keeps the silver rows of one partition.
type task struct {
	*stage
	*state
	partition    int32
	next         int64 // offset after the last record added
	committed    int64 // offset in the last commit
	pending      []input
	rows         int64     // pending
	since        time.Time // when the oldest pending input was added
	taken        taken
	made         *commit       // by the last Flush, until it is in Kafka
	own          int64         // version of the last commit that this task made, 0 before the first
	done         control.Done  // what the seat starts from, while the task is opened
	attempts     lake.Attempts // of commands: their quarantine files count
	seat         *control.Seat
	behind       bool // lake.bronze was made anew, and is not read to its end: what was taken of it is not known
	turnOf       bool // of a command, though inputs are pending: they have had theirs
	keeper       *lake.Keeper
	sweepAt      time.Time // when to look for files that nothing names
	rejectsAfter string    // where the next look for rejects goes on
}

// input is a bronze slice that is not in silver yet.
type input struct {
	*lake.Manifest
	offset int64 // of its record in lake.bronze
}

func (s *stage) newTask(partition int32, next int64) *task {
	return &task{stage: s, state: newState(), partition: partition, next: next, committed: next,
		taken: taken{}, done: control.Done{}, attempts: lake.Attempts{}, keeper: lake.NewKeeper(lake.KeeperOptions{Bucket: s.Bucket, Log: s.Log, Last: lake.LastCopy(s.group, partition),
			MirrorErrors: s.metrics.mirrorErrors, FilesDeleted: s.metrics.filesDeleted})}
}

// Add takes the manifests among the records; the ledgers of bronze are for others.
func (t *task) Add(ctx context.Context, records []stream.Record) error {
	t.keeper.Reap(ctx)
	if !time.Now().Before(t.sweepAt) {
		t.sweep(ctx)
	}
	for _, r := range records {
		t.next = r.Offset + 1
		if len(r.Value) == 0 || lake.IsLedger(r.Key) {
			continue
		}
		m, err := lake.DecodeManifest(r.Value)
		if err == nil {
			err = t.take(m, r.Offset)
		}
		if err != nil {
			return fmt.Errorf("offset %d: %w", r.Offset, err)
		}
	}
	return nil
}

// take adds a bronze slice, unless it is of another table or was taken before:
// a republished slice has a new offset in lake.bronze, but the same range of
// its source.
func (t *task) take(m *lake.Manifest, offset int64) error {
	if m.Table != t.bronze.Name {
		return nil
	}
	if m.Source == nil || m.Source.Partition != t.partition {
		return fmt.Errorf("%s on partition %d of %s is no bronze slice of that partition", m.Key(), t.partition, sales.TopicBronze)
	}
	fresh, err := t.taken.take(m)
	if err == nil && !fresh {
		t.Log.Info("bronze slice was taken before", zap.String("slice", m.Key()), zap.Int64("offset", offset))
	}
	if err != nil || !fresh {
		return err
	}
	if len(t.pending) == 0 {
		t.since = time.Now()
	}
	t.pending = append(t.pending, input{m, offset})
	t.rows += m.Rows
	return nil
}

// Wake implements stream.Waker: commands come from elsewhere.
func (t *task) Wake() <-chan struct{} { return t.seat.Wake() }

// command gives the command whose turn it is, and what of it is done.
func (t *task) command() (*lake.Command, *lake.Done) {
	if t.behind || len(t.pending) > 0 && !t.turnOf {
		return nil, nil
	}
	return t.seat.Next()
}

// Due is now when enough rows are pending or no more are to come. Records that
// bring no rows are only committed then.
func (t *task) Due(now time.Time, caughtUp bool) time.Time {
	t.behind = t.behind && (!caughtUp || len(t.pending) > 0)
	command, _ := t.command()
	switch {
	case command != nil:
		return now
	case len(t.pending) == 0 && (!caughtUp || t.next == t.committed):
		return time.Time{}
	case caughtUp || t.rows >= int64(t.MaxRows):
		return now
	}
	return t.since.Add(t.MaxAge)
}

// Flush writes what is pending, as far as the bounds allow. Without any it only
// commits the offset.
func (t *task) Flush(ctx context.Context) (stream.Commit, error) {
	if command, before := t.command(); command != nil {
		return t.flushCommand(ctx, command, before)
	}
	if len(t.pending) == 0 {
		t.made = &commit{task: t, version: t.version, next: t.next}
		return stream.Commit{Next: t.next}, nil
	}
	c := &commit{task: t, version: t.version + 1, inputs: t.head()}
	c.next = t.next
	if rest := t.pending[len(c.inputs):]; len(rest) > 0 {
		c.next = rest[0].offset
	}
	if err := t.inTurn(ctx, c.turns(), func() error { return c.run(ctx) }); err != nil {
		return stream.Commit{}, err
	}
	t.pending = t.pending[len(c.inputs):]
	for _, in := range c.inputs {
		t.rows -= in.Rows
	}
	t.made = c
	return stream.Commit{Next: c.next, Records: c.records(), Tallies: []stream.Tally{c.tally()}}, nil
}

// The bronze bytes of a commit are bounded by silver.max_rows, too, should rows
// be unusually long; files that are small in any case do not count.
const (
	bytesPerRow = 512
	minBytes    = 16 << 20
)

// head gives the pending inputs that one commit may take: at least one, and no
// more once the bounds are reached.
func (t *task) head() []input {
	var rows, bytes int64
	maxRows, maxBytes := t.bounds()
	for i, in := range t.pending {
		if rows >= maxRows || bytes >= maxBytes {
			return t.pending[:i:i]
		}
		rows, bytes = rows+in.Rows, bytes+in.bytes()
	}
	return t.pending[:len(t.pending):len(t.pending)]
}

// bounds are the rows and bytes of bronze at which a commit takes no more inputs.
func (s *stage) bounds() (rows, bytes int64) {
	rows = int64(s.MaxRows)
	return rows, max(rows*bytesPerRow, minBytes)
}

func (in *input) bytes() (n int64) {
	for _, f := range in.Files {
		n += f.Bytes
	}
	return n
}

// Committed mirrors what was published and condemns the files that it replaces.
func (t *task) Committed() {
	c := t.made
	t.own, t.made, t.since = c.version, nil, time.Now()
	t.committed, t.turnOf = c.next, c.done == nil
	if c.done != nil {
		t.seat.Did(c.done)
		t.attempts.Add(c.done)
	}
	t.metrics.committed(c)
	t.keeper.Committed(c.entries(), c.replaced, t.Grace)
	if c.attempt != "" {
		t.rejectsAfter = ""
		t.sweepRejects(context.Background())
	}
}

// Close deletes what is due; what is not stays until a sweep.
func (t *task) Close() {
	if t.seat != nil {
		t.seat.Leave()
	}
	t.keeper.Close()
	t.metrics.closed(t.partition)
}
