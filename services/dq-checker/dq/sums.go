package dq

import (
	"encoding/binary"
	"fmt"
	"maps"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/rules"
	"github.com/saleslake/saleslake/pkg/sales"
)

// maxCents is the most that a DECIMAL(18,2) holds. Sums over it would wrap, here, in
// the aggregates and in the ledger alike, so that they would still agree.
const maxCents = 1e18 - 1

// term is a column of a source, to be added to a sum or taken off. Column rows counts rows.
type term struct {
	source string // "" for the rule's own table
	column string
	minus  bool
	by     []string
	where  rules.Where
}

// Where the numbers of a manifest and of its inputs come from, and what the tables of the same
// day are called.
const (
	fromManifest = "manifest"
	fromInputs   = "inputs"
)

var dayTables = map[string]string{"facts": sales.TableSilver, "daily_sales": sales.TableDailySales}

func (t term) String() string {
	name := t.column
	if t.source != "" {
		name = t.source + "." + name
	}
	if t.minus {
		name = "-" + name
	}
	return name
}

// need is the part that the term is a sum of; by is of its own table.
func (t term) need(own string) need {
	table := own
	if t.source != "" {
		table = dayTables[t.source]
	}
	return need{table, t.id(), t.scan}
}

func (t term) id() string { return fmt.Sprintf("sum:%s by %v%s", t.column, t.by, t.where) }

// sumsPart has a sum for each group; a sum without groups has the one named "".
type sumsPart struct {
	sums map[string]int64
	// Of a column of money: what is over 0, up to the first sum that is over maxCents, and
	// the greatest amount.
	money    int64
	greatest amount
}

// amount is the money of a row.
type amount struct {
	cents int64
	file  string
	row   int64 // from 1
}

func (p *sumsPart) join(after []part) part {
	all := &sumsPart{sums: maps.Clone(p.sums), money: p.money, greatest: p.greatest}
	for _, a := range after {
		a := a.(*sumsPart)
		for group, n := range a.sums {
			all.sums[group] += n
		}
		if all.money <= maxCents {
			all.money += a.money
		}
		if a.greatest.cents > all.greatest.cents {
			all.greatest = a.greatest
		}
	}
	return all
}

func (p *sumsPart) size() int { return 128 + 96*len(p.sums) }

// scan adds the column up.
func (t term) scan(g *RowGroup, _ scope) (part, error) {
	sums := &sumsPart{sums: map[string]int64{}}
	var values []int64
	if t.column != "rows" {
		v, err := g.Column(t.column)
		if err != nil {
			return nil, err
		}
		values = v.Ints
		if g.schema.Fields[g.schema.Must(t.column)].Type == column.Decimal {
			sums.weigh(g, values)
		}
	}
	about, err := g.meant(t.where)
	if err != nil {
		return nil, err
	}
	group, err := g.groups(t.by)
	if err != nil {
		return nil, err
	}
	total, name := int64(0), ""
	for i := range g.Rows {
		if about != nil && !about(i) {
			continue
		}
		n := int64(1)
		if values != nil {
			n = values[i]
		}
		if group != nil {
			if next := group(i); next != name {
				sums.put(name, total)
				total, name = 0, next
			}
		}
		total += n
	}
	if sums.put(name, total); group == nil {
		sums.sums[""] = total
	}
	return sums, nil
}

// put adds to the sum of a group that has a name.
func (p *sumsPart) put(group string, n int64) {
	if group != "" {
		p.sums[group] += n
	}
}

func (p *sumsPart) weigh(g *RowGroup, values []int64) {
	for i, cents := range values {
		if cents > p.greatest.cents {
			p.greatest = amount{cents, g.File, g.First + int64(i) + 1}
		}
		if p.money <= maxCents {
			p.money += max(cents, 0)
		}
	}
}

// groups names the group of each row, nil without columns.
func (g *RowGroup) groups(by []string) (func(i int) string, error) {
	if len(by) == 0 {
		return nil, nil
	}
	columns := make([]*Values, len(by))
	for c, name := range by {
		var err error
		if columns[c], err = g.Column(name); err != nil {
			return nil, err
		}
	}
	return func(i int) string {
		var b []byte
		for _, v := range columns {
			b = appendKey(b, g.format(v, i))
		}
		return string(b)
	}, nil
}

// appendKey appends a value so that no two lists of values give the same bytes.
func appendKey(b []byte, value string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(value))), value...)
}

// keyValues takes a group's name apart.
func keyValues(key string) (values []string) {
	for b := []byte(key); len(b) > 0; {
		n, size := binary.Uvarint(b)
		values, b = append(values, string(b[size:size+int(n)])), b[size+int(n):]
	}
	return values
}
