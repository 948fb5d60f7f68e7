package dq

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/column"
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

// brokenBucket is a bucket of which some calls fail.
type brokenBucket struct {
	filesBucket
	get, put, del error
}

func (b *brokenBucket) Get(ctx context.Context, key string) ([]byte, error) {
	if b.get != nil {
		return nil, b.get
	}
	return b.filesBucket.Get(ctx, key)
}

func (b *brokenBucket) Put(ctx context.Context, key string, body []byte) error {
	if b.put != nil {
		return b.put
	}
	return b.filesBucket.Put(ctx, key, body)
}

func (b *brokenBucket) Delete(ctx context.Context, key string) error {
	if b.del != nil {
		return b.del
	}
	return b.filesBucket.Delete(ctx, key)
}

// A store that fails keeps the verdicts back.
func TestRowsAreWrittenBeforeTheCommit(t *testing.T) {
	s := newShelf(t)
	away := errors.New("away")
	f := s.owner()
	f.bucket = &brokenBucket{s.bucket, nil, away, nil}
	n := newNotes()
	require.NoError(t, n.verdict(&lake.Verdict{Outcome: lake.Pass, Findings: []lake.Finding{{Rule: "files", Outcome: lake.Pass}}, Manifest: lake.Manifest{Day: "2026-01-01"}}, nil))
	require.ErrorIs(t, f.write(t.Context(), n, 7), away)
}

// What cannot be merged is left for the next time, and not tried with every flush.
func TestAMergeThatFailsIsTriedAgain(t *testing.T) {
	away := errors.New("away")
	for name, fault := range map[string]brokenBucket{"read": {get: away}, "write": {put: away}, "delete": {del: away}} {
		t.Run(name, func(t *testing.T) {
			s := newShelf(t)
			f := s.owner()
			for range mergeFrom {
				s.flush(f, 0, "fine")
			}
			fault.filesBucket = s.bucket
			f.bucket = &fault
			f.tidy()
			require.Equal(t, newest(s.want()), newest(s.results()))
			f.bucket = s.bucket
			f.tidy()
			require.GreaterOrEqual(t, len(s.objects("dq/results/")), mergeFrom, "not yet")
			for range mergeFrom {
				s.flush(f, 0, "fine")
				f.tidy()
			}
			require.LessOrEqual(t, len(s.objects("dq/results/")), 2)
			require.Equal(t, s.want(), s.results(), "parts of a merged file are deleted, not merged again")
		})
	}
}

// A process that ends between the write and the deletion leaves rows twice, and the same answer.
func TestACrashBetweenWriteAndDeletion(t *testing.T) {
	s := newShelf(t)
	for range 3 {
		f := s.owner()
		for range mergeFrom {
			s.flush(f, 0, "fine")
		}
		f.bucket = &brokenBucket{filesBucket: s.bucket, del: errors.New("killed")}
		f.tidy()
		require.Greater(t, len(s.results()), len(s.want()))
		require.Equal(t, newest(s.want()), newest(s.results()))
	}
	f := s.owner()
	s.flush(f, 0, "fine")
	f.tidy()
	require.Len(t, s.objects("dq/results/"), 1)
	require.Equal(t, newest(s.want()), newest(s.results()))
}

// A former owner of the partition may still be at it.
func TestTwoOwnersLoseNothing(t *testing.T) {
	for range 10 {
		s := newShelf(t)
		var owners []*files
		for range 2 {
			f := s.owner()
			for range mergeFrom / 2 {
				s.flush(f, 0, "fine")
			}
			owners = append(owners, f)
		}
		var group sync.WaitGroup
		for _, f := range owners {
			group.Go(f.tidy)
		}
		group.Wait()
		require.LessOrEqual(t, len(s.objects("dq/results/")), 2)
		require.Equal(t, newest(s.want()), newest(s.results()))
	}
}

// What another owner has merged between the listing and the reading is passed over.
func TestPartsThatAreGoneArePassedOver(t *testing.T) {
	s := newShelf(t)
	f, other := s.owner(), s.owner()
	for range mergeFrom {
		s.flush(f, 0, "fine")
	}
	f.bucket = &busyBucket{filesBucket: s.bucket, meanwhile: sync.OnceFunc(func() {
		var keys []string
		for _, o := range s.objects("dq/results/")[:mergeFrom/2] {
			keys = append(keys, o.Key)
		}
		require.NoError(t, other.mergeFiles(t.Context(), sales.Results, keys))
	})}
	require.NoError(t, f.merge(t.Context()))
	require.Len(t, s.objects("dq/results/"), 2)
	require.Equal(t, s.want(), s.results())
}

// busyBucket is a bucket in which something else happens before the first read.
type busyBucket struct {
	filesBucket
	meanwhile func()
}

func (b *busyBucket) Get(ctx context.Context, key string) ([]byte, error) {
	b.meanwhile()
	return b.filesBucket.Get(ctx, key)
}

// A reader that has a listing of before the merge finds what is gone when it lists again.
func TestAReaderListsBeforeAndReadsAfter(t *testing.T) {
	s := newShelf(t)
	f := s.owner()
	for range mergeFrom {
		s.flush(f, 0, "fine")
	}
	listed := s.objects("dq/results/")
	seen := s.rowsOf(sales.Results, listed[:10], "version", "run_ts", "checked")
	f.tidy()
	for _, o := range listed {
		_, err := s.bucket.Get(t.Context(), o.Key)
		require.ErrorIs(t, err, blob.ErrNotFound)
	}
	require.Equal(t, newest(s.want()), newest(append(seen, s.results()...)))
}

// An instance that is newer has the table's files merged, with the columns that it knows.
func TestFilesOfANewerSchemaAreLeftAlone(t *testing.T) {
	s := newShelf(t)
	f := s.owner()
	newer := *sales.Results
	newer.Version++
	b := column.NewBatch(&newer, 0)
	e, err := lake.NewEncoder(&newer, lake.Encoding{})
	require.NoError(t, err)
	data, err := e.Encode(nil, b)
	require.NoError(t, err)
	key := f.prefix(sales.Results, testDay) + "-00000000000000000000-aaaaaaaa.parquet"
	require.NoError(t, s.bucket.Put(t.Context(), key, data))
	for range mergeFrom {
		s.flush(f, 0, "fine")
	}
	f.tidy()
	require.Len(t, s.objects("dq/results/"), 2)
	require.Equal(t, key, s.objects("dq/results/")[0].Key)
	require.Equal(t, s.want(), s.results())
}

// Both kinds of tasks merge after their commits.
func TestStageMergesItsFiles(t *testing.T) {
	r := newRig(t)
	s := &shelf{rig: r}
	st := &stage{Options: Options{Bucket: r.bucket, Log: r.log}}
	yesterday := time.Now().UnixMicro() - sales.MicrosPerDay
	left := func(topic string) int {
		return len(s.objects(fmt.Sprintf("dq/results/date=%s/p=003/%s-", sales.FormatDay(sales.DayOf(yesterday)), topic)))
	}
	for _, topic := range []string{sales.TopicGold, sales.TopicLoads} {
		f := st.files(stream.Partition{Topic: topic, ID: partition})
		for range 3 {
			s.flush(&f, yesterday-noon, "fine")
		}
	}
	require.Equal(t, []int{3, 3}, []int{left("gold"), left("loads")})
	r.publish(1, 100, 0)
	r.run(func() bool { return left("gold") == 1 })
	r.load(sales.TableFacts, 1, lake.Count{Rows: 100, Cents: cents(100)})
	r.run(func() bool { return left("loads") == 1 })
}
