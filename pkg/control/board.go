package control

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

// Topic is how lake.control must be.
var Topic = stream.TopicSpec{Name: sales.TopicControl, Partitions: 1, Compacted: true}

// Board holds the commands of one kind, in the order of their issue. Its methods
// may be called at the same time.
type Board struct {
	kind     lake.Kind
	mu       sync.Mutex
	commands []*lake.Command
	behind   bool  // Follow has not read all that there is yet
	came     int64 // commands so far, those that were withdrawn included
	seats    map[*Seat]struct{}
	failed   map[failure]string // why
}

// failure is a command that a partition cannot do.
type failure struct {
	id        string
	partition int32
}

// NewBoard gives a board without commands.
func NewBoard(kind lake.Kind) *Board {
	return &Board{kind: kind, seats: map[*Seat]struct{}{}, failed: map[failure]string{}}
}

// Fail gives a command up for a partition. The error has the partition start afresh, as
// the try may have left its state half changed; then it finds the failure by [Board.Failed].
func (b *Board) Fail(c *lake.Command, partition int32, cause error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failed[failure{c.ID, partition}] = cause.Error()
	return fmt.Errorf("%s %s, %s to %s: %w (%w)", c.Kind, c.ID, c.From, c.To, cause, stream.ErrRetry)
}

// Failed gives what ends a command that the partition has given up, nil when it has not.
func (b *Board) Failed(c *lake.Command, partition int32) *lake.Done {
	b.mu.Lock()
	defer b.mu.Unlock()
	why, failed := b.failed[failure{c.ID, partition}]
	if !failed {
		return nil
	}
	return &lake.Done{Format: lake.Format, ID: c.ID, Kind: c.Kind, Partition: partition, Through: c.To, Failed: why, Created: time.Now().UnixMicro()}
}

// Follow takes the commands from lake.control until the context ends; then it
// returns nil.
func (b *Board) Follow(ctx context.Context, kafka stream.Config) error {
	b.mu.Lock()
	b.behind = true
	b.mu.Unlock()
	if err := stream.Follow(ctx, kafka, []string{sales.TopicControl}, b.Add, b.caughtUp); err != nil {
		return fmt.Errorf("follow commands: %w", err)
	}
	return nil
}

// caughtUp gives the commands out: those withdrawn meanwhile are gone.
func (b *Board) caughtUp() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.behind = false
	for s := range b.seats {
		s.tell()
	}
}

// Add takes a record of lake.control. One without a value withdraws its command,
// as far as that is not done.
func (b *Board) Add(r stream.Record) error {
	if !lake.IsCommand(r.Key) {
		return nil
	}
	if len(r.Value) == 0 {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.commands = slices.DeleteFunc(b.commands, func(c *lake.Command) bool { return c.Key() == string(r.Key) })
		return nil
	}
	c, err := lake.DecodeCommand(r.Value)
	if err != nil || c.Kind != b.kind {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.commands, b.came = append(b.commands, c), b.came+1
	for s := range b.seats {
		s.tell()
	}
	return nil
}

// Find gives the newest command that is one of those looked for, nil when there is none.
func (b *Board) Find(is func(*lake.Command) bool) *lake.Command {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range slices.Backward(b.commands) {
		if is(c) {
			return c
		}
	}
	return nil
}

// Came is how many commands have come so far: it grows with each.
func (b *Board) Came() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.came
}

// Seat is a task's place before the board: it knows what the task's partition has
// done. Its methods are for the task's goroutine.
type Seat struct {
	board *Board
	done  Done
	wake  chan struct{}
}

// Done holds the last step of each command that a partition has done, by command.
type Done map[string]*lake.Done

// Add takes a step, in any order.
func (d Done) Add(step *lake.Done) {
	if last := d[step.ID]; last == nil || last.Through < step.Through {
		d[step.ID] = step
	}
}

// Sit gives a seat of a partition that has done what done says.
func (b *Board) Sit(done Done) *Seat {
	s := &Seat{board: b, done: done, wake: make(chan struct{}, 1)}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seats[s] = struct{}{}
	s.tell()
	return s
}

func (s *Seat) tell() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Next gives the oldest command that is not done, and the last step of it that is;
// both are nil when there is none.
func (s *Seat) Next() (*lake.Command, *lake.Done) {
	s.board.mu.Lock()
	defer s.board.mu.Unlock()
	if s.board.behind {
		return nil, nil
	}
	for _, c := range s.board.commands {
		if d := s.done[c.ID]; d == nil || d.Through < c.To {
			return c, d
		}
	}
	return nil, nil
}

// Did takes what is committed of a command.
func (s *Seat) Did(d *lake.Done) { s.done.Add(d) }

// Wake tells of new commands, as stream.Waker wants it.
func (s *Seat) Wake() <-chan struct{} { return s.wake }

// Leave gives the seat up.
func (s *Seat) Leave() {
	s.board.mu.Lock()
	defer s.board.mu.Unlock()
	delete(s.board.seats, s)
}
