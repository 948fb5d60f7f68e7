package dq

import (
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

func strangersID(p *ForeignKey) string { return "strangers:" + p.Column + ":" + p.References }

// foreignKeyNeeds are the keys that were no member's when their rows were read. Most come to be one's, as events
// overtake each other.
func foreignKeyNeeds(r *rules.Rule) []need {
	p := r.Params.(*ForeignKey)
	needs := []need{{r.Table, strangersID(p), func(g *RowGroup, in scope) (found part, err error) {
		in.roster.among(p.References, func(m members) { found, err = g.keys([]string{p.Column}, m.lack) })
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
	unknown, none := map[string]bool{}, false // files with such rows
	e.auditor.roster.among(p.References, func(m members) {
		strangers, _ := e.Slice.parts[strangersID(p)].(*keysPart)
		if none = len(m) == 0; none || strangers == nil {
			return
		}
		for _, r := range strangers.of {
			for _, hash := range r.hashes {
				if m.lack(hash) {
					found.Failed++
					unknown[r.file] = true
				}
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
	for _, file := range slices.Sorted(maps.Keys(unknown)) {
		if len(found.Samples) == e.auditor.Samples {
			break
		}
		if err := e.sampleStrangers(ctx, p, file, &found); err != nil {
			return found, err
		}
	}
	if len(found.Samples) > 0 {
		found.Message += ", such as " + places(found.Samples)
	}
	return found, nil
}

// sampleStrangers reads a file again for rows whose key is no member's.
func (e *Evidence) sampleStrangers(ctx context.Context, p *ForeignKey, file string, found *Result) error {
	return e.auditor.groups(ctx, e.Slice, e.Slice.file(file), func(g *RowGroup) (more bool, err error) {
		of, err := g.hash([]string{p.Column})
		e.auditor.roster.among(p.References, func(m members) {
			for i, hash := range of {
				if m.lack(hash) && len(found.Samples) < e.auditor.Samples {
					found.Samples = append(found.Samples, g.sample(i, p.Column))
				}
			}
		})
		return len(found.Samples) < e.auditor.Samples, err
	})
}
