package dq

import (
	"context"
	"fmt"
	"maps"
	"math/bits"
	"slices"
	"strings"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/rules"
	"github.com/saleslake/saleslake/pkg/sales"
)

// Reconcile are the parameters of kind reconcile: sums that are equal, or a column that is
// the product of two others in every row. One of Equal and Product is given.
type Reconcile struct {
	rules.Limits `yaml:",inline"`
	Where        rules.Where `yaml:"where"` // of Product
	Equal        []Equality  `yaml:"equal"`
	Product      *Product    `yaml:"product"`
	Tolerance    rules.Text  `yaml:"tolerance"` // of Product, an amount

	tolerance int64 // cents
}

// Equality is two sums that are equal, in each group when By names columns.
type Equality struct {
	Left        []string    `yaml:"left"`
	Right       []string    `yaml:"right"`
	Where       rules.Where `yaml:"where"` // rows of the other table
	By          []string    `yaml:"by"`    // of both tables
	ThisVersion bool        `yaml:"this_version"`

	left, right []term
	of          column.Type // how sums are written
}

// Product says that a column is the product of two others.
type Product struct {
	Of     []string `yaml:"of"`
	Column string   `yaml:"column"`
}

// Check reads the terms, whose columns must be numbers.
func (p *Reconcile) Check(c *rules.Checker) {
	if (len(p.Equal) > 0) == (p.Product != nil) {
		c.Fault("has neither equal nor product, or both", "give one of them")
	}
	p.Where.Check(c, c.Schema, "where")
	if p.Product != nil {
		p.checkProduct(c)
	} else if p.Tolerance != "" || p.Where != nil || p.Limits != (rules.Limits{}) {
		c.Fault("tolerance, where, max_failed_share and min_rows are of a product", "take them out: sums are equal or not")
	}
	for i := range p.Equal {
		eq, path := &p.Equal[i], []string{"equal", fmt.Sprint(i)}
		if len(eq.By) == 0 && eq.ThisVersion {
			c.Fault("this_version is without by", "name the columns of a group", append(path, "this_version")...)
		}
		own := eq.By
		if eq.ThisVersion {
			c.Column(versionColumn, []column.Type{column.Int64}, append(path, "this_version")...)
			own = append([]string{versionColumn}, own...)
		}
		for j, name := range eq.By {
			c.Column(name, nil, slices.Concat(path, []string{"by", fmt.Sprint(j)})...)
		}
		eq.left = eq.terms(c, eq.Left, own, slices.Concat(path, []string{"left"}))
		eq.right = eq.terms(c, eq.Right, eq.By, slices.Concat(path, []string{"right"}))
	}
}

// versionColumn is that of gold/restatements.
const versionColumn = "version"

func (p *Reconcile) checkProduct(c *rules.Checker) {
	numbers := []column.Type{column.Int32, column.Int64, column.Decimal}
	c.Column(p.Product.Column, numbers, "product", "column")
	for i, name := range p.Product.Of {
		c.Column(name, numbers, "product", "of", fmt.Sprint(i))
	}
	if p.Tolerance == "" {
		return
	}
	var err error
	if p.tolerance, err = p.Tolerance.Number(column.Decimal); err != nil {
		c.Fault(fmt.Sprintf("tolerance %q %v", p.Tolerance, err), "write it like 0.01", "tolerance")
	}
}

func (eq *Equality) terms(c *rules.Checker, texts []string, by, path []string) (terms []term) {
	for i, text := range texts {
		at := append(slices.Clone(path), fmt.Sprint(i))
		t := term{by: by}
		t.column, t.minus = strings.CutPrefix(text, "-")
		if source, name, found := strings.Cut(t.column, "."); found {
			t.source, t.column = source, name
		}
		switch table, of := dayTables[t.source]; {
		case t.source == "":
			eq.note(sumColumn(c, c.Schema, t.column, at))
		case of:
			s := rules.Schema(table)
			eq.note(sumColumn(c, s, t.column, at))
			t.where = eq.Where
			eq.Where.Check(c, s, append(slices.Clone(path[:2]), "where")...)
			for j, name := range by {
				c.ColumnOf(s, name, nil, path[0], path[1], "by", fmt.Sprint(j))
			}
		case t.source != fromManifest && t.source != fromInputs:
			c.Fault(fmt.Sprintf("%q is no source of sums", t.source), "name one of manifest, inputs, "+strings.Join(slices.Sorted(maps.Keys(dayTables)), ", "), at...)
		case t.column != "rows" && t.column != "revenue" || len(by) > 0:
			c.Fault(fmt.Sprintf("%s has rows and revenue, and no groups", t.source), "name one of those, without by", at...)
		case t.column == "revenue":
			eq.note(column.Decimal)
		}
		terms = append(terms, t)
	}
	return terms
}

// note remembers how the sums are written.
func (eq *Equality) note(of column.Type) {
	if of == column.Decimal {
		eq.of = of
	}
}

func sumColumn(c *rules.Checker, s *column.Schema, name string, path []string) column.Type {
	if name == "rows" {
		return column.Int64
	}
	if f := c.ColumnOf(s, name, []column.Type{column.Int32, column.Int64, column.Decimal}, path...); f != nil {
		return f.Type
	}
	return column.Int64
}

func reconcileNeeds(r *rules.Rule) (needs []need) {
	p := r.Params.(*Reconcile)
	if p.Product != nil {
		return []need{{r.Table, r.Name + "/" + p.Product.Column, p.scanProduct}}
	}
	for _, eq := range p.Equal {
		for _, t := range slices.Concat(eq.left, eq.right) {
			if t.source != fromManifest && t.source != fromInputs {
				needs = append(needs, t.need(r.Table))
			}
		}
	}
	return needs
}

// scanProduct counts the rows whose column is not the product.
func (p *Reconcile) scanProduct(g *RowGroup, in scope) (part, error) {
	about, err := g.meant(p.Where)
	if err != nil {
		return nil, err
	}
	var columns [3][]int64
	for i, name := range append(slices.Clone(p.Product.Of), p.Product.Column) {
		v, err := g.Column(name)
		if err != nil {
			return nil, err
		}
		columns[i] = v.Ints
	}
	a, b, product := columns[0], columns[1], columns[2]
	return g.count(p.Product.Column, about, func(i int) bool { return !isProduct(a[i], b[i], product[i], p.tolerance) }, in.samples), nil
}

// isProduct tells whether a × b is product, as near as the tolerance. It does not wrap.
func isProduct(a, b, product, tolerance int64) bool {
	n := a * b
	if high, low := bits.Mul64(magnitude(a), magnitude(b)); high != 0 || low > 1<<62 {
		return false
	}
	d := n - product
	return d <= tolerance && d >= -tolerance
}

func magnitude(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}

func judgeReconcile(_ context.Context, e *Evidence, r *rules.Rule) (Result, error) {
	p := r.Params.(*Reconcile)
	if p.Product != nil {
		return judgeProduct(e, r, p), nil
	}
	var faults, said []string
	for _, eq := range p.Equal {
		found, err := eq.differences(e)
		if err != "" {
			return faulty(r, []string{err}, ""), nil
		}
		faults = append(faults, found...)
		said = append(said, join(eq.left))
	}
	return faulty(r, faults, "%s agree: %d rows", strings.Join(slices.Compact(said), ", "), e.Slice.Rows), nil
}

func judgeProduct(e *Evidence, r *rules.Rule, p *Reconcile) Result {
	found := Result{Outcome: lake.Pass}
	product := strings.Join(p.Product.Of, " times ")
	if rows, _ := e.Slice.parts[r.Name+"/"+p.Product.Column].(*rowsPart); rows != nil {
		found = Result{Outcome: outcome(r, p.Breached(rows.failed, rows.checked)), Checked: rows.checked, Failed: rows.failed, Samples: rows.samples}
	}
	found.Message = fmt.Sprintf("%s is %s in %d rows", p.Product.Column, product, found.Checked)
	if found.Failed > 0 {
		found.Message = fmt.Sprintf("%s is not %s in %d of %d rows, such as %s", p.Product.Column, product, found.Failed, found.Checked, places(found.Samples)) + p.Said()
	}
	return found
}

// differences gives the groups in which the sums differ. What makes sums impossible is err.
func (eq *Equality) differences(e *Evidence) (faults []string, err string) {
	left, err := eq.sum(e, eq.left)
	if err != "" {
		return nil, err
	}
	right, err := eq.sum(e, eq.right)
	if err != "" {
		return nil, err
	}
	for _, group := range slices.Sorted(maps.Keys(left)) {
		other, of := group, ""
		if len(eq.By) > 0 {
			values := keyValues(group)
			if eq.ThisVersion {
				if values[0] != fmt.Sprint(e.Manifest.Version) {
					continue
				}
				values = values[1:]
			}
			of, other = " of "+strings.Join(values, ", "), ""
			for _, v := range values {
				other = string(appendKey([]byte(other), v))
			}
		}
		if left[group] != right[other] {
			faults = append(faults, fmt.Sprintf("%s%s: found %s, expected %s (%s)", join(eq.left), of,
				sales.FormatNumber(eq.of, left[group]), sales.FormatNumber(eq.of, right[other]), join(eq.right)))
		}
	}
	return faults, ""
}

// sum adds the terms up, by group.
func (eq *Equality) sum(e *Evidence, terms []term) (sums map[string]int64, err string) {
	sums = map[string]int64{}
	for _, t := range terms {
		of, err := e.sums(t)
		if err != "" {
			return nil, err
		}
		for group, n := range of {
			if t.minus {
				n = -n
			}
			sums[group] += n
		}
	}
	if len(eq.By) == 0 {
		sums[""] += 0 // a slice without rows
	}
	return sums, ""
}

// sums gives the sum of a term, by group.
func (e *Evidence) sums(t term) (map[string]int64, string) {
	count := lake.Count{}
	switch t.source {
	case fromManifest:
		count = e.Manifest.Count
	case fromInputs:
		for _, in := range e.Manifest.Inputs {
			count = count.Add(in.Count)
		}
	default:
		return e.columnSums(t)
	}
	if t.column == "rows" {
		return map[string]int64{"": count.Rows}, ""
	}
	return map[string]int64{"": count.Cents}, ""
}

func (e *Evidence) columnSums(t term) (map[string]int64, string) {
	s := e.Slice
	if t.source != "" {
		if s = e.Day[dayTables[t.source]]; s == nil {
			return nil, fmt.Sprintf("there are no %s of this version to hold it against", t.source)
		}
	}
	p, _ := s.parts[t.id()].(*sumsPart)
	switch {
	case p == nil:
		return nil, ""
	case p.money > maxCents:
		return nil, fmt.Sprintf("%s of the day is over %s, the most that DECIMAL(18,2) holds; the greatest is %s in %s row %d",
			t.column, sales.FormatCents(maxCents), sales.FormatCents(p.greatest.cents), p.greatest.file, p.greatest.row)
	default:
		return p.sums, ""
	}
}

func join(terms []term) string {
	var b strings.Builder
	for i, t := range terms {
		switch text := t.String(); {
		case i > 0 && t.minus:
			b.WriteString(" less " + text[1:])
		case i > 0:
			b.WriteString(" and " + text)
		default:
			b.WriteString(text)
		}
	}
	return b.String()
}
