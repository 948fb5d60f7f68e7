package dq

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/zeebo/xxh3"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/rules"
	"github.com/saleslake/saleslake/pkg/sales"
)

// keysPart has a hash for each row, of one or more columns; 0 where the first is null.
type keysPart struct{ of []hashes }

// hashes are those of rows of a file, one after the other.
type hashes struct {
	file  string
	first int64 // row of the file, from 0
	rows  []uint64
}

func (p *keysPart) join(after []part) part {
	all := slices.Clip(p.of)
	for _, a := range after {
		all = append(all, a.(*keysPart).of...)
	}
	return &keysPart{all}
}

func (p *keysPart) size() (bytes int) {
	for _, h := range p.of {
		bytes += 64 + 8*cap(h.rows)
	}
	return bytes
}

// keyNeed is the need for hashes of the columns.
func keyNeed(table string, columns []string) need {
	return need{table, keyID(columns), func(g *RowGroup, _ scope) (part, error) {
		h, err := g.hash(columns)
		return &keysPart{[]hashes{{g.File, g.First, h}}}, err
	}}
}

func keyID(columns []string) string { return "key:" + strings.Join(columns, ",") }

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
	keys, _ := e.Slice.parts[keyID(p.Columns)].(*keysPart)
	found := Result{Checked: e.Slice.Rows}
	repeated, failed := keys.repeated()
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

// repeated finds the rows whose hash another row has, by file, and how many of them there are
// without the first of each: a few at most, when there are too many for chance.
func (p *keysPart) repeated() (rows map[string][]int64, failed int64) {
	if p == nil {
		return nil, 0
	}
	total := 0
	for _, h := range p.of {
		total += len(h.rows)
	}
	all := make([]uint64, 0, total)
	for _, h := range p.of {
		all = append(all, h.rows...)
	}
	slices.Sort(all)
	twice := map[uint64]bool{}
	for i := 1; i < len(all); i++ {
		if all[i] != all[i-1] || all[i] == 0 {
			continue
		}
		if failed++; len(twice) < manySuspects/2 {
			twice[all[i]] = true
		}
	}
	if failed >= manySuspects/2 { // samples of a few are enough
		few := map[uint64]bool{}
		for hash := range twice {
			if few[hash] = true; len(few) == fewKeys {
				break
			}
		}
		twice = few
	}
	if len(twice) == 0 {
		return nil, 0
	}
	rows, suspects := map[string][]int64{}, 0
	for _, h := range p.of {
		for i, hash := range h.rows {
			if suspects < manySuspects && twice[hash] {
				rows[h.file] = append(rows[h.file], h.first+int64(i))
				suspects++
			}
		}
	}
	return rows, failed
}

// confirm reads the rows with equal hashes again and compares their values, and samples those
// that repeat one. Too many to look at are taken as they are.
func (a *Auditor) confirm(ctx context.Context, s *Slice, rows map[string][]int64, failed int64, columns []string) (int64, []Sample, error) {
	seen, repeats := map[string]bool{}, int64(0)
	var samples []Sample
	for _, file := range s.files {
		if len(rows[file.Key]) == 0 {
			continue
		}
		err := a.visit(ctx, s, file, rows[file.Key], func(g *RowGroup, i int) error {
			keyOf, err := g.groups(columns)
			if err != nil {
				return err
			}
			key := keyOf(i)
			if seen[key] {
				if repeats++; len(samples) < a.Samples {
					samples = append(samples, g.sample(i, columns[0]))
				}
			}
			seen[key] = true
			return nil
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

// ForeignKey are the parameters of kind foreign_key: the column's values are members of
// silver/customers or of products.csv. While there are none at all, there is nothing to
// hold it against.
type ForeignKey struct {
	rules.Limits `yaml:",inline"`
	Column       string `yaml:"column"`
	References   string `yaml:"references"`
}

// Check wants a column of text.
func (p *ForeignKey) Check(c *rules.Checker) {
	c.Column(p.Column, []column.Type{column.Symbol, column.String}, "column")
}

// The references of foreign keys.
const (
	customersReference = sales.TableSilverCustomers
	productsReference  = "products"
)

// memberKey is the column of silver/customers that names members.
const memberKey = "customer_id"

func foreignKeyNeeds(r *rules.Rule) []need {
	p := r.Params.(*ForeignKey)
	needs := []need{keyNeed(r.Table, []string{p.Column})}
	if p.References == customersReference {
		needs = append(needs, keyNeed(customersReference, []string{memberKey}))
	}
	return needs
}

func judgeForeignKey(ctx context.Context, e *Evidence, r *rules.Rule) (Result, error) {
	p := r.Params.(*ForeignKey)
	found := Result{Outcome: lake.Pass, Checked: e.Slice.Rows}
	unknown, none := map[string][]int64{}, false
	err := e.auditor.members(ctx, p.References, func(members map[uint64]struct{}) {
		if none = len(members) == 0; none {
			return
		}
		keys, _ := e.Slice.parts[keyID([]string{p.Column})].(*keysPart)
		found.Failed = keys.without(members, int64(e.auditor.Samples), unknown)
	})
	if err != nil {
		return found, err
	}
	if none {
		found.Message = fmt.Sprintf("%s has no members to hold %s against", p.References, p.Column)
		return found, nil
	}
	found.Outcome = outcome(r, p.Breached(found.Failed, found.Checked))
	found.Message = fmt.Sprintf("%d of %d rows have a %s that %s does not have", found.Failed, found.Checked, p.Column, p.References) + p.Said()
	if found.Outcome == lake.Pass { // a few are no reason to read files again
		return found, nil
	}
	for _, file := range slices.Sorted(maps.Keys(unknown)) {
		err := e.auditor.visit(ctx, e.Slice, e.Slice.file(file), unknown[file], func(g *RowGroup, i int) error {
			found.Samples = append(found.Samples, g.sample(i, p.Column))
			return nil
		})
		if err != nil {
			return found, err
		}
	}
	found.Message += ", such as " + places(found.Samples)
	return found, nil
}

// without counts the rows whose key no member has, and puts the first of them into rows, by file.
func (p *keysPart) without(members map[uint64]struct{}, most int64, rows map[string][]int64) (n int64) {
	if p == nil { // a slice without rows
		return 0
	}
	for _, h := range p.of {
		for i, hash := range h.rows {
			if _, known := members[hash]; known || hash == 0 {
				continue
			}
			if n++; n <= most {
				rows[h.file] = append(rows[h.file], h.first+int64(i))
			}
		}
	}
	return n
}
