package clean

import (
	"strings"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/rules"
	"github.com/saleslake/saleslake/pkg/sales"
)

// Cleaner knows the rules and the spelling of one table. It is safe for
// concurrent use.
type Cleaner struct {
	silver   *column.Schema
	rules    []rule                         // on bronze rows
	declared []rule                         // on rows of silver
	spelling map[string]func(string) string // of columns that are not taken as they are
}

// ForSales makes a cleaner of the known categories and regions, and of the declared rules of severity
// quarantine, which come after the contract's.
func ForSales(categories, regions []string, quarantining []*rules.Rule) *Cleaner {
	return &Cleaner{sales.Silver, salesRules, declared(quarantining), map[string]func(string) string{
		"category": sales.NewCatalogue(categories).Canonical, "region": sales.NewCatalogue(regions).Canonical}}
}

// ForCustomers makes a cleaner of updates of customers: white space around text
// does not count.
func ForCustomers() *Cleaner {
	c := &Cleaner{silver: sales.SilverCustomers, rules: customerRules, spelling: map[string]func(string) string{}}
	for _, name := range []string{"name", "email", "segment", "city", "country"} {
		c.spelling[name] = strings.TrimSpace
	}
	return c
}

// Rejected is a row that silver does not take.
type Rejected struct {
	Row int32 // position in the bronze batch
	sales.Reject
}

// Result is what became of a bronze batch: each row is in Keep or in Rejects.
type Result struct {
	// Rows has the schema of the silver table and as many rows as the bronze batch,
	// whose vectors it shares; it must not be changed. Rows that are not in
	// Keep mean nothing.
	Rows    *column.Batch
	Keep    []int32    // positions of the rows that pass, ascending
	Rejects []Rejected // the others, ascending
}

// Clean judges the rows of a batch of the dataset's bronze schema.
func (c *Cleaner) Clean(bronze *column.Batch) Result {
	r := Result{Rows: c.rows(bronze)}
	marks := make([]uint16, bronze.Rows())
	judge(bronze, c.rules, 0, marks)
	judge(r.Rows, c.declared, len(c.rules), marks)
	rejects := 0
	for _, m := range marks {
		if m != passed {
			rejects++
		}
	}
	r.Keep = make([]int32, 0, len(marks)-rejects)
	r.Rejects = make([]Rejected, 0, rejects)
	for row, m := range marks {
		if m == passed {
			r.Keep = append(r.Keep, int32(row))
			continue
		}
		var reject sales.Reject
		if of := int(m) - 1; of < len(c.rules) {
			reject = c.rules[of].reject(bronze, row)
		} else {
			reject = c.declared[of-len(c.rules)].reject(r.Rows, row)
		}
		r.Rejects = append(r.Rejects, Rejected{int32(row), reject})
	}
	return r
}

// rows gives the bronze columns that silver has, in silver's order.
func (c *Cleaner) rows(bronze *column.Batch) *column.Batch {
	out := &column.Batch{Schema: c.silver, Columns: make([]column.Column, len(c.silver.Fields))}
	for i, f := range c.silver.Fields {
		out.Columns[i] = *bronze.Column(f.Name)
		switch spell := c.spelling[f.Name]; {
		case spell == nil:
		case f.Type == column.Symbol:
			respellSymbols(&out.Columns[i], spell)
		default:
			respellText(&out.Columns[i], spell)
		}
	}
	return out
}

// respellText puts a text column in its spelling. The column gets vectors of its
// own.
func respellText(c *column.Column, spell func(string) string) {
	text := column.Text{Data: make([]byte, 0, len(c.Text.Data)), Ends: make([]uint32, 0, len(c.Text.Ends))}
	for row := range c.Text.Len() {
		text.Append([]byte(spell(c.String(row))))
	}
	c.Text = text
}

// respellSymbols puts a symbol column in its spelling. The column gets vectors of its
// own.
func respellSymbols(c *column.Column, spell func(string) string) {
	dict, codes := column.NewDict(), make([]int32, c.Dict.Len())
	same := true
	for from := range codes {
		codes[from] = dict.CodeString(spell(c.Dict.Value(int32(from))))
		same = same && codes[from] == int32(from)
	}
	c.Dict = dict
	if same {
		return
	}
	respelled := make([]int32, len(c.I32))
	for i, from := range c.I32 {
		respelled[i] = codes[from]
	}
	c.I32 = respelled
}
