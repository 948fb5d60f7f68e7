package dq

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/rules"
)

// meant gives a test of the rows of a group that a condition is about, nil when all are.
func (g *RowGroup) meant(w rules.Where) (func(i int) bool, error) {
	var test func(int) bool
	for _, name := range slices.Sorted(maps.Keys(w)) {
		v, err := g.Column(name)
		if err != nil {
			return nil, err
		}
		holds := v.oneOf(w[name])
		if before := test; before != nil {
			test = func(i int) bool { return before(i) && holds(i) }
		} else {
			test = holds
		}
	}
	return test, nil
}

// oneOf gives a test whether a row has one of the values.
func (v *Values) oneOf(values []rules.Text) func(i int) bool {
	if v.text {
		known := map[string]bool{}
		for _, value := range values {
			known[string(value)] = true
		}
		return v.matches(func(text []byte) bool { return known[string(text)] })
	}
	var numbers []int64
	for _, value := range values {
		if n, err := value.Number(column.Int64); err == nil {
			numbers = append(numbers, n)
		}
	}
	return func(i int) bool { return slices.Contains(numbers, v.Ints[i]) && !v.null(i) }
}

// matches gives a test of text, which is made once for each value of a dictionary.
func (v *Values) matches(test func([]byte) bool) func(i int) bool {
	if v.Codes == nil {
		return func(i int) bool { return test(v.Text.At(i)) }
	}
	known := make([]bool, len(v.Dict))
	for code, value := range v.Dict {
		known[code] = test([]byte(value))
	}
	null := test(nil)
	return func(i int) bool {
		if code := v.Codes[i]; code >= 0 {
			return known[code]
		}
		return null
	}
}

// null tells whether row i has no value; empty text is none.
func (v *Values) null(i int) bool {
	switch {
	case !v.text:
		return v.Null != nil && v.Null[i]
	case v.Codes != nil:
		return v.Codes[i] < 0 || v.Dict[v.Codes[i]] == ""
	default:
		return len(v.Text.At(i)) == 0
	}
}

// rowsPart counts rows, and samples those at fault.
type rowsPart struct {
	checked, failed int64
	samples         []Sample
	most            int // samples
}

func (p *rowsPart) join(after []part) part {
	sum := *p
	sum.samples = slices.Clip(sum.samples)
	for _, a := range after {
		a := a.(*rowsPart)
		sum.checked, sum.failed = sum.checked+a.checked, sum.failed+a.failed
		sum.samples = append(sum.samples, a.samples[:min(len(a.samples), p.most-len(sum.samples))]...)
	}
	return &sum
}

func (p *rowsPart) size() int { return 64 + 256*len(p.samples) }

func rowNeeds(r *rules.Rule) (needs []need) {
	p := r.Params.(rules.RowParams)
	for _, name := range p.Named() {
		needs = append(needs, need{r.Table, r.Name + "/" + name, func(g *RowGroup, in scope) (part, error) {
			about, err := g.meant(p.About())
			if err != nil {
				return nil, err
			}
			fails, err := rowTest(p, g, name, in)
			if err != nil {
				return nil, err
			}
			return g.count(name, about, fails, in.samples), nil
		}})
	}
	return needs
}

// count looks at every row that is meant.
func (g *RowGroup) count(column string, about, fails func(int) bool, most int) *rowsPart {
	found := &rowsPart{checked: int64(g.Rows), most: most}
	for i := range g.Rows {
		if about != nil && !about(i) {
			found.checked--
			continue
		}
		if !fails(i) {
			continue
		}
		if found.failed++; len(found.samples) < most {
			found.samples = append(found.samples, g.sample(i, column))
		}
	}
	return found
}

// judgeRows adds the columns up: a row that is at fault in two counts twice.
func judgeRows(_ context.Context, e *Evidence, r *rules.Rule) (Result, error) {
	p := r.Params.(rules.RowParams)
	var found Result
	var faults []string
	for _, name := range p.Named() {
		rows, _ := e.Slice.parts[r.Name+"/"+name].(*rowsPart)
		if rows == nil { // of a slice without rows
			continue
		}
		found.Checked = max(found.Checked, rows.checked)
		found.Failed += rows.failed
		if rows.failed > 0 {
			faults = append(faults, fmt.Sprintf("%s %s in %d of %d rows, such as %s", name, p.Fault(), rows.failed, rows.checked, places(rows.samples)))
			found.Samples = append(found.Samples, rows.samples[:min(len(rows.samples), e.auditor.Samples-len(found.Samples))]...)
		}
	}
	found.Outcome = outcome(r, p.Allowed().Breached(found.Failed, found.Checked))
	found.Message = fmt.Sprintf("%s: none of %d rows %s", strings.Join(p.Named(), ", "), found.Checked, p.Fault())
	if len(faults) > 0 {
		found.Message = strings.Join(faults, "; ") + p.Allowed().Said()
	}
	return found, nil
}

// places names the first few samples, with their values where they have one.
func places(samples []Sample) string {
	names := make([]string, min(len(samples), sampleRows))
	for i := range names {
		names[i] = samples[i].place()
		if samples[i].Value != "" {
			names[i] += fmt.Sprintf(" (%s)", samples[i].Value)
		}
	}
	return strings.Join(names, ", ")
}
