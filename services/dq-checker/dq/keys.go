package dq

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"github.com/zeebo/xxh3"

	"github.com/saleslake/saleslake/pkg/rules"
)

// keysPart has the hashes of keys, of one or more columns. Rows whose first column is null have none.
type keysPart struct{ of []run }

// run is the hashes of some rows of a file, ascending.
type run struct {
	file   string
	hashes []uint64
}

func (p *keysPart) join(after []part) part {
	all := slices.Clip(p.of)
	for _, a := range after {
		all = append(all, a.(*keysPart).of...)
	}
	return &keysPart{all}
}

func (p *keysPart) size() (bytes int) {
	for _, r := range p.of {
		bytes += 64 + 8*cap(r.hashes)
	}
	return bytes
}

// keyNeed is the need for hashes of the columns.
func keyNeed(table string, columns []string) need {
	return need{table, keyID(columns), func(g *RowGroup, _ scope) (part, error) {
		return g.keys(columns, func(hash uint64) bool { return hash != 0 })
	}}
}

// keys gives the hashes of the columns that are wanted.
func (g *RowGroup) keys(columns []string, wanted func(hash uint64) bool) (part, error) {
	of, err := g.hash(columns)
	if err != nil {
		return nil, err
	}
	n := 0
	for _, hash := range of {
		if wanted(hash) {
			of[n] = hash
			n++
		}
	}
	if n < len(of) { // the others' room is not kept
		of = append(make([]uint64, 0, n), of[:n]...)
	}
	slices.Sort(of[:n])
	return &keysPart{[]run{{g.File, of[:n]}}}, nil
}

func keyID(columns []string) string { return "key:" + strings.Join(columns, ",") }

// hash gives one for each row, 0 where the first column is null.
func (g *RowGroup) hash(columns []string) ([]uint64, error) {
	to := make([]uint64, g.Rows)
	for c, name := range columns {
		v, err := g.Column(name)
		if err != nil {
			return nil, err
		}
		v.hashInto(to, c == 0)
	}
	return to, nil
}

// hashInto mixes the values' hashes into to.
func (v *Values) hashInto(to []uint64, first bool) {
	of := func(i int) uint64 { return xxh3.Hash(v.Text.At(i)) }
	switch {
	case !v.text:
		of = func(i int) uint64 {
			var b [8]byte
			binary.LittleEndian.PutUint64(b[:], uint64(v.Ints[i]))
			return xxh3.Hash(b[:])
		}
	case v.Codes != nil:
		dict := make([]uint64, len(v.Dict))
		for code, value := range v.Dict {
			dict[code] = xxh3.HashString(value)
		}
		of = func(i int) uint64 { return dict[max(0, v.Codes[i])] }
	}
	for i := range to {
		switch {
		case first && v.null(i):
			to[i] = 0
		case first:
			to[i] = max(1, of(i))
		case to[i] != 0:
			to[i] = max(1, to[i]*0x9e3779b97f4a7c15+of(i))
		}
	}
}

// Unique are the parameters of kind unique: no two rows of a slice have the same values in
// all of the columns. Rows whose first column is null are left to not_null.
type Unique struct {
	rules.Limits `yaml:",inline"`
	Columns      []string `yaml:"columns"`
}

// Check wants the columns to be there.
func (p *Unique) Check(c *rules.Checker) {
	for i, name := range p.Columns {
		c.Column(name, nil, "columns", fmt.Sprint(i))
	}
}

func uniqueNeeds(r *rules.Rule) []need {
	return []need{keyNeed(r.Table, r.Params.(*Unique).Columns)}
}

// manySuspects is how many rows with equal hashes are more than chance: fewer are looked at.
const manySuspects = 10_000

// fewKeys is of how many keys rows are looked at when there are more.
const fewKeys = 100

func judgeUnique(ctx context.Context, e *Evidence, r *rules.Rule) (Result, error) {
	p := r.Params.(*Unique)
	found := Result{Checked: e.Slice.Rows}
	repeated, failed := e.auditor.repeated(e, p.Columns)
	var err error
	if found.Failed, found.Samples, err = e.auditor.confirm(ctx, e.Slice, repeated, failed, p.Columns); err != nil {
		return found, err
	}
	found.Outcome = outcome(r, p.Breached(found.Failed, found.Checked))
	found.Message = fmt.Sprintf("none of %d rows repeats %s", found.Checked, strings.Join(p.Columns, " and "))
	if found.Failed > 0 {
		found.Message = fmt.Sprintf("%d rows repeat %s, such as %s", found.Failed, strings.Join(p.Columns, " and "), places(found.Samples)) + p.Said()
	}
	return found, nil
}

// distinct knows of slices which files have no key in common, as of the version that was judged last: most
// files of the next one are the same, and need not be held against each other again. A slice is known by its rule's columns, too.
type distinct struct {
	mu    sync.Mutex
	files *simplelru.LRU[string, map[fileID]bool]
}

type fileID struct{ key, sha256 string }

// manySlices is for how many slices that is kept. The others are made anew.
const manySlices = 1024

func newDistinct() *distinct {
	files, err := simplelru.NewLRU[string, map[fileID]bool](manySlices, nil)
	if err != nil {
		panic(err) // the size is constant
	}
	return &distinct{files: files}
}

// repeated finds the hashes that several rows of the slice have, and how many rows there are of them
// without the first of each: of the hashes a few at most, when there are too many for chance.
func (a *Auditor) repeated(e *Evidence, columns []string) (hashes map[uint64]bool, failed int64) {
	id := keyID(columns)
	keys, _ := e.Slice.parts[id].(*keysPart)
	if keys == nil { // a slice without rows
		return nil, 0
	}
	slice := e.Manifest.Key() + " " + id
	a.distinct.mu.Lock()
	before, _ := a.distinct.files.Get(slice)
	a.distinct.mu.Unlock()
	known, now := map[string]bool{}, map[fileID]bool{}
	for _, f := range e.Slice.files {
		of := fileID{f.Key, f.SHA256}
		known[f.Key], now[of] = before[of] && !now[of], true // one that is listed twice repeats itself
	}
	hashes, failed = keys.repeated(known)
	maps.DeleteFunc(now, func(of fileID, _ bool) bool { return !keys.read(of.key) || keys.has(of.key, hashes) })
	if failed < manySuspects/2 { // then these are all hashes
		a.distinct.mu.Lock()
		defer a.distinct.mu.Unlock()
		a.distinct.files.Add(slice, now)
	}
	return hashes, failed
}

// repeated is [Auditor.repeated]. Files that are known have no hash twice, all together.
func (p *keysPart) repeated(known map[string]bool) (hashes map[uint64]bool, failed int64) {
	hashes = map[uint64]bool{}
	again := func(hash uint64) {
		if failed++; len(hashes) < manySuspects/2 {
			hashes[hash] = true
		}
	}
	var fresh []uint64
	for _, r := range p.of {
		if !known[r.file] {
			fresh = append(fresh, r.hashes...)
		}
	}
	slices.Sort(fresh)
	for i := 1; i < len(fresh); i++ {
		if fresh[i] == fresh[i-1] {
			again(fresh[i])
		}
	}
	fresh = slices.Compact(fresh)
	for _, r := range p.of {
		if known[r.file] {
			common(r.hashes, fresh, again)
		}
	}
	if failed >= manySuspects/2 { // samples of a few are enough
		for hash := range hashes {
			if len(hashes) == fewKeys {
				break
			}
			delete(hashes, hash)
		}
	}
	return hashes, failed
}

// common calls found with what two ascending lists without repetitions share.
func common(a, b []uint64, found func(uint64)) {
	if len(a) > len(b) {
		a, b = b, a
	}
	for _, hash := range a {
		ahead := 1
		for ahead < len(b) && b[ahead] < hash {
			ahead *= 2
		}
		at, here := slices.BinarySearch(b[:min(ahead+1, len(b))], hash)
		if here {
			found(hash)
		}
		b = b[at:]
	}
}

// read tells whether the part has a file, which it has not when that could not be read.
func (p *keysPart) read(file string) bool {
	return slices.ContainsFunc(p.of, func(r run) bool { return r.file == file })
}

// has tells whether the part has one of the hashes in a file.
func (p *keysPart) has(file string, hashes map[uint64]bool) bool {
	for _, r := range p.of {
		if r.file != file {
			continue
		}
		for hash := range hashes {
			if _, here := slices.BinarySearch(r.hashes, hash); here {
				return true
			}
		}
	}
	return false
}

// confirm reads the rows with hashes that several have again and compares their values, and samples those
// that repeat one. Too many to look at are taken as they are.
func (a *Auditor) confirm(ctx context.Context, s *Slice, hashes map[uint64]bool, failed int64, columns []string) (int64, []Sample, error) {
	if failed == 0 {
		return 0, nil, nil
	}
	keys := s.parts[keyID(columns)].(*keysPart)
	seen, repeats, looked := map[string]bool{}, int64(0), 0
	var samples []Sample
	enough := func() bool { return failed >= manySuspects/2 && len(samples) == a.Samples }
	for _, file := range s.files {
		if enough() || !keys.has(file.Key, hashes) {
			continue
		}
		err := a.groups(ctx, s, file, func(g *RowGroup) (more bool, err error) {
			of, err := g.hash(columns)
			if err != nil {
				return false, err
			}
			keyOf, err := g.groups(columns)
			if err != nil {
				return false, err
			}
			for i, hash := range of {
				if !hashes[hash] || looked == manySuspects {
					continue
				}
				looked++
				key := keyOf(i)
				if seen[key] {
					if repeats++; len(samples) < a.Samples {
						samples = append(samples, g.sample(i, columns[0]))
					}
				}
				seen[key] = true
			}
			return looked < manySuspects && !enough(), nil
		})
		if err != nil {
			return 0, nil, err
		}
	}
	if failed >= manySuspects/2 {
		return failed, samples, nil
	}
	return repeats, samples, nil
}
