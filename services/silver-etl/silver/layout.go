package silver

import (
	"cmp"
	"slices"
)

// maxFiles is the number of files below silver.target_bytes that a slice
// settles at: readers pay for each file, a merge pays for each row.
const maxFiles = 8

// part becomes one file of a slice's next version: the remaining rows of files
// of the version before, and perhaps the new rows. A file that loses no row and
// is alone stays as it is.
type part struct {
	files  []*file
	fresh  bool   // it has the new rows
	number uint32 // of the file
	rows   int64
	bytes  int64 // about
}

func (p *part) add(o *part) {
	p.files = append(p.files, o.files...)
	p.fresh = p.fresh || o.fresh
	p.rows += o.rows
	p.bytes += o.bytes
}

// stays gives the file that the part is, when there is nothing to write.
func (ch *change) stays(p *part) *file {
	if !p.fresh && len(p.files) == 1 && ch.lost[p.files[0]] == 0 {
		return p.files[0]
	}
	return nil
}

// hotShare is the share of silver.target_bytes, one in so many, up to which a file that loses rows
// takes new ones in.
const hotShare = 128

// layout decides which files stay and which rows go together into new ones. Files
// that lose rows are written again in any case, so small ones take the new rows
// in. Others do not: mostly it is the newest orders that change, and the file that they are in would
// grow with each commit, and be written whole with the next.
func (ch *change) layout(target int64) []*part {
	fresh := &part{fresh: true, rows: ch.newRows(), bytes: ch.newRows() * ch.bytesPerRow()}
	parts := []*part{fresh}
	files := slices.Clone(ch.current())
	slices.SortStableFunc(files, func(a, b *file) int { return cmp.Compare(a.Rows, b.Rows) })
	for _, f := range files {
		left := f.Rows - ch.lost[f]
		p := &part{files: []*file{f}, rows: left, bytes: f.Bytes * left / f.Rows}
		if ch.lost[f] == 0 || f.Bytes >= target || p.bytes > max(target/hotShare, fresh.bytes) || fresh.bytes >= target {
			parts = append(parts, p)
			continue
		}
		fresh.add(p)
	}
	return settle(parts, target)
}

// bytesPerRow is what a row of the slice takes in its files.
func (ch *change) bytesPerRow() int64 {
	var rows, bytes int64
	for _, f := range ch.current() {
		rows += f.Rows
		bytes += f.Bytes
	}
	return bytes / max(rows, 1)
}

// settle merges parts until no more than maxFiles are below the target.
func settle(parts []*part, target int64) []*part {
	slices.SortStableFunc(parts, func(a, b *part) int { return cmp.Compare(a.rows, b.rows) })
	var small, rest []*part
	for _, p := range parts {
		if p.rows > 0 && p.bytes < target {
			small = append(small, p)
		} else {
			rest = append(rest, p)
		}
	}
	if len(small) <= maxFiles {
		return parts
	}
	n := smallest(small, target)
	merged := small[0]
	for _, p := range small[1:n] {
		merged.add(p)
	}
	return settle(append(append(rest, merged), small[n:]...), target)
}

// smallest says how many of more than maxFiles parts, ordered by rows, become
// one: up to the part that is least in proportion to all smaller ones together.
//
// Of n+1 parts of R rows altogether and r in the least, that proportion is at
// most q = (R/r)^(1/n) - 1, or else they would be more than R rows. So with each
// merge a row's file grows by a factor of 1+1/q or more, and a row is written
// about q ln(R/r) times at most: for a slice of a thousand commits some 10 times,
// where merging everything each time would be a hundred. One that reaches the target
// is not merged again, so larger slices do not cost more.
func smallest(parts []*part, target int64) int {
	best, bestSum := 1, parts[0].rows
	sum, bytes := parts[0].rows, parts[0].bytes
	for i := 1; i < len(parts) && bytes < target; i++ {
		if parts[i].rows*bestSum < parts[best].rows*sum {
			best, bestSum = i, sum
		}
		sum += parts[i].rows
		bytes += parts[i].bytes
	}
	return best + 1
}
