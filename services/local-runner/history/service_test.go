package history

import (
	"context"
	"math"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/stream"
)

// topic holds records in memory, by partition.
type topic [][]stream.Record

// publish appends records; offsets have gaps, as those of transactions do.
func (t topic) publish(records []stream.Record) {
	for _, r := range records {
		at := t[r.Partition]
		if len(at) > 0 {
			r.Offset = at[len(at)-1].Offset + 2
		}
		t[r.Partition] = append(at, r)
	}
}

// compact leaves the newest record of each key.
func (t topic) compact() {
	for p, records := range t {
		newest := map[string]int64{}
		for _, r := range records {
			newest[string(r.Key)] = r.Offset
		}
		var kept []stream.Record
		for _, r := range records {
			if newest[string(r.Key)] == r.Offset {
				kept = append(kept, r)
			}
		}
		t[p] = kept
	}
}

// topics by name.
type topics map[string]topic

// read is a stream.Reader.
func (t topics) read(_ context.Context, name string, partitions []int32, fn func(stream.Record) error) error {
	if partitions == nil {
		for p := range t[name] {
			partitions = append(partitions, int32(p))
		}
	}
	for _, p := range partitions {
		for _, r := range t[name][p] {
			if err := fn(r); err != nil {
				return err
			}
		}
	}
	return nil
}

// service runs a stage as stream.Run does, one call at a time.
type service struct {
	t         require.TestingT
	stage     stream.Stage
	topics    topics
	in, out   string
	committed []int64 // by partition
	tasks     []*running
	frozen    []*running
}

// running is a task, and the next offset that it is to be given.
type running struct {
	stream.Task
	next int64
}

func newService(t require.TestingT, stage stream.Stage, topics topics, in, out string) *service {
	n := len(topics[in])
	return &service{t: t, stage: stage, topics: topics, in: in, out: out, committed: make([]int64, n), tasks: make([]*running, n)}
}

func (s *service) open(p int) *running {
	if s.tasks[p] == nil {
		task, err := s.stage.Open(context.Background(), stream.Partition{Topic: s.in, ID: int32(p)}, s.committed[p])
		require.NoError(s.t, err)
		s.tasks[p] = &running{task, s.committed[p]}
	}
	return s.tasks[p]
}

func (s *service) close(p int) {
	if s.tasks[p] != nil {
		s.tasks[p].Close()
		s.tasks[p] = nil
	}
}

// take gives the task the next records, as far as there are any.
func (s *service) take(p, most int) *running {
	task := s.open(p)
	var records []stream.Record
	for _, r := range s.topics[s.in][p] {
		if r.Offset >= task.next && len(records) < most {
			records = append(records, r)
		}
	}
	if len(records) > 0 {
		task.next = records[len(records)-1].Offset + 1
		require.NoError(s.t, task.Add(context.Background(), records))
	}
	return task
}

// flush commits what the task has, as far as it is not to die.
func (s *service) flush(p int, how action) {
	task := s.tasks[p]
	if task.Due(time.Now(), true).IsZero() {
		return
	}
	c, err := task.Flush(context.Background())
	require.NoError(s.t, err)
	if how == dieUploaded {
		s.close(p)
		return
	}
	s.topics[s.out].publish(c.Records)
	s.committed[p] = c.Next
	if how == dieCommitted {
		s.close(p)
		return
	}
	task.Committed()
}

// do takes a step that is not land.
func (s *service) do(st step) {
	p := st.which % len(s.tasks)
	switch st.action {
	case take:
		s.take(p, 1)
	case freeze:
		s.frozen = append(s.frozen, s.take(p, math.MaxInt))
		s.tasks[p] = nil
	case thaw:
		s.thaw()
	case compact:
		s.topics[s.out].compact()
	default:
		s.take(p, math.MaxInt)
		s.flush(p, st.action)
	}
}

// thaw has the replaced tasks go on until their transactions are refused. That
// they fail before, as their files are gone, is as good.
func (s *service) thaw() {
	for _, task := range s.frozen {
		if !task.Due(time.Now(), true).IsZero() {
			_, _ = task.Flush(context.Background())
		}
		task.Close()
	}
	s.frozen = nil
}

// drain commits everything, and opens each partition anew.
func (s *service) drain() {
	for p := range s.tasks {
		task := s.take(p, math.MaxInt)
		for n := 0; !task.Due(time.Now(), true).IsZero(); n++ {
			require.Less(s.t, n, 1000, "commits that bring nothing on")
			s.flush(p, commit)
		}
	}
	s.thaw()
	for p := range s.tasks {
		s.close(p)
		s.open(p)
	}
}

func (s *service) stop() {
	s.thaw()
	for p := range s.tasks {
		s.close(p)
	}
}

// forget makes the stage's next run its first.
func (s *service) forget() {
	s.stop()
	clear(s.committed)
	clear(s.topics[s.out])
}
