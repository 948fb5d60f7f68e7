package control_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/saleslake/saleslake/pkg/control"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/pkg/stream/streamtest"
)

const partitions = 3

// stage does commands and nothing else.
type stage struct {
	kafka stream.Config
	board *control.Board
	did   atomic.Int64
}

type task struct {
	*control.Seat
	stage *stage
	p     int32
	made  *lake.Done
}

func (s *stage) Open(ctx context.Context, p stream.Partition, _ int64) (stream.Task, error) {
	done := control.Done{}
	err := stream.ReadToEnd(ctx, s.kafka, sales.TopicSilver, nil, func(r stream.Record) error {
		d, err := lake.DecodeDone(r.Value)
		if err == nil && d.Partition == p.ID {
			done.Add(d)
		}
		return err
	})
	return &task{Seat: s.board.Sit(done), stage: s, p: p.ID}, err
}

func (*task) Add(context.Context, []stream.Record) error { return nil }

func (t *task) Due(now time.Time, _ bool) time.Time {
	if c, _ := t.Next(); c == nil {
		return time.Time{}
	}
	return now
}

func (t *task) Flush(context.Context) (stream.Commit, error) {
	c, before := t.Next()
	t.made = &lake.Done{Format: lake.Format, ID: c.ID, Kind: c.Kind, Partition: t.p, Version: t.stage.did.Add(1), Through: c.From,
		Days: []lake.DayChange{{Day: c.From, Before: lake.Count{Rows: 5}, After: lake.Count{Rows: 7}}}}
	if before != nil { // in two steps
		t.made.Through, t.made.Days[0].Before, t.made.Days[0].After = c.To, lake.Count{Rows: 7}, lake.Count{Rows: 4}
	}
	return stream.Commit{Next: stream.NoOffset, Records: []stream.Record{
		{Topic: sales.TopicSilver, Partition: t.p, Key: []byte(t.made.Key()), Value: t.made.Encode()}}}, nil
}

func (t *task) Committed() { t.Did(t.made) }
func (t *task) Close()     { t.Leave() }

// run works until the returned function ends it.
func (s *stage) run(t *testing.T) (end func()) {
	ctx, stop := context.WithCancel(t.Context())
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.board.Follow(ctx, s.kafka) })
	group.Go(func() error {
		return stream.Run(ctx, s.kafka, stream.RunConfig{Group: "worker", TransactionalID: "worker", Topics: []string{sales.TopicBronze}}, s)
	})
	return func() { stop(); require.NoError(t, group.Wait()) }
}

// Commands that come before, while and after the stage runs are each done once by
// each partition, though no record ever comes from the topic that it consumes.
func TestEachPartitionDoesACommandOnce(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	kafka := stream.Config{Brokers: []string{streamtest.Cluster(t)}, ClientID: "test"}
	require.NoError(t, stream.EnsureTopics(ctx, kafka, 1, control.Topic,
		stream.TopicSpec{Name: sales.TopicBronze, Partitions: partitions}, stream.TopicSpec{Name: sales.TopicSilver, Partitions: partitions, Compacted: true}))
	issue := func(kind lake.Kind) *lake.Command {
		c, err := control.NewCommand(kind, "2026-01-01", "2026-01-31")
		require.NoError(t, err)
		require.NoError(t, control.Issue(ctx, kafka, 1, c))
		return c
	}
	s := &stage{kafka: kafka, board: control.NewBoard(lake.Reprocess)}
	before := issue(lake.Reprocess)
	issue(lake.Rebuild) // for another stage
	withdrawn := issue(lake.Reprocess)
	require.NoError(t, stream.Transact(ctx, kafka, "withdraw", []stream.Record{{Topic: sales.TopicControl, Key: []byte(withdrawn.Key())}}))
	end := s.run(t)
	for _, c := range []*lake.Command{before, issue(lake.Reprocess)} {
		var last int
		done, err := control.Wait(ctx, kafka, sales.TopicSilver, c, partitions, func(n int) { last = n })
		require.NoError(t, err)
		require.Len(t, done, 2*partitions)
		sum := lake.SumDays(done)
		require.Len(t, sum, 1)
		require.Equal(t, []int64{5 * partitions, 4 * partitions}, []int64{sum[0].Before.Rows, sum[0].After.Rows})
		require.Equal(t, partitions, last)
	}
	end()
	require.EqualValues(t, 2*2*partitions, s.did.Load())

	s.board = control.NewBoard(lake.Reprocess) // another process
	end = s.run(t)
	after := issue(lake.Reprocess)
	_, err := control.Wait(ctx, kafka, sales.TopicSilver, after, partitions, nil)
	require.NoError(t, err)
	end()
	require.EqualValues(t, 2*3*partitions, s.did.Load(), "what was done is not done again")
}

// Who waits for a command is told when it is withdrawn.
func TestWaitEndsWithTheCommand(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	kafka := stream.Config{Brokers: []string{streamtest.Cluster(t)}, ClientID: "test"}
	require.NoError(t, stream.EnsureTopics(ctx, kafka, 1, control.Topic, stream.TopicSpec{Name: sales.TopicSilver, Partitions: 1, Compacted: true}))
	c, err := control.NewCommand(lake.Reprocess, "2026-01-01", "2026-01-31")
	require.NoError(t, err)
	require.NoError(t, control.Issue(ctx, kafka, 1, c))
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		_, err := control.Wait(ctx, kafka, sales.TopicSilver, c, 1, nil)
		return err
	})
	require.NoError(t, control.Withdraw(ctx, kafka, c.ID))
	require.ErrorIs(t, group.Wait(), control.ErrWithdrawn)
}

func TestWaitSaysHowFarItCame(t *testing.T) {
	kafka := stream.Config{Brokers: []string{streamtest.Cluster(t)}, ClientID: "test"}
	require.NoError(t, stream.EnsureTopics(t.Context(), kafka, 1, control.Topic, stream.TopicSpec{Name: sales.TopicSilver, Partitions: 1, Compacted: true}))
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err := control.Wait(ctx, kafka, sales.TopicSilver, &lake.Command{ID: "X"}, 1, nil)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, "command X, which 0 of 1 partitions have done")
}

func TestDaysThatAreNone(t *testing.T) {
	for _, days := range [][2]string{{"2026-02-30", "2026-03-01"}, {"2026-01-02", "2026-01-01"}, {"2026-01-01", ""}} {
		_, err := control.NewCommand(lake.Reprocess, days[0], days[1])
		require.Error(t, err, days)
	}
}
