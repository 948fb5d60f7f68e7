package dq

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

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

// racedBucket is a bucket from which another owner takes a file between the list and the read.
type racedBucket struct {
	filesBucket
	raced sync.Once
	taken string
}

func (b *racedBucket) Get(ctx context.Context, key string) (data []byte, err error) {
	b.raced.Do(func() {
		b.taken = key
		err = b.Delete(ctx, key)
	})
	if err != nil {
		return nil, err
	}
	return b.filesBucket.Get(ctx, key)
}

// A part that another owner has merged meanwhile is its, and the others are merged.
func TestAPartThatIsGoneIsLeftOut(t *testing.T) {
	s := newShelf(t)
	f := s.owner()
	for range mergeFrom {
		s.flush(f, 0, "fine")
	}
	raced := &racedBucket{filesBucket: s.bucket}
	f.bucket = raced
	f.tidy()
	require.Contains(t, raced.taken, "dq/results/")
	require.Len(t, s.objects("dq/results/"), 1)
	require.Len(t, s.results(), len(s.want())-2, "a file has two rows")
}

// A file of smallFile bytes is left alone: here it could not even be read.
func TestFilesThatAreNotSmallAreLeftAlone(t *testing.T) {
	s := newShelf(t)
	f := s.owner()
	for range mergeFrom {
		s.flush(f, 0, "fine")
	}
	big := f.prefix(sales.Results, testDay) + "-00000000000000000000-aaaaaaaa.parquet"
	require.NoError(t, s.bucket.Put(t.Context(), big, make([]byte, smallFile)))
	f.tidy()
	objects := s.objects("dq/results/")
	require.Len(t, objects, 2)
	require.Equal(t, big, objects[0].Key)
	require.NoError(t, s.bucket.Delete(t.Context(), big))
	require.Equal(t, s.want(), s.results())
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
