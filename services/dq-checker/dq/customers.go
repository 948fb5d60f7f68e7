package dq

import (
	"context"
	"fmt"
	"strings"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// Customers is what the checker counted itself in the files of a slice of
// silver/customers.
type Customers struct {
	Rows       int64
	NoID       samples
	NoTime     samples
	Duplicates samples  // rows whose customer and time another row of the slice has
	Strays     samples  // rows of another day
	Unreadable []string // errors that name file and fault
	seen       map[customerVersion]struct{}
}

// customerVersion names a row of silver/customers.
type customerVersion struct {
	customer string
	updated  int64 // µs UTC
}

// AuditCustomers reads the files of a silver/customers manifest again from the store,
// with the errors of AuditFacts.
func AuditCustomers(ctx context.Context, o lake.Objects, m *lake.Manifest) (*Customers, error) {
	day, err := sales.ParseDay(m.Day)
	if err != nil {
		return nil, fmt.Errorf("day of manifest %s: %w", m.Key(), err)
	}
	c := &Customers{seen: make(map[customerVersion]struct{}, m.Rows)}
	for _, file := range m.Files {
		data, err := o.Get(ctx, file.Key)
		if err != nil {
			return nil, fmt.Errorf("audit %s: %w", m.Key(), err)
		}
		if err := c.addFile(data, file, day); err != nil {
			c.Unreadable = append(c.Unreadable, err.Error())
		}
	}
	c.seen = nil
	return c, nil
}

func (c *Customers) addFile(data []byte, file lake.File, day int32) error {
	t, err := ReadFile(data, file)
	if err != nil {
		return err
	}
	updated := make([]int64, t.rows)
	err = t.Ints("updated_ts", func(row, ts int64, null bool) {
		updated[row] = ts
		switch {
		case null:
			c.NoTime.add("%s row %d", file.Key, row+1)
		case sales.DayOf(ts) != day:
			c.Strays.add("%s row %d", file.Key, row+1)
		}
	})
	if err != nil {
		return err
	}
	c.Rows += t.rows
	return t.Strings("customer_id", func(row int64, id string) {
		v := customerVersion{id, updated[row]}
		if id == "" {
			c.NoID.add("%s row %d", file.Key, row+1)
		} else if _, seen := c.seen[v]; seen {
			c.Duplicates.add("%s row %d (customer %s)", file.Key, row+1, id)
		}
		c.seen[v] = struct{}{}
	})
}

// judgeCustomers gives the findings on the rows of a slice of silver/customers.
func judgeCustomers(e Evidence) []lake.Finding {
	c, m := e.Customers, e.Manifest
	var different []string
	if c.Rows != m.Rows {
		different = append(different, fmt.Sprintf("files against manifest: found %d rows, expected %d", c.Rows, m.Rows))
	}
	if c.Strays.n > 0 {
		different = append(different, fmt.Sprintf("%d rows are of another day, such as %s", c.Strays.n, strings.Join(c.Strays.names, ", ")))
	}
	return []lake.Finding{
		judgeNotNull(c.Rows, required{"customer_id", c.NoID}, required{"updated_ts", c.NoTime}),
		judgeUnique(c.Rows, c.Duplicates, "a customer and time"),
		finding(RuleReconcile, different, "files and manifest agree on %d rows", m.Rows),
	}
}
