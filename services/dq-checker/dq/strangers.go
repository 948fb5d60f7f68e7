package dq

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/rules"
	"github.com/saleslake/saleslake/pkg/sales"
)

// ForeignKey are the parameters of kind foreign_key: the column's values are members of
// silver/customers or of products.csv. While there are none at all, there is nothing to
// hold it against. A row whose key was a member when its file was read is not held against them again.
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

// strangersPart has the keys that were no member's when their rows were read, by hash. Most come to be one's, as
// events overtake each other.
type strangersPart struct {
	of   map[uint64]stranger
	most int // places of each
}

type stranger struct {
	rows   int64
	places []rowPlace // of the first of them
}

// rowPlace is where a row is.
type rowPlace struct {
	file string
	row  int64 // from 0
}

func (p *strangersPart) join(after []part) part {
	all := &strangersPart{maps.Clone(p.of), p.most}
	for _, a := range after {
		for hash, s := range a.(*strangersPart).of {
			all.add(hash, s)
		}
	}
	return all
}

func (p *strangersPart) add(hash uint64, s stranger) {
	have := p.of[hash]
	have.rows += s.rows
	have.places = append(slices.Clip(have.places), s.places[:min(len(s.places), p.most-len(have.places))]...)
	p.of[hash] = have
}

func (p *strangersPart) size() (bytes int) {
	for _, s := range p.of {
		bytes += 64 + 24*cap(s.places)
	}
	return bytes
}

func strangersID(p *ForeignKey) string { return "strangers:" + p.Column + ":" + p.References }

func foreignKeyNeeds(r *rules.Rule) []need {
	p := r.Params.(*ForeignKey)
	needs := []need{{r.Table, strangersID(p), func(g *RowGroup, in scope) (part, error) {
		of, err := g.hash([]string{p.Column})
		found := &strangersPart{map[uint64]stranger{}, in.samples}
		in.roster.among(p.References, func(members map[uint64]struct{}) {
			for i, hash := range of {
				if _, known := members[hash]; !known && hash != 0 {
					found.add(hash, stranger{1, []rowPlace{{g.File, g.First + int64(i)}}})
				}
			}
		})
		return found, err
	}}}
	if p.References == customersReference {
		needs = append(needs, keyNeed(customersReference, []string{memberKey}))
	}
	return needs
}

func judgeForeignKey(ctx context.Context, e *Evidence, r *rules.Rule) (Result, error) {
	p := r.Params.(*ForeignKey)
	found := Result{Outcome: lake.Pass, Checked: e.Slice.Rows}
	if err := e.auditor.readMembers(ctx, p.References); err != nil {
		return found, err
	}
	var unknown []rowPlace
	none := false
	e.auditor.roster.among(p.References, func(members map[uint64]struct{}) {
		strangers, _ := e.Slice.parts[strangersID(p)].(*strangersPart)
		if none = len(members) == 0; none || strangers == nil {
			return
		}
		for hash, s := range strangers.of {
			if _, known := members[hash]; !known {
				found.Failed += s.rows
				unknown = append(unknown, s.places...)
			}
		}
	})
	if none {
		found.Message = fmt.Sprintf("%s has no members to hold %s against", p.References, p.Column)
		return found, nil
	}
	found.Outcome = outcome(r, p.Breached(found.Failed, found.Checked))
	found.Message = fmt.Sprintf("%d of %d rows have a %s that %s does not have", found.Failed, found.Checked, p.Column, p.References) + p.Said()
	if found.Outcome == lake.Pass { // a few are no reason to read files again
		return found, nil
	}
	var err error
	if found.Samples, err = e.auditor.sample(ctx, e.Slice, unknown, p.Column); err != nil {
		return found, err
	}
	found.Message += ", such as " + places(found.Samples)
	return found, nil
}

// sample reads the first of the rows.
func (a *Auditor) sample(ctx context.Context, s *Slice, rows []rowPlace, column string) (samples []Sample, err error) {
	slices.SortFunc(rows, func(a, b rowPlace) int { return cmp.Or(cmp.Compare(a.file, b.file), cmp.Compare(a.row, b.row)) })
	of := map[string][]int64{}
	for _, at := range rows[:min(len(rows), a.Samples)] {
		of[at.file] = append(of[at.file], at.row)
	}
	for _, file := range slices.Sorted(maps.Keys(of)) {
		err := a.visit(ctx, s, s.file(file), of[file], func(g *RowGroup, i int) error {
			samples = append(samples, g.sample(i, column))
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return samples, nil
}
