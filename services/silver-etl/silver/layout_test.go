package silver

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/saleslake/saleslake/pkg/lake"
)

// layouts is a slice of rows of 100 bytes each.
type layouts struct {
	files           []*file
	newest          map[*file]int // commit that some row of the file came with
	commits         int
	landed, written int64 // rows
}

func (l *layouts) change() *change {
	return &change{before: &slice{manifest: &lake.Manifest{}, files: l.files}, lost: map[*file]int64{}}
}

func (l *layouts) commit(t require.TestingT, rows, target int64) {
	ch := l.change()
	ch.rows = bronzeOf(make([]event, 0)) // the rows themselves are not looked at
	parts := ch.layout(target)
	fresh := slices.IndexFunc(parts, func(p *part) bool { return p.fresh })
	parts[fresh].rows, parts[fresh].bytes = rows, 100*rows
	l.take(t, ch, settle(parts, target), target)
	l.landed += rows
}

// take makes the parts the slice's files.
func (l *layouts) take(t require.TestingT, ch *change, parts []*part, target int64) {
	var next []*file
	small := 0
	newest := map[*file]int{}
	for _, p := range parts {
		f := ch.stays(p)
		if f != nil {
			newest[f] = l.newest[f]
		} else {
			f = &file{File: lake.File{Bytes: p.bytes, Count: lake.Count{Rows: p.rows}}}
			l.written += p.rows
			for _, old := range p.files {
				require.True(t, old.Bytes < target || ch.lost[old] > 0, "a file of the target size that loses nothing is not merged")
				newest[f] = max(newest[f], l.newest[old])
			}
			if p.fresh {
				newest[f] = l.commits
			}
			if len(p.files) > 0 {
				require.Less(t, f.Bytes, 2*target)
			}
		}
		if f.Rows == 0 {
			continue
		}
		if f.Bytes < target {
			small++
		}
		next = append(next, f)
	}
	require.LessOrEqual(t, small, maxFiles)
	l.files, l.newest = next, newest
	l.commits++
}

// bound is how often a row is written at most, by smallest's argument: once, at
// each merge that makes its file grow by its factor, and once when the file
// reaches the target.
func bound(ratio float64) float64 {
	q := math.Pow(ratio, 1.0/maxFiles) - 1
	return 2 + math.Log(ratio)/math.Log(1+1/q)
}

// However large the commits are: files stay few, and the rows written over and
// over are few, too.
func TestLayoutSettlesAndRewritesLittle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := &layouts{}
		most := rapid.SampledFrom([]int64{1, 10, 10_000}).Draw(t, "most")
		target := rapid.SampledFrom([]int64{2000, 100_000, 1 << 40}).Draw(t, "target")
		for _, rows := range rapid.SliceOfN(rapid.Int64Range(1, most), 1, 300).Draw(t, "commits") {
			l.commit(t, rows, target)
		}
		require.LessOrEqual(t, float64(l.written)/float64(l.landed), max(2, bound(float64(l.landed))))
	})
}

func TestRewritingIsLogarithmic(t *testing.T) {
	for n, most := range map[int]float64{100: 3, 2000: 7, 20_000: 12} {
		l := &layouts{}
		for range n {
			l.commit(t, 10, 1<<40)
		}
		t.Logf("%d commits: each row was written %.1f times", n, float64(l.written)/float64(l.landed))
		require.Less(t, float64(l.written)/float64(l.landed), most)
	}
}

// Small commits to a slice of large files do not write these again and again.
func TestSmallCommitsDoNotRewriteLargeFiles(t *testing.T) {
	l := &layouts{}
	for i := range 7 {
		l.commit(t, 1_000_000<<i, 1<<40)
	}
	before := l.written
	for range 10_000 {
		l.commit(t, 1, 1<<40)
	}
	require.Less(t, l.written-before, l.landed+l.landed/100, "once, to make room for small files")
}

// Orders change soon after they are placed: each commit takes rows of the files that have orders of the last three.
func TestOrdersThatChangeSoonDoNotRewriteTheDay(t *testing.T) {
	const rows, target = 6000, 128 << 20
	at := map[int]float64{}
	l := &layouts{files: []*file{{File: lake.File{Bytes: 100 * rows, Count: lake.Count{Rows: rows}}}}}
	added := bronzeOf(make([]event, rows))
	for commit := range 4001 {
		ch := l.change()
		ch.rows = added
		for f, newest := range l.newest {
			if newest >= commit-3 {
				ch.lost[f] = 1
			}
		}
		l.take(t, ch, ch.layout(target), target)
		l.landed += rows
		at[commit] = float64(l.written) / float64(l.landed)
	}
	t.Logf("each row was written %.1f, %.1f, %.1f times after 100, 1000, 4000 commits", at[100], at[1000], at[4000])
	require.Less(t, at[1000], 16.0)
	require.Less(t, at[4000], at[1000]+2)
}

func TestAFileThatLosesRowsTakesNewOnesInWhileItIsSmall(t *testing.T) {
	for rows, in := range map[int64]bool{9: true, 10: true, 12: false} {
		l := &layouts{files: []*file{{File: lake.File{Bytes: 100 * rows, Count: lake.Count{Rows: rows}}}}}
		ch := l.change()
		ch.lost = map[*file]int64{l.files[0]: 1}
		ch.rows = bronzeOf(make([]event, 1))
		parts := ch.layout(hotShare * 1000)
		require.Equal(t, in, len(parts) == 1, "of %d rows", rows)
	}
}

func TestAFileOfTheTargetSizeThatLosesRowsIsWrittenAlone(t *testing.T) {
	l := &layouts{}
	for _, rows := range []int64{50, 20, 5} {
		l.files = append(l.files, &file{File: lake.File{Bytes: 100 * rows, Count: lake.Count{Rows: rows}}})
	}
	ch := l.change()
	ch.rows = bronzeOf(make([]event, 20))
	large, lossy, emptied := l.files[0], l.files[1], l.files[2]
	ch.lost = map[*file]int64{large: 1, lossy: 1, emptied: 5}
	parts := ch.layout(5000)
	require.Len(t, parts, 2)
	require.Equal(t, &part{files: []*file{emptied, lossy}, fresh: true, rows: 39, bytes: 3900}, parts[0])
	require.Equal(t, &part{files: []*file{large}, rows: 49, bytes: 4900}, parts[1])
}
