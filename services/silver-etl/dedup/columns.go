package dedup

import (
	"strings"

	"github.com/saleslake/saleslake/pkg/column"
)

// Columns names what is looked at of a table's rows.
type Columns struct {
	ID      string // text: what a row is a version of
	Time    string // of the version, the greatest wins
	Event   string // text: that made the version, the greatest wins among those of one time; "" when there is none
	Money   string // that is summed up; "" when there is none
	History bool   // the table has a row for each time, and so an "order" is an ID at one time
}

// Cents gives the money on each row of a batch: 0 when the table has none.
func (c *Columns) Cents(b *column.Batch) []int64 {
	if c.Money == "" {
		return make([]int64, b.Rows())
	}
	return b.Column(c.Money).I64
}

// compares tells whether two versions are compared by a column: not by what
// makes them versions of one order, which event they are, when that was emitted
// and where it came from. What is left are the business fields.
func (c *Columns) compares(name string) bool {
	return name != c.ID && name != c.Time && name != c.Event && !strings.HasPrefix(name, "_")
}
