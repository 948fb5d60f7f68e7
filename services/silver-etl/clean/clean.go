package clean

import (
	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/sales"
)

// Cleaner holds the catalogues that rows are spelled by. It is safe for
// concurrent use.
type Cleaner struct {
	categories *sales.Catalogue
	regions    *sales.Catalogue
}

// NewCleaner makes a cleaner of the known categories and regions.
func NewCleaner(categories, regions []string) *Cleaner {
	return &Cleaner{sales.NewCatalogue(categories), sales.NewCatalogue(regions)}
}

// Rejected is a row that silver does not take.
type Rejected struct {
	Row int32 // position in the bronze batch
	sales.Reject
}

// Result is what became of a bronze batch: each row is in Keep or in Rejects.
type Result struct {
	// Rows has the schema sales.Silver and as many rows as the bronze batch,
	// whose vectors it shares; it must not be changed. Rows that are not in
	// Keep mean nothing.
	Rows    *column.Batch
	Keep    []int32    // positions of the rows that pass, ascending
	Rejects []Rejected // the others, ascending
}

// Clean judges the rows of a batch of schema sales.Bronze.
func (c *Cleaner) Clean(bronze *column.Batch) Result {
	marks := judge(bronze)
	r := Result{Rows: c.rows(bronze)}
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
		r.Rejects = append(r.Rejects, Rejected{int32(row), rules[m-1].reject(bronze, row)})
	}
	return r
}

// rows gives the bronze columns that silver has, in silver's order.
func (c *Cleaner) rows(bronze *column.Batch) *column.Batch {
	out := &column.Batch{Schema: sales.Silver, Columns: make([]column.Column, len(sales.Silver.Fields))}
	for i, f := range sales.Silver.Fields {
		out.Columns[i] = *bronze.Column(f.Name)
	}
	respell(out.Column("category"), c.categories)
	respell(out.Column("region"), c.regions)
	return out
}

// respell puts a symbol column in the catalogue's spelling. The column gets
// vectors of its own.
func respell(c *column.Column, catalogue *sales.Catalogue) {
	dict, codes := column.NewDict(), make([]int32, c.Dict.Len())
	same := true
	for from := range codes {
		codes[from] = dict.Code([]byte(catalogue.Canonical(c.Dict.Value(int32(from)))))
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
