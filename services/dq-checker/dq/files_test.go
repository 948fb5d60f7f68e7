package dq

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

// noon of a run date, µs UTC.
var noon = int64(testDay)*sales.MicrosPerDay + sales.MicrosPerDay/2

// shelf is a folder that tasks of partition 3 write to.
type shelf struct {
	*rig
	flushes int
}

func newShelf(t *testing.T) *shelf {
	bucket, err := blob.Open(t.Context(), blob.Options{URL: "file://" + t.TempDir(), Create: true})
	require.NoError(t, err)
	return &shelf{rig: &rig{t: t, bucket: bucket, log: zap.NewNop()}}
}

// owner is a task's files, as after a start.
func (s *shelf) owner() *files {
	st := &stage{Options: Options{Bucket: s.bucket, Log: s.log}}
	f := st.files(stream.Partition{Topic: sales.TopicGold, ID: 3})
	return &f
}

// flush writes results of two slices, of which one is judged again and again, and a line of
// the ledger, some time after noon of the test's day.
func (s *shelf) flush(f *files, after int64, message string) {
	n := newNotes()
	n.run = noon + after + int64(s.flushes)
	for _, m := range []lake.Manifest{{Version: 1}, {Version: int64(s.flushes) + 2}} {
		m.Table, m.Slice, m.Day = sales.TableFacts, "day=2026-01-01", "2026-01-01"
		require.NoError(s.t, n.result(&m, &lake.Finding{Rule: "files", Outcome: lake.Pass, Checked: int64(s.flushes), Message: message}, lake.Pass))
	}
	require.NoError(s.t, n.entries(Entry{Hop: "gold", Source: sales.TableFacts, Partition: -1, Day: "2026-01-01", Version: int64(s.flushes) + 2}))
	require.NoError(s.t, f.write(s.t.Context(), n, int64(s.flushes)))
	s.flushes++
}

func (s *shelf) objects(prefix string) (all []blob.Object) {
	for o, err := range s.bucket.List(s.t.Context(), prefix) {
		require.NoError(s.t, err)
		all = append(all, o)
	}
	return all
}

// results are the rows of dq/results, oldest first unless a merge has put them elsewhere.
func (s *shelf) results() []string { return s.rows(sales.Results, "version", "run_ts", "checked") }

// newest is what counts of rows: those of the newest run of each version.
func newest(rows []string) map[string]string {
	answer := map[string]string{}
	for _, row := range rows {
		version, rest, _ := strings.Cut(row, " ")
		answer[version] = max(answer[version], rest) // of the same length
	}
	return answer
}

// want are the rows that the flushes wrote.
func (s *shelf) want() (rows []string) {
	for i := range s.flushes {
		rows = append(rows, fmt.Sprintf("1 %d %d", noon+int64(i), i), fmt.Sprintf("%d %d %d", i+2, noon+int64(i), i))
	}
	return rows
}

func TestManyFlushesLeaveFewFiles(t *testing.T) {
	s := newShelf(t)
	f := s.owner()
	other := "dq/results/date=2026-01-01/p=003/gold-notes.parquet"
	require.NoError(t, s.bucket.Put(t.Context(), other, nil))
	most := 0
	for range 5 * mergeFrom {
		s.flush(f, 0, "fine")
		f.tidy()
		most = max(most, len(s.objects("dq/results/")))
	}
	require.LessOrEqual(t, most, mergeFrom+2)
	require.Less(t, len(s.objects("dq/ledger/")), mergeFrom+2)
	objects := s.objects("dq/results/")
	require.Regexp(t, `^dq/results/date=2026-01-01/p=003/gold-00000000000000000000-merged-[a-z2-7]{8}\.parquet$`, objects[0].Key)
	require.Equal(t, other, objects[len(objects)-1].Key, "a file of someone else")
	require.NoError(t, s.bucket.Delete(t.Context(), other))
	require.Equal(t, s.want(), s.results(), "all rows, in their order, once")
	require.Len(t, s.rows(sales.DQLedger, "version"), s.flushes)
	require.Empty(t, s.objects("dq/samples/"))
}

// What a date has when it is over becomes one file, also by a task that was started since.
func TestAClosedDateIsOneFile(t *testing.T) {
	for name, next := range map[string]func(*shelf, *files) *files{
		"the same":  func(_ *shelf, f *files) *files { return f },
		"restarted": func(s *shelf, _ *files) *files { return s.owner() },
	} {
		t.Run(name, func(t *testing.T) {
			s := newShelf(t)
			f := s.owner()
			for range 10 {
				s.flush(f, 0, "fine")
				f.tidy()
			}
			require.Len(t, s.objects("dq/results/date=2026-01-01/"), 10)
			before := s.results()
			f = next(s, f)
			for range 2 {
				s.flush(f, sales.MicrosPerDay, "fine")
				f.tidy()
			}
			require.Len(t, s.objects("dq/results/date=2026-01-01/"), 1)
			require.Len(t, s.objects("dq/ledger/date=2026-01-01/"), 1)
			require.Len(t, s.objects("dq/results/date=2026-01-02/"), 2)
			require.Equal(t, before, s.results()[:len(before)])
		})
	}
}

func TestARestartMergesWhatIsThere(t *testing.T) {
	s := newShelf(t)
	for range 3 { // none of them writes enough to look again
		f := s.owner()
		for range mergeFrom - 1 {
			s.flush(f, 0, "fine")
			f.tidy()
		}
	}
	require.Less(t, len(s.objects("dq/results/")), 2*mergeFrom)
	require.Equal(t, s.want(), s.results())
}

// Other tasks and instances have files in the same folder, and on other partitions.
func TestOnlyOwnFilesAreMerged(t *testing.T) {
	s := newShelf(t)
	st := &stage{Options: Options{Bucket: s.bucket, Log: s.log}}
	loads, elsewhere := st.files(stream.Partition{Topic: sales.TopicLoads, ID: 3}), st.files(stream.Partition{Topic: sales.TopicGold, ID: 4})
	f := s.owner()
	for range 2 * mergeFrom {
		for _, to := range []*files{f, &loads, &elsewhere} {
			s.flush(to, 0, "fine")
		}
	}
	f.tidy()
	require.Len(t, s.objects("dq/results/date=2026-01-01/p=003/gold-"), 1)
	require.Len(t, s.objects("dq/results/date=2026-01-01/p=003/loads-"), 2*mergeFrom)
	require.Len(t, s.objects("dq/results/date=2026-01-01/p=004/"), 2*mergeFrom)
}

// No merged file grows beyond what is merged at once.
func TestMergedFilesHaveABound(t *testing.T) {
	s := newShelf(t)
	f := s.owner()
	for range 3 * mergeFrom {
		s.flush(f, 0, noise(60_000))
		f.tidy()
	}
	small := 0
	for _, o := range s.objects("dq/results/") {
		require.Less(t, o.Size, int64(mergeBytes+smallFile))
		if o.Size < smallFile {
			small++
		}
	}
	require.Less(t, small, 2*mergeFrom)
	require.Equal(t, s.want(), s.results())
}

func TestALargeFileIsLeftAlone(t *testing.T) {
	s := newShelf(t)
	f := s.owner()
	s.flush(f, 0, noise(smallFile))
	large := s.objects("dq/results/")[0]
	require.GreaterOrEqual(t, large.Size, int64(smallFile))
	for range mergeFrom {
		s.flush(f, 0, "fine")
	}
	f.tidy()
	require.Len(t, s.objects("dq/results/"), 2)
	require.Equal(t, large.Key, s.objects("dq/results/")[0].Key)
	require.Equal(t, s.want(), s.results())
}

// noise is text that does not compress.
func noise(n int) string {
	text := make([]byte, n)
	for i := range text {
		text[i] = byte(' ' + rand.IntN(95))
	}
	return string(text)
}
